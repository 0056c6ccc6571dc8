# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
"""The heartbeat: everyone is asked once a turn, and who stays silent is given up on; a stall of
ours is nobody's silence.
"""

import random
from typing import Any

import pytest
import trio
import trio.testing
from msgspec import Struct
from trio.testing import MockClock

from lastseen.server import logs
from lastseen.server.links.heartbeat import SLOTS, Heartbeat
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.model import Moment


class Settings(Struct):
    ping_interval: float = 20.0
    missed_pongs: int = 2


class Link:
    """Notes when it was asked, and when it was given up; answers if it is well."""

    def __init__(self, heartbeat: Heartbeat, *, well: bool = True) -> None:
        self.well = well
        self.unanswered = 0
        self.unread = False
        self.asked: list[float] = []
        self.lost_at: float | None = None
        self.ended = False
        self._heartbeat = heartbeat
        self.slot = heartbeat.join(self)

    def ask(self) -> None:
        self.asked.append(trio.current_time())
        self.unanswered = 0 if self.well else self.unanswered + 1

    def has_unread(self) -> bool:
        return self.unread

    def give_up(self, _now: Moment) -> None:
        self.lost_at = trio.current_time()
        self._heartbeat.leave(self, self.slot)

    def crashed(self) -> None:
        self.ended = True
        self._heartbeat.leave(self, self.slot)


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
async def heartbeat(settings: Settings, nursery: trio.Nursery) -> Any:
    heartbeat = Heartbeat(AwakeClock(), lambda: settings)
    await nursery.start(heartbeat.run)
    yield heartbeat
    nursery.cancel_scope.cancel()


async def test_each_is_asked_once_in_every_interval(
    heartbeat: Heartbeat, autojump_clock: MockClock
):
    links = [Link(heartbeat) for _ in range(50)]
    await trio.sleep(100.5)
    for link in links:
        assert len(link.asked) in (5, 6)
        pauses = [b - a for a, b in zip(link.asked, link.asked[1:], strict=False)]
        assert pauses == pytest.approx([20.0] * len(pauses))


async def test_they_are_asked_spread_over_the_interval_however_they_came(
    heartbeat: Heartbeat, autojump_clock: MockClock
):
    random.seed(5)
    links = [Link(heartbeat) for _ in range(1000)]
    await trio.sleep(20.5)
    at = [link.asked[0] for link in links]
    steps = {time: at.count(time) for time in at}
    assert len(steps) == SLOTS
    assert max(steps.values()) < 2 * 1000 / SLOTS


async def test_who_answers_stays_for_ever(heartbeat: Heartbeat, autojump_clock: MockClock):
    links = [Link(heartbeat) for _ in range(50)]
    await trio.sleep(10_000)
    assert all(link.lost_at is None for link in links)


@pytest.mark.parametrize("missed", [1, 2, 5])
async def test_who_left_so_many_unanswered_is_given_up_when_the_next_is_due(
    heartbeat: Heartbeat, autojump_clock: MockClock, settings: Settings, missed: int
):
    settings.missed_pongs = missed
    link, other = Link(heartbeat, well=False), Link(heartbeat)
    await trio.sleep(20 * (missed + 1) + 0.5)
    assert len(link.asked) == missed
    assert link.lost_at == pytest.approx(link.asked[-1] + 20)
    assert other.lost_at is None
    await trio.sleep(100)
    assert len(link.asked) == missed  # nobody asks the dead
    assert len(heartbeat) == 1


async def test_who_answers_again_in_time_starts_anew(
    heartbeat: Heartbeat, autojump_clock: MockClock
):
    link = Link(heartbeat, well=False)
    await trio.sleep(39)
    link.unanswered, link.well = 0, True
    await trio.sleep(1000)
    assert link.lost_at is None


async def test_nobody_is_given_up_on_while_bytes_of_theirs_lie_unread(
    heartbeat: Heartbeat, autojump_clock: MockClock
):
    link = Link(heartbeat, well=False)
    link.unread = True
    await trio.sleep(200)
    assert link.lost_at is None
    link.unread = False
    await trio.sleep(20.5)
    assert link.lost_at is not None


async def test_a_stopped_server_gives_up_on_nobody(
    settings: Settings, nursery: trio.Nursery, mock_clock: MockClock
):
    heartbeat = Heartbeat(AwakeClock(), lambda: settings)
    await nursery.start(heartbeat.run)
    links = [Link(heartbeat, well=False) for _ in range(100)]
    for _ in range(10):
        mock_clock.jump(3600)
        await trio.testing.wait_all_tasks_blocked()
    asked = sum(len(link.asked) for link in links)
    assert (
        asked <= 100 * 10 / SLOTS * 3
    )  # a step for each time it woke, not for each that it missed
    assert all(link.lost_at is None for link in links)
    nursery.cancel_scope.cancel()


async def test_a_change_of_the_interval_is_followed_at_once(
    heartbeat: Heartbeat, autojump_clock: MockClock, settings: Settings
):
    settings.ping_interval = 3600
    link = Link(heartbeat)
    await trio.sleep(30)
    settings.ping_interval = 20
    await trio.sleep(22)
    assert len(link.asked) >= 1


@pytest.mark.parametrize("off", [0, -1])
async def test_an_interval_of_nothing_turns_it_off_which_the_log_says_and_on_again(
    heartbeat: Heartbeat,
    autojump_clock: MockClock,
    settings: Settings,
    off: float,
    capsys: pytest.CaptureFixture[str],
):
    settings.ping_interval = off
    link = Link(heartbeat, well=False)
    await trio.sleep(1000)
    assert len(link.asked) <= 1  # a step was due when it was changed
    log = capsys.readouterr().err
    assert log.count("the heartbeat is off") == 1
    assert f"websocket.ping_interval is {off}" in log
    settings.ping_interval = 20
    await trio.sleep(70)
    assert link.lost_at is not None


async def test_each_step_has_a_line_in_the_debug_log(
    heartbeat: Heartbeat,
    autojump_clock: MockClock,
    capsys: pytest.CaptureFixture[str],
    debug_log: None,
):
    Link(heartbeat)
    link = Link(heartbeat, well=False)
    link.unanswered = 2
    await trio.sleep(20.5)
    lines = [line for line in capsys.readouterr().err.splitlines() if "heartbeat" in line]
    assert len(lines) in (1, 2)
    assert sum("closed=1" in line for line in lines) == 1
    assert sum("pinged=1" in line for line in lines) == 1
    assert "total=1" in lines[-1]


@pytest.fixture
def debug_log() -> Any:
    logs.set_level("debug")
    yield
    logs.set_level("info")


async def test_a_step_costs_as_many_as_stand_in_its_slot(
    heartbeat: Heartbeat, autojump_clock: MockClock
):
    links = [Link(heartbeat) for _ in range(1000)]
    before = sum(len(link.asked) for link in links)
    await heartbeat.step()
    assert sum(len(link.asked) for link in links) - before < 3 * 1000 / SLOTS


async def test_others_get_their_turn_while_many_are_asked(
    heartbeat: Heartbeat, autojump_clock: MockClock, monkeypatch
):
    monkeypatch.setattr(random, "randrange", lambda _: heartbeat._at)
    links = [Link(heartbeat) for _ in range(1000)]
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        await heartbeat.step()
        nursery.cancel_scope.cancel()
    assert all(len(link.asked) == 1 for link in links)
    assert turns >= 5


async def test_once_it_is_cancelled_nobody_is_asked(settings: Settings, autojump_clock: MockClock):
    heartbeat = Heartbeat(AwakeClock(), lambda: settings)
    link = Link(heartbeat)
    async with trio.open_nursery() as nursery:
        scope = await nursery.start(heartbeat.run)
        scope.cancel()
    await trio.sleep(100)
    assert link.asked == []


@pytest.mark.parametrize("method", ["ask", "has_unread", "give_up"])
async def test_a_link_that_raises_is_ended_alone_and_all_others_are_asked(
    heartbeat: Heartbeat,
    autojump_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    method: str,
):
    def fail(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(random, "randrange", lambda _: 0)  # they all stand in one slot
    links = [Link(heartbeat, well=False) for _ in range(20)]
    unlucky = links[7]
    setattr(unlucky, method, fail)
    await trio.sleep(15)
    assert unlucky.ended == (method == "ask")
    assert all(len(link.asked) == 1 for link in links if link is not unlucky)
    await trio.sleep(60)
    assert unlucky.ended
    assert all(link.lost_at is not None for link in links if link is not unlucky)
    assert "a fault of ours" in capsys.readouterr().err
    assert len(heartbeat) == 0
