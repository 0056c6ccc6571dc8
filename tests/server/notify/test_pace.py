"""Pauses grow to a bound, and chance has its half of those between attempts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastseen.server.notify.pace import LONGEST_REST, LONGEST_RETRY, rest_after, retry_after

REPEATABLE = settings(deadline=None, derandomize=True, database=None)

chances = st.floats(0, 1)


def test_each_failure_doubles_the_pause_until_an_hour():
    waits = [retry_after(5.0, attempts, chance=1.0) for attempts in range(1, 16)]
    assert waits[:4] == [5.0, 10.0, 20.0, 40.0]
    assert waits[9:] == [2560.0, *[LONGEST_RETRY] * 5]


def test_sixteen_attempts_take_some_hours():
    assert 3600 * 2 < sum(retry_after(5.0, attempts, 0.5) for attempts in range(1, 16)) < 3600 * 9


def test_a_channel_that_fails_rests_longer_each_time_until_half_a_minute():
    rests = [rest_after(failures) for failures in range(1, 9)]
    assert rests == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_REST, LONGEST_REST]


@REPEATABLE
@given(st.floats(0.05, 3600), st.integers(1, 10_000), chances)
def test_chance_takes_up_to_half_of_a_pause_and_adds_nothing(first, attempts, chance):
    most = retry_after(first, attempts, chance=1.0)
    assert most / 2 <= retry_after(first, attempts, chance) <= most <= LONGEST_RETRY


@REPEATABLE
@given(st.integers(1, 10_000))
def test_however_often_it_failed_the_rest_is_bounded(failures):
    assert 0 < rest_after(failures) <= rest_after(failures + 1) <= LONGEST_REST


def test_a_first_pause_that_is_longer_than_an_hour_is_an_hour():
    assert retry_after(3600.0, 1, chance=1.0) == pytest.approx(LONGEST_RETRY)
