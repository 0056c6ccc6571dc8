"""Ages and durations in words: rounded down, and never older than the truth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.shared.durations import ago, in_words, precisely

DAY = 86_400
LENGTHS = {"day": DAY, "hour": 3600, "minute": 60, "second": 1}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (-5, "0 seconds"),
        (0.4, "0 seconds"),
        (1, "1 second"),
        (59.6, "59 seconds"),
        (125, "2 minutes 5 seconds"),
        (3600, "1 hour"),
        (3605, "1 hour"),
        (7_500, "2 hours 5 minutes"),
        (400 * DAY + 3 * 3600 + 59, "400 days 3 hours"),
    ],
)
def test_a_duration_is_told_by_its_two_largest_units(seconds: float, words: str):
    assert precisely(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-60, "now"),
        (0.9, "now"),
        (1, "1 second ago"),
        (59.9, "59 seconds ago"),
        (60, "1 minute ago"),
        (2 * 3600 - 1, "1 hour ago"),
        (6.99 * DAY, "6 days ago"),
        (11 * DAY, "11 days ago"),
        (355 * DAY, "355 days ago"),
        (800 * DAY, "800 days ago"),
    ],
)
def test_an_age_is_told_by_its_largest_unit_and_never_older_than_it_is(seconds: float, words: str):
    assert ago(seconds) == words


@given(st.floats(0, 1e9), st.sampled_from([in_words, precisely]))
def test_no_duration_is_told_longer_than_it_was(seconds, tell):
    words = tell(seconds).split()
    pairs = zip(words[::2], words[1::2], strict=True)
    told = sum(int(count) * LENGTHS[unit.rstrip("s")] for count, unit in pairs)
    assert told <= seconds
    assert seconds - told < 60 * LENGTHS[words[1].rstrip("s")]
