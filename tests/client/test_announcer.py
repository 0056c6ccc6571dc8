# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
"""A member without a server: what it says when, and whom it tells of."""

import socket
from typing import Any

import pytest
import trio
import trio.lowlevel
import trio.testing

from lastseen.client.announcer import PAUSE, Announcer, Sighting
from lastseen.client.member import INTERVALS, conduct_of
from lastseen.shared.ipmsg import entry
from lastseen.shared.ipmsg.entry import Entry
from lastseen.shared.ipmsg.packet import (
    ANSENTRY,
    BR_ABSENCE,
    BR_ENTRY,
    BR_EXIT,
    PORT,
    build,
    parse,
)

ANN = ("10.0.0.2", PORT)
INTERVAL = 60.0


class FakePost:
    def __init__(self) -> None:
        self.sockets: list[socket.socket] = []
        self.own = frozenset({"10.0.0.1"})
        self.letters: list[Any] = []
        self.problem: OSError | None = None
        self.moved = False

    def look_around(self) -> bool:
        moved, self.moved = self.moved, False
        return moved

    def send_to_all(self, data: bytes) -> int:
        self.send(data, None)
        return 1

    def send(self, data: bytes, to: Any) -> None:
        if self.problem is not None:
            raise self.problem
        self.letters.append((trio.current_time(), parse(data), to))


class Member:
    """One that runs.

    Attributes:
        told: Whom it told of.
        outages: Reasons, and None for each end.
    """

    def __init__(self) -> None:
        self.post: Any = FakePost()
        self.told: list[Sighting] = []
        self.outages: list[str | None] = []
        self.began = trio.current_time()
        me = Entry("me", "here", nickname="Me")
        self.announcer = Announcer(
            conduct_of(me, INTERVAL, PORT, "cp932"),
            self.post,
            INTERVAL,
            self.told.append,
            self.outages.append,
        )
        self._number = 0

    def hear(self, command: int, sender: Any = ANN, **said: Any) -> None:
        self._number += 1
        one = Entry("ann", "pc", **{"nickname": "Ann", **said})
        self.announcer._take(build(entry.write(one, command, self._number, "cp932")), sender)

    def sent(self, command: int) -> list[Any]:
        return [
            (moment - self.began, to)
            for moment, packet, to in self.post.letters
            if packet.command == command
        ]


@pytest.fixture
async def member(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> Member:
    member = Member()
    nursery.start_soon(member.announcer.run)
    await trio.lowlevel.checkpoint()
    return member


async def test_it_announces_itself_at_once_and_every_interval(member, autojump_clock):
    await trio.sleep(2.5 * INTERVAL)
    assert member.sent(BR_ENTRY) == [(0, None), (INTERVAL, None), (2 * INTERVAL, None)]


async def test_it_announces_itself_where_a_network_has_come(member, autojump_clock):
    await trio.sleep(10)
    member.post.moved = True
    await trio.sleep(2)
    assert len(member.sent(BR_ENTRY)) == 2


async def test_who_comes_is_answered_and_told_once(member, autojump_clock):
    for _ in range(3):
        member.hear(BR_ENTRY)
        await trio.sleep(1)
    assert [found.kind for found in member.told] == ["here"]
    assert member.told[0].entry.nickname == "Ann"
    assert [to for _, to in member.sent(ANSENTRY)] == [ANN] * 3


async def test_what_is_new_of_someone_is_told(member, autojump_clock):
    member.hear(BR_ENTRY)
    member.hear(BR_ABSENCE, away=True, note="lunch")
    assert [found.entry.note for found in member.told] == ["", "lunch"]


async def test_who_says_goodbye_and_who_falls_silent_are_told(member, autojump_clock):
    member.hear(BR_ENTRY)
    member.hear(BR_EXIT)
    member.hear(BR_ENTRY)
    await trio.sleep((INTERVALS + 2) * INTERVAL)
    assert [found.kind for found in member.told] == ["here", "left", "here", "silent"]
    assert len([to for _, to in member.sent(BR_ENTRY) if to == ANN]) >= 10


async def test_it_says_goodbye(member, autojump_clock):
    member.announcer.leave()
    assert len(member.sent(BR_EXIT)) == 1


async def test_an_outage_is_told_once_and_so_is_its_end(member, autojump_clock):
    await trio.sleep(1)
    member.post.problem = OSError(101, "Network is unreachable")
    await trio.sleep(3 * INTERVAL)
    member.post.problem = None
    await trio.sleep(INTERVAL)
    assert member.outages == ["network is unreachable", None]


class DeafPost(FakePost):
    """One at whose socket something waits, which the system hands over only at the second try."""

    def __init__(self, waits: bytes) -> None:
        super().__init__()
        ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.setblocking(False)
        self.sockets = [ours]
        self.theirs.send(waits)
        self.tries: list[float] = []

    def receive(self, sock: socket.socket) -> Any:
        self.tries.append(trio.current_time())
        if len(self.tries) == 1:
            raise OSError(105, "No buffer space available")
        try:
            return sock.recv(65_536), ANN
        except BlockingIOError:
            return None

    def close(self) -> None:
        self.theirs.close()
        self.sockets[0].close()


async def test_a_system_that_cannot_hand_over_what_came_is_an_outage_and_asked_again(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
):
    member = Member()
    one = Entry("ann", "pc", nickname="Ann")
    post = DeafPost(build(entry.write(one, BR_ENTRY, 1, "cp932")))
    member.post = member.announcer._post = post
    nursery.start_soon(member.announcer.run)
    await trio.sleep(INTERVAL + 5)
    assert [found.entry.nickname for found in member.told] == ["Ann"]
    assert post.tries[1] - post.tries[0] == pytest.approx(PAUSE)
    assert member.outages == ["no buffer space available", None]
    nursery.cancel_scope.cancel()
    post.close()
