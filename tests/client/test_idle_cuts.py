"""When a client pings more often than it is asked to. Pure: silences in, an interval out."""

from math import inf

import pytest

from lastseen.client.idle_cuts import ENOUGH, IdleCuts


@pytest.fixture
def cuts() -> IdleCuts:
    """Those of a client that has come in for the first time."""
    cuts = IdleCuts()
    assert cuts.opened("e1") is None
    return cuts


def lives(cuts: IdleCuts, *silences: float | None, run: str = "e1") -> list[float | None]:
    """What each end shows, once the client is back."""
    found = []
    for silence in silences:
        cuts.ended(silence)
        found.append(cuts.opened(run))
    return found


def test_after_three_ends_in_a_row_that_agree_it_pings_before_the_next(cuts: IdleCuts):
    assert ENOUGH == 3
    assert lives(cuts, 50.0, 50.1, 50.2) == [None, None, 50.0]
    assert cuts.longest == 37.5


def test_ends_at_random_change_nothing(cuts: IdleCuts):
    assert lives(cuts, 3.0, 41.0, 22.0, 41.1, 7.0, 3.1) == [None] * 6
    assert cuts.longest == inf


def test_older_ends_do_not_count(cuts: IdleCuts):
    assert lives(cuts, 50.0, 50.0, 20.0, 50.0, 20.0) == [None] * 5


def test_an_end_with_the_server_s_own_does_not_count(cuts: IdleCuts):
    for run in ("e2", "e3", "e4", "e5"):
        assert lives(cuts, 50.0, run=run) == [None]
    assert cuts.longest == inf


def test_goodbyes_and_one_s_own_ends_do_not_count(cuts: IdleCuts):
    assert lives(cuts, None, None, None, None) == [None] * 4
    assert lives(cuts, 50.0, None, 50.0, None, 50.0) == [None, None, None, None, 50.0]


def test_a_shorter_cut_that_comes_later_lowers_it_again_and_a_longer_one_does_not(cuts: IdleCuts):
    lives(cuts, 50.0, 50.0, 50.0)
    assert lives(cuts, 30.0, 30.0, 30.0) == [None, None, 30.0]
    assert cuts.longest == 22.5
    lives(cuts, 60.0, 60.0, 60.0)
    assert cuts.longest == 22.5
