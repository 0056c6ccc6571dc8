"""A member of the LAN: when it says what, and what becomes of what it hears.

What to say and whom to answer is `lan.conduct`'s, how members become clients `lan_clients`'. One
announcement an interval is both our heartbeat and the probe of everyone's; who stays silent for
half of peer_timeout is asked for itself from then on, many times, so that lost datagrams cost
nothing.
"""

import random
import secrets
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import trio
from msgspec import Struct

from lastseen.server import logs
from lastseen.server.config.sections.lan import Lan as Settings
from lastseen.server.config.sections.section import FASTEST
from lastseen.server.links.lan_clients import LanClients
from lastseen.server.links.lan_identity import entry_of, habits_of, services_of
from lastseen.server.links.lan_mail import Mail
from lastseen.server.presence.presence import Presence
from lastseen.shared.ipmsg.beacon import Beacon
from lastseen.shared.lan.conduct import PROBES, Conduct
from lastseen.shared.lan.post import Post, Sent
from lastseen.shared.messages import LanStats

LOOK = 1.0
"""Seconds after which networks and settings are looked at again."""

TAKEN_AT_ONCE = 64
"""Datagrams taken before others get a turn."""

PAUSE = 0.5
"""Seconds until the next try when the system cannot say what came."""

log = logs.get_logger()


class LanCounts(Struct):
    """What has happened since the start.

    Attributes:
        heartbeats: Announcements that left on at least one network.
        last_heartbeat: When the last one did, in Unix time; None before the first.
        received: Datagrams that came; `Conduct.verdicts` says what became of each.
    """

    heartbeats: int = 0
    last_heartbeat: float | None = None
    received: int = 0


class Lan:
    """The server as a member.

    Attributes:
        conduct: What it says and knows.
        clients: What presence knows.
        mail: What leaves.
        counts: What has happened since the start.
    """

    def __init__(self, presence: Presence, settings: Callable[[], Settings], post: Post) -> None:
        """`settings` gives those in force at that moment."""
        self._presence, self._settings, self._post = presence, settings, post
        self.clients, self.mail = LanClients(presence), Mail(post)
        self.counts = LanCounts()
        self.conduct = Conduct(
            entry_of(settings()),
            Beacon(secrets.token_hex(4)),
            habits_of(settings()),
            number=int(time.time()),  # beyond what the last run sent
            chance=random.random,
        )
        self._own: str | None = None
        self._being_a_member = trio.CancelScope()
        self._announced = self._probed = float("-inf")

    def serve(self, listening: Mapping[str, Sequence[tuple[str, int]]]) -> None:
        """Announce from now on where the server listens: for each kind of link, host and port."""
        self.conduct.beacon = Beacon(self.conduct.beacon.member, services_of(listening))

    def stats(self) -> LanStats:
        """How the server fares as a member."""
        counts, verdicts, last = self.counts, self.conduct.verdicts, self.counts.last_heartbeat
        return LanStats(
            members=len(self.conduct.peers),
            heartbeats=counts.heartbeats,
            last_heartbeat=None if last is None else datetime.fromtimestamp(last, UTC),
            sent=self.mail.sent,
            failed=self.mail.failed,
            received=counts.received,
            repeats=verdicts["repeat"],
            unreadable=verdicts["unreadable"],
            dropped=verdicts["too_fast"],
            refused=verdicts["full"] + self.clients.refused,
        )

    async def run(self) -> None:
        """Be a member, until `finish`."""
        try:
            with self._being_a_member:
                async with trio.open_nursery() as nursery:
                    self.mail.nursery = nursery
                    for sock in self._post.sockets:
                        nursery.start_soon(self._listen, sock)
                    await self._beat()
        finally:
            self._post.close()

    def finish(self) -> None:
        """Say goodbye, and nothing after it."""
        self._being_a_member.cancel()
        for letter in self.conduct.leave():
            self.mail.send(letter)

    # --- what is said -------------------------------------------------------------------------

    async def _beat(self) -> None:
        while True:
            news = self._look_around()
            now = trio.current_time()
            if news or now >= self._announced + self._settings().announce_interval:
                self._announced = now
                self._announce()
            if now >= self._probed + self._patience():
                self._probed = now
                self._probe()
            due = self._announced + self._settings().announce_interval
            await trio.sleep_until(min(due, self._probed + self._patience(), now + LOOK))

    def _patience(self) -> float:
        return max(self._settings().peer_timeout / 2 / PROBES, FASTEST)

    def _announce(self) -> None:
        now = self._presence.clock.now()
        everyone, *apart = self.conduct.announce(now.awake)
        if self.mail.send(everyone):
            self.counts.heartbeats += 1
            self.counts.last_heartbeat = now.wall
        for letter in apart:
            self.mail.send(letter)
        self._be_present()

    def _probe(self) -> None:
        for name in self.clients.quiet(self._presence.clock.now()):
            if name not in self._post.own:
                for letter in self.conduct.probe(name):
                    self.mail.send(letter)

    def _be_present(self) -> None:
        """The server's own entry: it lives whether its packets arrive or not."""
        now, settings = self._presence.clock.now(), self._settings()
        own = self._own if self._own in self._post.own else self._post.address or self._own
        if self._own is not None and self._own != own:
            self.clients.leave(self._own, now)
        self._own = own
        if own is not None:
            timeout = settings.peer_timeout
            self.clients.be_present(own, self.conduct.me, settings.port, timeout, now)

    # --- what is new --------------------------------------------------------------------------

    def _look_around(self) -> bool:
        """Whether everyone should hear of us now: there are other networks, or other intervals."""
        try:
            moved = self._post.look_around()
        except OSError as error:
            log.warning("the networks of this machine are unknown", reason=error.strerror)
            moved = False
        if moved:
            log.info("other networks", announcing_at=", ".join(self._post.reached()) or "none")
        return self._follow() or moved

    def _follow(self) -> bool:
        """Take over settings that changed."""
        settings, before = self._settings(), self.conduct.habits
        self._post.to = settings.broadcast
        me = entry_of(settings)
        if me != self.conduct.me:
            self.conduct.me = me
            for letter in self.conduct.say_absence():
                self.mail.send(letter)
            self._be_present()
        self.conduct.habits = habits_of(settings)
        return before.peer_timeout != settings.peer_timeout

    # --- what is heard ------------------------------------------------------------------------

    async def _listen(self, sock: socket.socket) -> None:
        while True:
            await trio.lowlevel.wait_readable(sock)
            try:
                self._take_some(sock)
            except OSError as error:
                log.warning("cannot receive from the LAN now", reason=error.strerror)
                await trio.sleep(PAUSE)
            await trio.lowlevel.checkpoint()

    def _take_some(self, sock: socket.socket) -> None:
        for _ in range(TAKEN_AT_ONCE):
            datagram = self._post.receive(sock)
            if datagram is None:
                return
            try:
                self.take(*datagram)
            except Exception:  # one datagram's fault must not end the server
                log.exception("a datagram crashed", address=datagram[1][0])

    def take(self, data: bytes, sender: Sent) -> None:
        """A datagram has come."""
        self.counts.received += 1
        now, own = self._presence.clock.now(), sender[0] in self._post.own
        outcome = self.conduct.receive(data, sender, now.awake, own=own)
        log.debug("from the LAN", address=sender[0], verdict=outcome.verdict)
        if outcome.heard is not None:
            settings = self._settings()
            self.clients.hear(outcome.heard, settings.port, settings.peer_timeout, now)
        if outcome.left is not None:
            self.clients.leave(outcome.left, now)
        if outcome.answer is not None:
            self.mail.answer(outcome.answer)
