"""What the server makes of connections that end after the same silence. Pure."""

from datetime import UTC, datetime

import pytest

from lastseen.server.links.idle_cuts import COMES_BACK_WITHIN, MOST_AWAITED, IdleCuts
from lastseen.server.presence.model import Moment
from lastseen.shared.messages import IdleCut

INTERVAL = 60.0
WALL = 1_772_625_600.0
PROXY = "192.0.2.1:40000"
WEB = ("web-01", "i1")


@pytest.fixture
def cuts() -> IdleCuts:
    return IdleCuts()


def cut(
    cuts: IdleCuts,
    at: float,
    silence: float = 50.0,
    *,
    client: tuple[str, str] = WEB,
    back_as: tuple[str, str] | None = None,
    back_after: float = 0.3,
) -> IdleCut | None:
    """A connection ends; what it shows when its process is back."""
    cuts.ended(client, PROXY, silence, INTERVAL, Moment(at, WALL + at))
    return cuts.returned(back_as or client, Moment(at + back_after, WALL + at + back_after))


def test_three_ends_after_the_same_silence_are_reported_once(cuts: IdleCuts):
    assert cut(cuts, 50, 50.01) is None
    assert cut(cuts, 100) is None
    found = cut(cuts, 150, 50.02)
    assert found == IdleCut(50.0, 3, datetime.fromtimestamp(WALL + 150, UTC), PROXY, "web-01")
    assert cuts.found(INTERVAL) == found
    for number in range(4, 1000):
        assert cut(cuts, 50.0 * number) is None
    latest = cuts.found(INTERVAL)
    assert latest is not None
    assert (latest.ends, latest.last_at.timestamp()) == (999, WALL + 49_950)


def test_what_is_cut_later_than_the_heartbeat_is_not_shown(cuts: IdleCuts):
    for number in range(3):
        cut(cuts, 50.0 * number)
    assert cuts.found(60.0) is not None
    assert cuts.found(45.0) is None


def test_another_timer_is_reported_too(cuts: IdleCuts):
    for number in range(3):
        cut(cuts, 50.0 * number)
    found = [cut(cuts, 1000 + 20.0 * number, 20.0) for number in range(10)]
    assert [f.after for f in found if f is not None] == [20.0]


def test_a_process_that_ends_with_its_connection_shows_nothing(cuts: IdleCuts):
    for number in range(20):
        assert cut(cuts, 50.0 * number, back_as=("web-01", f"i{number + 2}")) is None
        assert cut(cuts, 50.0 * number, back_after=COMES_BACK_WITHIN + 1) is None
    assert cuts.found(INTERVAL) is None


def test_ends_at_random_show_nothing(cuts: IdleCuts):
    for number, silence in enumerate([3.0, 41.0, 22.0, 57.0, 12.0, 33.0, 8.0, 48.0, 17.0, 27.0]):
        assert cut(cuts, 60.0 * number, silence) is None


@pytest.mark.parametrize("silence", [0.5, 60.0, 75.0, 119.0])
def test_silences_that_are_too_short_or_longer_than_a_heartbeat_show_nothing(
    cuts: IdleCuts, silence: float
):
    for number in range(10):
        assert cut(cuts, 120.0 * number, silence) is None


def test_a_crowd_that_is_cut_off_together_counts_once(cuts: IdleCuts):
    crowd = [(f"web-{number}", "i") for number in range(500)]
    for again in range(2):
        for number, client in enumerate(crowd):
            assert cut(cuts, 100.0 * again + number / 1000, 30.0, client=client) is None
    assert cut(cuts, 200.0, 30.0) is not None


def test_clients_that_never_return_take_a_bounded_room(cuts: IdleCuts):
    for number in range(MOST_AWAITED + 1):
        cuts.ended((f"c{number}", ""), PROXY, 50.0, INTERVAL, Moment(0.0, WALL))
    assert len(cuts._awaited) == MOST_AWAITED
    later = Moment(COMES_BACK_WITHIN + 1, WALL)
    cuts.ended(WEB, PROXY, 50.0, INTERVAL, later)
    assert list(cuts._awaited) == [WEB]
