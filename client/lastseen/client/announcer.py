"""A member of the LAN without a server: announces itself, answers others, and tells who is there.

The conduct is the same as a server's (`shared.lan.conduct`); here is only when, on trio's clock.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import trio
from msgspec import Struct

from lastseen.shared.ipmsg.entry import Entry
from lastseen.shared.lan.conduct import PROBES, Conduct, Letter, Outcome
from lastseen.shared.lan.post import Post, Sent

LOOK = 1.0
"""Seconds after which the networks are looked at again."""

TAKEN_AT_ONCE = 64
"""Datagrams taken before others get a turn."""

PAUSE = 1.0
"""Seconds until the next try when the system cannot hand over what has come."""


class Sighting(Struct, frozen=True):
    """What became of a member.

    Attributes:
        kind: `here`: it is there, or says something new of itself; `left`: it said goodbye;
            `silent`: it was not heard for the timeout.
        address: The address that it goes by.
        entry: What it said of itself last.
    """

    kind: Literal["here", "left", "silent"]
    address: str
    entry: Entry


class Announcer:
    """One member. `run` is a task; `leave` says goodbye."""

    def __init__(
        self,
        conduct: Conduct,
        post: Post,
        interval: float,
        on_sighting: Callable[[Sighting], None],
        on_outage: Callable[[str | None], None],
    ) -> None:
        """`on_outage` is called with a reason when nothing can leave or come, and with None when it
        can again; `interval` is that of announcements, in seconds.
        """
        self._conduct, self._post, self._interval = conduct, post, interval
        self._on_sighting, self._on_outage = on_sighting, on_outage
        self._known: dict[str, Entry] = {}
        self._outage: str | None = None

    async def run(self) -> None:
        """Be a member, for ever."""
        async with trio.open_nursery() as self._nursery:
            for sock in self._post.sockets:
                self._nursery.start_soon(self._listen, sock)
            self._nursery.start_soon(self._probe_for_ever)
            await self._announce_for_ever()

    def leave(self) -> None:
        """Say goodbye."""
        for letter in self._conduct.leave():
            self._send(letter)

    # --- when ---------------------------------------------------------------------------------

    async def _announce_for_ever(self) -> None:
        while True:
            announced = trio.current_time()
            for letter in self._conduct.announce(announced):
                self._send(letter)
            self._tell_silent()
            await self._until_due(announced + self._interval)

    async def _until_due(self, due: float) -> None:
        """Until then, or until there are other networks."""
        with trio.move_on_at(due):
            while not self._moved():  # noqa: ASYNC110 - the kernel has to be asked
                await trio.sleep(LOOK)

    async def _probe_for_ever(self) -> None:
        while True:
            await trio.sleep(self._conduct.habits.peer_timeout / 2 / PROBES)
            for name in self._conduct.quiet(trio.current_time()):
                for letter in self._conduct.probe(name):
                    self._send(letter)

    def _moved(self) -> bool:
        with suppress(OSError):  # asked again in a second
            return self._post.look_around()
        return False

    # --- what is heard ------------------------------------------------------------------------

    async def _listen(self, sock: socket.socket) -> None:
        while True:
            await trio.lowlevel.wait_readable(sock)
            try:
                self._take_some(sock)
            except OSError as error:  # the next datagram that leaves ends the outage
                self._note_outage(_reason(error))
                await trio.sleep(PAUSE)
            await trio.lowlevel.checkpoint()

    def _take_some(self, sock: socket.socket) -> None:
        for _ in range(TAKEN_AT_ONCE):
            datagram = self._post.receive(sock)
            if datagram is None:
                return
            self._take(*datagram)

    def _take(self, data: bytes, sender: Sent) -> None:
        own = sender[0] in self._post.own
        outcome = self._conduct.receive(data, sender, trio.current_time(), own=own)
        self._tell(outcome)
        if outcome.answer is not None:
            self._nursery.start_soon(self._send_later, outcome.answer)

    def _tell(self, outcome: Outcome) -> None:
        if outcome.heard is not None:
            name, said = outcome.heard.member.name, outcome.heard.entry
            if self._known.get(name) != said:
                self._known[name] = said
                self._on_sighting(Sighting("here", name, said))
        if outcome.left is not None:
            self._tell_gone("left", outcome.left)

    def _tell_silent(self) -> None:
        there = {peer.member.name for peer in self._conduct.peers}
        for name in self._known.keys() - there:
            self._tell_gone("silent", name)

    def _tell_gone(self, kind: Literal["left", "silent"], name: str) -> None:
        entry = self._known.pop(name, None)
        if entry is not None:
            self._on_sighting(Sighting(kind, name, entry))

    # --- sending ------------------------------------------------------------------------------

    async def _send_later(self, letter: Letter) -> None:
        await trio.sleep(letter.delay)
        self._send(letter)

    def _send(self, letter: Letter) -> None:
        try:
            if letter.to is not None:
                self._post.send(letter.data, letter.to)
                return
            self._post.send_to_all(letter.data)
        except OSError as error:
            self._note_outage(_reason(error))
        else:
            self._note_outage(None)

    def _note_outage(self, reason: str | None) -> None:
        if reason != self._outage:
            self._outage = reason
            self._on_outage(reason)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
