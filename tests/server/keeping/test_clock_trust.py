"""Old rows are deleted by a clock that is believed: one that ran, and did not jump."""

from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.keeping.clock_trust import CONFIRMED_AFTER, DAY, LONGEST_GAP, untrusted_for
from lastseen.server.store.model import Run

T = 1_800_000_000.0


def run(begin: float, end: float, awake: float) -> Run:
    return Run("e", T + begin, T + end, clean=True, awake=awake)


def test_without_a_jump_the_clock_is_believed():
    assert untrusted_for([], T) == 0
    runs = [run(0, DAY, DAY), run(DAY + 60, 9 * DAY, 9 * DAY - 60)]
    assert untrusted_for(runs, T + 9 * DAY + 10) == 0


def test_a_start_with_the_clock_100_days_ahead_waits_for_a_day_awake():
    runs = [run(0, DAY, DAY), run(101 * DAY, 101 * DAY + 600, DAY + 600)]
    assert untrusted_for(runs, T + 101 * DAY + 610) == CONFIRMED_AFTER - 600


def test_several_short_runs_under_a_wrong_clock_do_not_confirm_it():
    runs = [run(0, DAY, DAY)]
    runs += [
        run(101 * DAY + 100 * n, 101 * DAY + 100 * n + 60, DAY + 60 * (n + 1)) for n in range(9)
    ]
    assert untrusted_for(runs, T + 101 * DAY + 960) == CONFIRMED_AFTER - 9 * 60


def test_a_day_awake_confirms_the_clock():
    runs = [run(0, DAY, DAY), run(101 * DAY, 102 * DAY, 2 * DAY)]
    assert untrusted_for(runs, T + 102 * DAY) == 0


def test_a_clock_that_is_set_while_the_server_runs_waits_too():
    assert untrusted_for([run(0, 100 * DAY, 3600)], T + 100 * DAY) == CONFIRMED_AFTER - 3600
    assert untrusted_for([run(0, 3600, 3600)], T + 100 * DAY) == CONFIRMED_AFTER


def test_runs_of_a_version_that_did_not_count_awake_time_are_no_jump():
    assert untrusted_for([run(0, 50 * DAY, 0)], T + 50 * DAY) == 0


@given(st.lists(st.tuples(st.floats(0, LONGEST_GAP - 1), st.floats(1, 9 * DAY)), max_size=9))
def test_gaps_that_a_night_explains_never_wait(stretches: list[tuple[float, float]]):
    runs, wall, awake = [], 0.0, 0.0
    for gap, length in stretches:
        begin = wall + gap
        wall, awake = begin + length, awake + length
        runs.append(run(begin, wall, awake))
    assert untrusted_for(runs, T + wall) == 0
