# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
"""The reaper's passes: how late they may find somebody, whom they spare, and how they share."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import trio
import trio.testing

from lastseen.server.presence.linkless import Beat
from lastseen.server.presence.model import Registration, Session, State
from lastseen.server.presence.presence import Presence
from lastseen.server.presence.reaper import REAPED_AT_ONCE, SETTLED, reap, reap_once
from lastseen.shared.messages import Goodbye, List, Register

TIMEOUT, INTERVAL = 120.0, 10.0

Start = Callable[..., Presence]
Clock = trio.testing.MockClock


class Announced:
    """Remembers when each client went offline."""

    def __init__(self, presence: Presence) -> None:
        self.at: dict[str, float] = {}
        give_up = presence.give_up

        def noting(session: Session, now: Any) -> None:
            give_up(session, now)
            self.at[session.client.client_id] = trio.current_time()

        presence.give_up = noting  # type: ignore[method-assign]  # every end passes here


def enter(presence: Presence, client_id: str, link: Any) -> Session:
    registration = Registration(Register(client_id, instance="i"), "tcp", "127.0.0.1:5")
    return presence.register(registration, link, presence.clock.now())


@pytest.fixture
def start(new_presence: Start, nursery: trio.Nursery, autojump_clock: Clock) -> Start:
    """A presence with its clock and its reaper running."""

    def begin(interval: Callable[[], float] = lambda: INTERVAL, **policy: Any) -> Presence:
        presence = new_presence(**{"mass_loss_ratio": 1.0, "max_clients": 100_000, **policy})
        nursery.start_soon(presence.clock.run)
        nursery.start_soon(reap, presence, interval)
        return presence

    return begin


# --- when -----------------------------------------------------------------------------------------


async def test_worst_case_detection_is_connection_timeout_plus_reap_interval(
    start: Start, new_link: Any, autojump_clock: Clock
):
    presence = start()
    announced, last_word = Announced(presence), {}
    for phase in range(400):  # of the last word within the reaper's interval
        await trio.sleep(7.3 + phase / 401)
        last_word[f"{phase}"] = trio.current_time()
        enter(presence, f"{phase}", new_link())
    await trio.sleep(TIMEOUT + INTERVAL)
    detection = [announced.at[c] - last_word[c] for c in last_word]
    assert TIMEOUT <= min(detection) < TIMEOUT + 0.5
    assert TIMEOUT + INTERVAL - 0.5 < max(detection) <= TIMEOUT + INTERVAL
    assert presence.clock.stalls == 0


async def test_what_came_during_a_stall_is_read_before_anyone_is_given_up_on(
    start: Start, autojump_clock: Clock
):
    presence = start()
    announced, beat = Announced(presence), Beat("job", "http", "10.0.0.7:4000", 30.0)
    presence.beat(beat, presence.clock.now())
    await trio.sleep(29.5)
    autojump_clock.jump(60.0)  # its time is up, and so is the reaper's sleep
    await trio.sleep(SETTLED / 2)
    assert presence.clock.stalls == 1
    presence.beat(beat, presence.clock.now())  # which came during the stall
    await trio.sleep(29)
    assert announced.at == {}
    await trio.sleep(INTERVAL + SETTLED)
    assert "job" in announced.at


async def test_a_server_that_stalls_all_the_time_gives_up_on_the_silent_all_the_same(
    start: Start, autojump_clock: Clock
):
    presence = start()
    announced = Announced(presence)
    presence.beat(Beat("job", "http", "10.0.0.7:4000", 30.0), presence.clock.now())
    for _ in range(60):
        await trio.sleep(0.7)
        autojump_clock.jump(2.0)
    assert presence.clock.stalls > 30
    assert "job" in announced.at


async def test_the_first_pass_comes_soon_after_the_start_so_that_restarts_put_nothing_off(
    start: Start, autojump_clock: Clock
):
    presence = start()
    await trio.sleep(SETTLED - 0.01)
    assert presence.counts.reaper_passes == 0
    await trio.sleep(0.02)
    assert presence.counts.reaper_passes == 1


async def test_passes_come_every_interval_and_are_counted(start: Start, autojump_clock: Clock):
    presence = start()
    await trio.sleep(INTERVAL * 5 + 1)
    assert presence.counts.reaper_passes == 5
    assert presence.counts.reaper_lateness == 0


async def test_a_changed_interval_holds_within_a_second(start: Start, autojump_clock: Clock):
    intervals = [INTERVAL]
    presence = start(lambda: intervals[0])
    await trio.sleep(5)
    intervals[0] = 2.0
    await trio.sleep(1.5)
    assert (presence.counts.reaper_passes, presence.counts.reaper_lateness) == (2, 0.0)
    await trio.sleep(20)
    assert presence.counts.reaper_passes == 12


async def test_after_a_stall_there_is_one_pass_and_not_all_that_were_missed(
    start: Start, autojump_clock: Clock
):
    presence = start()
    await trio.sleep(5)
    autojump_clock.jump(1000)
    await trio.sleep(4)
    assert presence.counts.reaper_passes == 2  # the one soon after the start, and this
    assert presence.counts.reaper_lateness == 995
    await trio.sleep(INTERVAL)
    assert presence.counts.reaper_passes == 3


async def test_nobody_is_given_up_on_after_a_stall_though_the_reaper_wakes_first(
    start: Start, new_link: Any, autojump_clock: Clock
):
    presence = start()
    for n in range(50):
        enter(presence, f"{n}", new_link())
    for _ in range(5):
        await trio.sleep(14)
        autojump_clock.jump(3 * TIMEOUT)
    await trio.sleep(10)
    assert presence.transitions == {"registered": 50}
    assert presence.clock.stalls == 5
    await trio.sleep(TIMEOUT)
    assert presence.transitions["timeout"] == 50


# --- whom -----------------------------------------------------------------------------------------


async def test_unread_bytes_spare_a_client_until_they_are_read(
    start: Start, new_link: Any, autojump_clock: Clock
):
    presence, link = start(), new_link()
    session = enter(presence, "a", link)
    link.unread = True
    await trio.sleep(TIMEOUT + 5 * INTERVAL)
    assert link.goodbyes == []
    presence.heard(session, presence.clock.now())  # the pump has read them
    link.unread = False
    assert presence.transitions == {"registered": 1, "silent": 1, "returned": 1}
    await trio.sleep(TIMEOUT + INTERVAL)
    assert link.goodbyes == [Goodbye("timeout", reconnect=True)]


async def test_only_candidates_are_asked_for_unread_bytes(
    start: Start, new_link: Any, autojump_clock: Clock
):
    presence = start()
    asked: list[str] = []

    class Asked(new_link):  # type: ignore[misc]  # a fixture has no type of its own
        def has_unread(self) -> bool:
            asked.append("once")
            return False

    for n in range(100):
        enter(presence, f"quiet{n}", Asked())
    await trio.sleep(100)
    for n in range(1000):
        enter(presence, f"well{n}", Asked())
    await trio.sleep(TIMEOUT + INTERVAL - 100)
    assert len(asked) == 100


async def test_a_broken_link_has_nothing_unread_and_ends_when_its_grace_is_over(
    start: Start, new_link: Any, autojump_clock: Clock
):
    presence, link = start(), new_link()
    session = enter(presence, "a", link)
    link.unread = True
    presence.broke(session, presence.clock.now())
    await trio.sleep(SETTLED + INTERVAL + 1)
    assert presence.transitions["closed"] == 2  # late, then offline
    assert session.state is State.OVER


# --- in what portions -----------------------------------------------------------------------------


def everyone_due(world: Any, count: int, seconds: float = TIMEOUT) -> list[Session]:
    sessions = [world.register(f"{n:04}") for n in range(count)]
    world.wait(seconds)
    return sessions


async def test_others_have_their_turn_after_each_portion_of_a_pass(new_world: Callable[..., Any]):
    world = new_world(mass_loss_ratio=1.0)
    left: list[int] = []

    async def others() -> None:
        while len(world.presence.registry):
            left.append(len(world.presence.registry))
            await trio.lowlevel.checkpoint()

    everyone_due(world, REAPED_AT_ONCE * 10)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(others)
        nursery.start_soon(reap_once, world.presence)
    portions = [before - after for before, after in pairwise(left)]
    assert len(set(left)) >= 5
    assert max(portions) <= 2 * REAPED_AT_ONCE  # trio shuffles the tasks of a turn


async def test_others_have_their_turn_after_each_portion_that_is_called_late(
    new_world: Callable[..., Any],
):
    world = new_world(mass_loss_ratio=1.0)
    late: list[int] = []

    async def others() -> None:
        while world.presence.registry.counts["online"]:
            world.presence.publish()  # as for watchers: reads what there is, and hurries nothing
            world.presence.list(List())
            late.append(world.presence.registry.counts["late"])
            await trio.lowlevel.checkpoint()

    everyone_due(world, REAPED_AT_ONCE * 10, seconds=TIMEOUT - 1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reap_once, world.presence)
        await trio.lowlevel.checkpoint()
        nursery.start_soon(others)
    assert len(set(late)) >= 5
    assert max(after - before for before, after in pairwise(late)) <= 2 * REAPED_AT_ONCE


async def test_whoever_reads_after_a_pass_sees_who_is_late_at_that_moment(
    new_world: Callable[..., Any],
):
    world = new_world(mass_loss_ratio=1.0)
    everyone_due(world, REAPED_AT_ONCE + 1, seconds=TIMEOUT - 1)
    world.register("last")
    await reap_once(world.presence)
    world.wait(TIMEOUT - 1)
    page = world.presence.list(List(limit=1000))
    assert {c.status for c in page.clients if c.client_id == "last"} == {"late"}


@pytest.mark.parametrize("seconds", [0.0, 0.01])
async def test_one_that_speaks_while_the_reaper_gives_others_a_turn_is_spared(
    new_world: Callable[..., Any], seconds: float
):
    world = new_world(mass_loss_ratio=1.0)
    last = everyone_due(world, 2 * REAPED_AT_ONCE + 1)[-1]

    async def speak() -> None:
        while len(world.presence.registry) > REAPED_AT_ONCE + 1:
            await trio.lowlevel.checkpoint()
        world.wait(seconds)
        world.presence.heard(last, world.now)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(speak)
        nursery.start_soon(reap_once, world.presence)
    assert world.status(last.client.client_id) == "online"
    assert last.link is not None
    assert last.link.goodbyes == []


# --- one link's fault -----------------------------------------------------------------------------


def fail(*_: object) -> None:
    raise RuntimeError("a fault of ours")


@pytest.mark.parametrize("method", ["has_unread", "dismiss"])
async def test_a_client_whose_link_crashes_keeps_nobody_else_from_being_given_up(
    start: Start,
    new_link: Any,
    autojump_clock: Clock,
    capsys: pytest.CaptureFixture[str],
    method: str,
):
    presence = start()
    links = {name: new_link() for name in "abc"}
    for name, link in links.items():
        enter(presence, name, link)
    setattr(links["b"], method, fail)
    ended: list[str] = []
    links["b"].crashed = lambda: ended.append("b")
    await trio.sleep(TIMEOUT + INTERVAL + 1)
    gone = Goodbye("timeout", reconnect=True)
    assert links["a"].goodbyes == links["c"].goodbyes == [gone]
    assert ended[:1] == ["b"]
    assert "a fault of ours" in capsys.readouterr().err


async def test_a_session_that_cannot_be_given_up_keeps_nobody_else_present(
    start: Start,
    new_link: Any,
    autojump_clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    presence = start()
    for name in "abc":
        enter(presence, name, new_link())
    give_up = presence.registry.give_up

    def fail_for_b(session: Session, now: Any) -> Any:
        return fail() if session.client.client_id == "b" else give_up(session, now)

    monkeypatch.setattr(presence.registry, "give_up", fail_for_b)
    await trio.sleep(TIMEOUT + INTERVAL + 1)
    assert [name for name in "abc" if name in presence.registry] == ["b"]
    assert "a fault of ours" in capsys.readouterr().err
