"""Delays are measured as each run of the server measures them."""

from tests.simulation.delays import Delays
from tests.simulation.witness import Run


def runs(*skews: float) -> Delays:
    """Each lasts 100 s, and the next begins 10 s later."""
    began = [110.0 * number for number in range(len(skews))]
    return Delays(
        [
            Run(n, str(n), at, at, skew, ended_at=at + 100.0 if n + 1 < len(skews) else None)
            for n, (at, skew) in enumerate(zip(began, skews, strict=True))
        ]
    )


def test_only_time_in_which_a_run_was_up_counts():
    delays = runs(0.0, 3600.0, 0.0)
    assert delays.up(10.0, 40.0) == 30.0
    assert delays.up(90.0, 130.0) == 30.0
    assert delays.up(102.0, 108.0) == 0.0
    assert delays.up(90.0, 230.0) == 120.0


def test_the_longest_time_is_of_one_run():
    assert runs(0.0, 0.0).longest_up(90.0, 130.0, []) == 20.0
    assert runs(0.0, 0.0).longest_up(102.0, 108.0, []) == 0.0


def test_a_run_that_was_killed_while_its_store_had_troubles_counts_until_these_began():
    killed = Run(0, "0", 0.0, 0.0, 0.0, ended_at=100.0, clean=False)
    assert Delays([killed]).longest_up(10.0, 130.0, []) == 90.0
    assert Delays([killed]).longest_up(10.0, 130.0, [5.0, 30.0]) == 20.0


def test_what_a_clock_shows_is_as_wrong_as_it_was_when_the_run_began():
    assert runs(-3600.0).until(40.0 - 3600.0, 10.0) == 30.0
    assert runs(0.0, 60.0).until(115.0 + 60.0, 111.0) == 4.0


def test_a_restart_between_two_moments_is_known():
    assert not runs(0.0, 0.0).restarted(10.0, 105.0)
    assert runs(0.0, 0.0).restarted(105.0, 110.0)


def test_only_runs_since_a_moment_make_the_clock_one_that_was_set_back():
    assert runs(60.0, 0.0).set_back_since(50.0)
    assert not runs(60.0, 0.0).set_back_since(150.0)
    assert not runs(-60.0, 0.0).set_back_since(50.0)
