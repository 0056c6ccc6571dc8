# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
"""The task that tells watchers: in rounds, a tick after the first change, and none by another."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing

from lastseen.server.presence.model import Registration
from lastseen.server.presence.presence import Presence
from lastseen.server.presence.watchers import TICK
from lastseen.shared.messages import Diff, Goodbye, Register, Watch
from lastseen.shared.wire import to_frame

Clock = trio.testing.MockClock


def enter(presence: Presence, client_id: str, link: Any) -> Any:
    registration = Registration(Register(client_id, instance="i"), "tcp", "127.0.0.1:5")
    return presence.register(registration, link, presence.clock.now())


@pytest.fixture
def encoded() -> Counter[str]:
    return Counter()


@pytest.fixture
async def presence(
    new_presence: Callable[..., Presence],
    encoded: Counter[str],
    nursery: trio.Nursery,
    autojump_clock: Clock,
) -> Presence:
    def encoder(name: str) -> Callable[[Diff], bytes]:
        def encode(diff: Diff) -> bytes:
            encoded[name] += 1
            return to_frame(diff)

        return encode

    presence = new_presence({"msgpack": encoder("msgpack"), "json": encoder("json")})
    nursery.start_soon(presence.clock.run)
    nursery.start_soon(presence.watchers.tell)
    return presence


def watch(presence: Presence, link: Any) -> Any:
    presence.watchers.add(link, Watch())
    return link


async def test_changes_are_gathered_for_a_tick_and_told_in_one_diff(
    presence: Presence, new_link: Any, autojump_clock: Clock
):
    link = watch(presence, new_link())
    enter(presence, "a", new_link())
    await trio.sleep(TICK * 0.9)
    assert link.diffs == []
    presence.leave(enter(presence, "b", new_link()), presence.clock.now())
    enter(presence, "c", new_link())
    await trio.sleep(TICK * 0.2)
    (diff,) = link.diffs
    assert [c.client_id for c in diff.joins] == ["a", "c"]
    assert (diff.leaves, diff.updates) == ([], [])


async def test_who_came_and_went_within_a_tick_is_not_told_at_all(
    presence: Presence, new_link: Any, encoded: Counter[str], autojump_clock: Clock
):
    link = watch(presence, new_link())
    presence.leave(enter(presence, "a", new_link()), presence.clock.now())
    await trio.sleep(1)
    assert (link.diffs, encoded) == ([], {})


async def test_a_watcher_whose_link_crashes_is_dismissed_and_the_others_are_told(
    presence: Presence, new_link: Any, autojump_clock: Clock
):
    def crash(_data: bytes) -> None:
        raise RuntimeError("a fault of ours")

    before, crashing, after = (watch(presence, new_link()) for _ in range(3))
    crashing.send_encoded = crash
    for client_id in "ab":
        enter(presence, client_id, new_link())
        await trio.sleep(1)
    assert crashing.goodbyes == [Goodbye("internal_error", reconnect=True)]
    assert len(before.diffs) == len(after.diffs) == 2
    assert len(presence.watchers) == 2


async def test_a_diff_is_encoded_once_for_each_wire_format_whatever_the_number_of_watchers(
    presence: Presence, new_link: Any, encoded: Counter[str], autojump_clock: Clock
):
    links = [watch(presence, new_link()) for _ in range(300)]
    for ticks in range(1, 4):
        enter(presence, f"{ticks}", new_link())
        await trio.sleep(1)
        assert encoded == {"msgpack": ticks}
    assert {len(link.diffs) for link in links} == {3}
    late = new_link()
    late.wire_format = "json"
    presence.watchers.add(late, Watch(presence.epoch, 1))
    await trio.sleep(1)
    assert encoded == {"msgpack": 3, "json": 2}


async def test_a_slow_watcher_is_closed_alone(
    presence: Presence, new_link: Any, autojump_clock: Clock
):
    links = [watch(presence, new_link(takes=1 if n == 5 else 1e9)) for n in range(10)]
    for n in range(80):  # some 20 KB a tick, in two formats
        for m in range(80):
            enter(presence, f"{n}-{m}", new_link())
        await trio.sleep(1)
    slow = links.pop(5)
    assert slow.goodbyes[0] == Goodbye("slow", reconnect=True)
    assert {len(link.diffs) for link in links} == {80}
    assert all(link.goodbyes == [] for link in links)


async def test_others_have_turns_while_many_watchers_are_told(
    presence: Presence, new_link: Any, autojump_clock: Clock
):
    begun = trio.Event()
    links = [watch(presence, new_link()) for _ in range(1_000)]
    links[0].send_encoded = lambda _data: begun.set()
    enter(presence, "a", new_link())
    await begun.wait()
    told_at_each_turn = []
    while not links[-1].diffs:
        told_at_each_turn.append(sum(len(link.diffs) for link in links))
        await trio.lowlevel.checkpoint()
    assert (
        len(set(told_at_each_turn)) >= 3
    )  # of seven portions; trio may let a task go twice before another


async def test_one_that_watches_anew_while_others_are_told_is_sent_no_diff_twice(
    presence: Presence, new_link: Any, autojump_clock: Clock
):
    for _ in range(500):  # several turns of telling
        watch(presence, new_link())
    link = watch(presence, new_link())
    enter(presence, "a", new_link())
    begun = trio.Event()
    next(iter(presence.watchers._watchers)).send_encoded = lambda _data: begun.set()
    await begun.wait()  # and its own turn is still to come
    assert link.diffs == []
    link.sent.clear()
    watch(presence, link)
    await trio.sleep(1)
    assert (len(link.pages), link.diffs) == (1, [])


async def test_a_client_that_turns_late_is_told_at_the_next_look_by_anybody(
    presence: Presence, new_link: Any, autojump_clock: Clock
):
    link = watch(presence, new_link())
    enter(presence, "a", new_link())
    await trio.sleep(91)
    presence.due(presence.clock.now())
    await trio.sleep(1)
    assert [c.reason for c in link.diffs[-1].updates] == ["silent"]
