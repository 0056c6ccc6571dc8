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


def test_within_a_run_a_wrong_clock_changes_nothing():
    delays = runs(-3600.0)
    assert delays.lasted(10.0, 40.0) == 30.0
    assert delays.was_up(30.0, 10.0, 40.0)
    assert not delays.was_up(30.5, 10.0, 40.0)


def test_across_a_restart_with_the_clock_as_it_was_all_time_counts():
    assert runs(0.0, 0.0).was_up(30.0, 90.0, 120.0)
    assert not runs(0.0, 0.0).was_up(30.5, 90.0, 120.0)


def test_set_forward_a_delay_is_shorter():
    assert runs(0.0, 60.0).lasted(90.0, 115.0) == 85.0
    assert runs(0.0, 60.0).was_up(80.0, 90.0, 115.0)


def test_set_back_a_delay_is_longer_but_counts_from_the_restart_at_the_latest():
    delays = runs(0.0, -60.0)
    assert delays.lasted(90.0, 130.0) == -20.0
    assert delays.was_up(20.0, 90.0, 130.0)
    assert not delays.was_up(20.5, 90.0, 130.0)


def test_a_delay_that_was_up_in_an_earlier_run_was_up():
    assert runs(0.0, 60.0, 0.0).was_up(80.0, 90.0, 225.0)


def test_only_runs_since_a_moment_make_the_clock_one_that_was_set_back():
    assert runs(60.0, 0.0).set_back_since(50.0)
    assert not runs(60.0, 0.0).set_back_since(150.0)
    assert not runs(-60.0, 0.0).set_back_since(50.0)
    assert runs(0.0, 60.0, -30.0).set_back() == 90.0
