"""Every open link: let in, held to its deadline, told of settings, and seen off in the end."""

from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from lastseen.server.links import reception
from lastseen.server.links.connection import Connection
from lastseen.server.links.conversation import RETRY_WHEN_FULL
from lastseen.server.links.delayed_refusals import DELAY
from lastseen.server.links.doorkeeper import HELLO_DEADLINE, LEAVE_DEADLINE
from lastseen.server.links.reception import (
    COME_BACK_PER_SECOND,
    COMES_BACK_AFTER,
    COMES_BACK_WITHIN,
    ROUND,
    SERVED_AT_ONCE,
    in_portions,
)
from lastseen.server.presence.takeovers import AT_ONCE
from lastseen.shared.messages import (
    GetSettings,
    Goodbye,
    Leave,
    List,
    Ping,
    Pong,
    Register,
    Registered,
    SetAvailability,
    Watch,
)
from lastseen.shared.wire import PING_FRAME, to_frame

House = Any
Peer = Any
Build = Callable[..., House]

IDLE = Goodbye("idle", reconnect=True)
CRASHED = Goodbye("internal_error", reconnect=True)


# --- too many from one address -------------------------------------------------------------------


def test_one_too_many_from_an_address_is_refused_and_told_when_to_try_again(build: Build):
    house = build(max_connections_per_address=2)
    first, second = (house.connect(("192.0.2.7", port)) for port in (1, 2))
    third = house.connect(("192.0.2.7", 3))
    third.say(Ping())
    house.settle()
    error, goodbye = third.read()
    assert error.code == goodbye.reason == "too_many_connections"
    assert "2 connections" in error.message
    assert "server.max_connections_per_address" in error.message
    assert error.retry_after == goodbye.retry_after
    assert RETRY_WHEN_FULL <= goodbye.retry_after <= 2 * RETRY_WHEN_FULL
    assert goodbye.reconnect
    assert third.ended
    assert house.presence.counts.refused == 1
    for peer in (first, second, house.connect(("192.0.2.8", 1))):
        assert house.ask(peer, Ping()) == [Pong()]


def test_when_one_goes_another_from_its_address_may_come(build: Build):
    house = build(max_connections_per_address=1)
    first = house.connect(("192.0.2.7", 1))
    refused = house.connect(("192.0.2.7", 2))
    first.hang_up()
    refused.hang_up()
    house.settle()
    assert house.ask(house.connect(("192.0.2.7", 3)), Ping()) == [Pong()]


def test_by_default_any_number_may_come_from_one_address(house: House):
    peers = [house.connect(("192.0.2.7", port)) for port in range(200)]
    assert house.ask(peers[-1], Ping()) == [Pong()]


# --- deadlines -----------------------------------------------------------------------------------


async def test_a_stranger_that_says_nothing_is_closed_after_ten_seconds(
    living_house: House, mock_clock: MockClock
):
    peer = living_house.connect()
    await living_house.pass_time(mock_clock, HELLO_DEADLINE - 0.25)
    assert peer.read() == []
    await living_house.pass_time(mock_clock, ROUND + 0.25)
    assert peer.read() == [IDLE]
    assert peer.ended


@pytest.mark.parametrize("data", [to_frame(Register("web-01" * 20)), (4096).to_bytes(4, "big")])
async def test_a_stranger_that_only_trickles_bytes_is_closed_as_well(
    living_house: House, mock_clock: MockClock, data: bytes
):
    peer, other = living_house.connect(), living_house.register("web-01")
    for byte in data[:40] + bytes(40):
        if peer.goodbye is not None:
            break
        peer.say_bytes(bytes([byte]))
        await living_house.pass_time(mock_clock, 0.5)
    assert peer.heard == [IDLE]
    assert living_house.ask(other, Ping())[-1] == Pong()


async def test_a_peer_that_fights_for_an_id_waits_for_its_refusal(
    living_house: House, mock_clock: MockClock
):
    for n in range(1 + AT_ONCE):
        holder = living_house.register("web-01", instance=f"i{n}")
    await living_house.pass_time(mock_clock, ROUND / 2)  # not in step with the rounds
    challengers = [living_house.connect() for _ in range(3)]
    for n, peer in enumerate(challengers):
        assert living_house.ask(peer, Register("web-01", instance="j", request_id=n)) == []
    challengers.pop().hang_up()
    await living_house.pass_time(mock_clock, DELAY - 0.25)
    assert [peer.read() for peer in challengers] == [[], []]
    await living_house.pass_time(mock_clock, ROUND + 0.25)
    for n, peer in enumerate(challengers):
        error, goodbye = peer.read()
        assert (error.code, error.request_id) == ("id_contested", n)
        assert 58 < error.retry_after <= 60
        assert goodbye == Goodbye("id_contested", reconnect=True, retry_after=error.retry_after)
    assert living_house.ask(holder, Ping())[-1] == Pong()
    assert len(living_house.desk.delayed) == 0


async def test_a_peer_that_waits_for_its_refusal_may_register_once_the_holder_has_left(
    living_house: House, mock_clock: MockClock
):
    for n in range(1 + AT_ONCE):
        holder = living_house.register("web-01", instance=f"i{n}")
    peer = living_house.connect()
    living_house.ask(peer, Register("web-01", instance="j"))
    living_house.ask(holder, Leave())
    [registered] = living_house.ask(peer, Register("web-01", instance="j"))
    assert isinstance(registered, Registered)
    await living_house.pass_time(mock_clock, 2 * ROUND + DELAY)
    assert peer.goodbye is None


async def test_an_observer_may_be_silent_as_long_as_a_client(
    living_house: House, mock_clock: MockClock
):
    peer = living_house.connect()
    living_house.ask(peer, GetSettings())
    await living_house.pass_time(mock_clock, 119, step=1)
    living_house.ask(peer, List())
    await living_house.pass_time(mock_clock, 119.5, step=1)
    assert peer.goodbye is None
    await living_house.pass_time(mock_clock, ROUND + 0.5)
    assert peer.read() == [IDLE]


async def test_an_observer_that_trickles_bytes_is_silent(
    living_house: House, mock_clock: MockClock
):
    peer = living_house.connect()
    living_house.ask(peer, GetSettings())
    peer.say_bytes((4096).to_bytes(4, "big"))
    for _ in range(13):
        await living_house.pass_time(mock_clock, 10, step=1)
        if peer.goodbye is None:
            peer.say_bytes(b"x")
    assert peer.goodbye == IDLE


async def test_a_watcher_holds_still_by_nature_even_if_it_once_said_more(
    living_house: House, mock_clock: MockClock
):
    peer = living_house.connect()
    living_house.ask(peer, Watch(), Ping())
    await living_house.pass_time(mock_clock, 300, step=1)
    assert living_house.ask(peer, Ping()) == [Pong()]


async def test_the_idle_timeout_follows_the_settings(
    build_living: Callable[..., House], mock_clock: MockClock
):
    house = build_living(heartbeat_interval=10, connection_timeout=20)
    peer = house.connect()
    house.ask(peer, GetSettings())
    await house.pass_time(mock_clock, 20 + ROUND, step=1)
    assert peer.goodbye == IDLE


async def test_one_whose_words_lie_unread_is_no_stranger(
    living_house: House, mock_clock: MockClock
):
    peer = living_house.connect()
    await living_house.pass_time(mock_clock, HELLO_DEADLINE - 0.5)
    peer.say(GetSettings())
    mock_clock.jump(1.0)  # and the pump has had no turn yet
    await trio.testing.wait_all_tasks_blocked()
    living_house.settle()
    assert [type(message).__name__ for message in peer.read()] == ["Settings"]


async def test_a_dismissed_peer_that_does_not_leave_is_closed_after_two_seconds(
    living_house: House, mock_clock: MockClock
):
    peer = living_house.connect()
    peer.say_bytes(b"GET / HTTP/1.1\r\n\r\n")
    await living_house.rest()
    assert peer.goodbye is not None
    await living_house.pass_time(mock_clock, LEAVE_DEADLINE - 0.25)
    assert len(living_house.pump) == 1
    await living_house.pass_time(mock_clock, ROUND + 0.25)
    assert len(living_house.pump) == 0


async def test_a_slow_peer_that_never_reads_its_goodbye_is_closed_and_its_client_is_given_up_on(
    living_house: House, mock_clock: MockClock
):
    deaf = living_house.register("deaf")
    for _ in range(100):
        if living_house.status("deaf") != "online":
            break
        deaf.say_bytes(PING_FRAME * 1000)
        living_house.settle()
    assert living_house.status("deaf") == "late"
    await living_house.pass_time(mock_clock, LEAVE_DEADLINE + ROUND)
    assert len(living_house.pump) == 0
    await living_house.pass_time(mock_clock, 15)
    assert (living_house.status("deaf"), living_house.reason("deaf")) == ("offline", "closed")


async def test_a_client_whose_handling_raised_is_late_and_then_offline_if_it_stays_away(
    living_house: House,
    mock_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    def fail(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    unlucky, other = living_house.register("unlucky"), living_house.register("web-01")
    monkeypatch.setattr(living_house.presence, "set_availability", fail)
    answers = living_house.ask(unlucky, SetAvailability("busy"))
    assert answers == [Goodbye("internal_error", reconnect=True)]
    assert "a fault of ours" in capsys.readouterr().err
    assert (living_house.status("unlucky"), living_house.reason("unlucky")) == ("late", "closed")
    assert living_house.ask(other, Ping())[-1] == Pong()
    await living_house.pass_time(mock_clock, 15.25)
    assert living_house.status("unlucky") == "offline"
    assert living_house.status("web-01") == "online"


# --- seeing everyone off -------------------------------------------------------------------------


async def test_everyone_is_told_when_to_come_back_spread_out(
    living_house: House, mock_clock: MockClock, nursery: trio.Nursery
):
    peers = [living_house.register(f"web-{number}") for number in range(300)]
    for peer in peers:
        peer.read()
    nursery.start_soon(living_house.reception.see_everyone_off)
    await living_house.rest()
    goodbyes = [peer.read()[-1] for peer in peers]
    assert {(g.reason, g.reconnect) for g in goodbyes} == {("shutdown", True)}
    waits = sorted(g.retry_after for g in goodbyes)
    spread = 300 / COME_BACK_PER_SECOND
    assert waits[0] >= COMES_BACK_AFTER
    assert waits[-1] <= COMES_BACK_AFTER + spread
    assert waits[-1] - waits[0] > spread / 2  # as good as certain of 300 random numbers
    assert len(set(waits)) > 100
    await living_house.pass_time(mock_clock, 0.1)


async def test_however_many_there_are_the_last_is_asked_back_within_a_minute(
    living_house: House, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
):
    assert COMES_BACK_WITHIN == 60
    monkeypatch.setattr(reception, "COME_BACK_PER_SECOND", 1)
    peers = [living_house.connect() for number in range(200)]
    nursery.start_soon(living_house.reception.see_everyone_off)
    await living_house.rest()
    waits = [peer.read()[-1].retry_after for peer in peers]
    assert COMES_BACK_WITHIN / 2 < max(waits) <= COMES_BACK_AFTER + COMES_BACK_WITHIN


async def test_seeing_off_ends_when_all_have_left(living_house: House, mock_clock: MockClock):
    peers = [living_house.register(f"web-{number}") for number in range(3)]
    done = trio.Event()

    async def see_off() -> None:
        await living_house.reception.see_everyone_off()
        done.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(see_off)
        await living_house.pass_time(mock_clock, 0.5)
        assert not done.is_set()
        for peer in peers:
            peer.hang_up()
        await living_house.pass_time(mock_clock, 0.5)
        assert done.is_set()


async def test_a_shutdown_is_no_end_of_anybodys_presence(
    living_house: House, mock_clock: MockClock, nursery: trio.Nursery
):
    peer = living_house.register("web-01")
    transitions = dict(living_house.presence.transitions)
    nursery.start_soon(living_house.reception.see_everyone_off)
    await living_house.rest()
    peer.hang_up()
    await living_house.pass_time(mock_clock, 1)
    assert dict(living_house.presence.transitions) == transitions


def test_closing_all_leaves_nobody(house: House):
    peers = [house.register(f"web-{number}") for number in range(3)]
    house.reception.close_all()
    assert len(house.pump) == 0
    for peer in peers:
        peer.read()
        assert peer.ended


class Unharmed:
    """One that never crashes."""

    def crashed(self) -> None:
        raise AssertionError("nothing has raised")


async def test_many_are_served_in_portions_so_that_others_get_their_turn():
    links = [Unharmed() for _ in range(1000)]
    served: list[Unharmed] = []
    sizes: list[int] = []

    async def somebody_else() -> None:
        while len(served) < 1000:
            sizes.append(len(served))
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(somebody_else)
        await in_portions(links, served.append)
    assert served == links
    assert len(sizes) >= 1000 // SERVED_AT_ONCE // 2  # trio shuffles who goes first in a round


# --- one link's fault ----------------------------------------------------------------------------


def fail(*_: object) -> None:
    raise RuntimeError("a fault of ours")


def crash_in(monkeypatch: pytest.MonkeyPatch, method: str, house: House, unlucky: Peer) -> None:
    """Have a method of the connection of one peer raise, and work for all others."""
    works = getattr(Connection, method)
    address = f"192.0.2.7:{40_001 + house.peers.index(unlucky)}"

    def crash_if_unlucky(connection: Connection, *args: Any) -> Any:
        return fail() if connection.address == address else works(connection, *args)

    monkeypatch.setattr(Connection, method, crash_if_unlucky)


@pytest.mark.parametrize("method", ["has_unread", "dismiss"])
async def test_a_stranger_whose_dismissal_raises_ends_alone(
    living_house: House,
    mock_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    method: str,
):
    before, unlucky, after = (living_house.connect() for _ in range(3))
    crash_in(monkeypatch, method, living_house, unlucky)
    await living_house.pass_time(mock_clock, HELLO_DEADLINE + ROUND)
    assert before.read() == after.read() == [IDLE]
    assert "a fault of ours" in capsys.readouterr().err
    unlucky.read()
    assert unlucky.ended


async def test_one_that_cannot_be_closed_keeps_nobody_else_open(
    living_house: House,
    mock_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    _, unlucky, _ = (living_house.connect() for _ in range(3))
    crash_in(monkeypatch, "close", living_house, unlucky)
    await living_house.pass_time(mock_clock, HELLO_DEADLINE + LEAVE_DEADLINE + 2 * ROUND)
    assert len(living_house.pump) == 1
    assert "a fault of ours" in capsys.readouterr().err
    late = living_house.connect()
    assert living_house.ask(late, Ping()) == [Pong()]
    monkeypatch.undo()


async def test_one_that_cannot_be_told_the_settings_ends_alone(
    living_house: House,
    mock_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    before, unlucky, after = (living_house.register(name) for name in "abc")
    crash_in(monkeypatch, "send", living_house, unlucky)
    living_house.steering.change({"server.heartbeat_interval": 20.0})
    await living_house.pass_time(mock_clock, 0.5)
    for peer in (before, after):
        assert peer.read()[-1].heartbeat_interval == 20.0
    assert unlucky.read()[-1] == CRASHED
    assert living_house.status("b") == "late"
    assert "a fault of ours" in capsys.readouterr().err


async def test_one_that_cannot_be_seen_off_keeps_nobody_else_waiting(
    living_house: House,
    nursery: trio.Nursery,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    before, unlucky, after = (living_house.register(name) for name in "abc")
    crash_in(monkeypatch, "dismiss", living_house, unlucky)
    nursery.start_soon(living_house.reception.see_everyone_off)
    await living_house.rest()
    for peer in (before, after):
        assert peer.read()[-1].reason == "shutdown"
    unlucky.read()
    assert unlucky.ended
    assert "a fault of ours" in capsys.readouterr().err


def test_closing_all_closes_those_behind_one_that_raises(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    _, unlucky, _ = (house.connect() for _ in range(3))
    crash_in(monkeypatch, "close", house, unlucky)
    house.reception.close_all()
    assert len(house.pump) == 1
    assert "a fault of ours" in capsys.readouterr().err
    monkeypatch.undo()
