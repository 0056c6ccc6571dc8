"""How one member behaves: what it announces, whom it answers, and what it makes of what it hears.

Pure: datagrams, `now` and chance come in, and what is to be sent goes out. `now` is any clock that
only goes forward, in seconds.
"""

from collections import Counter
from collections.abc import Callable
from typing import Literal

from msgspec import Struct, structs

from lastseen.shared.ipmsg import beacon, entry
from lastseen.shared.ipmsg.beacon import Beacon
from lastseen.shared.ipmsg.entry import Entry
from lastseen.shared.ipmsg.packet import (
    ANSENTRY,
    BR_ABSENCE,
    BR_ENTRY,
    BR_EXIT,
    NOOPERATION,
    PORT,
    build,
    parse,
)
from lastseen.shared.ipmsg.text import LegacyEncoding
from lastseen.shared.lan.peers import Peer, Peers

LARGE, LARGER, LARGEST = 10, 50, 300
"""Members from which on answers are spread over `answer_delay`, twice and four times of it: so many
answers at once would collide. The original client knows three such steps, too."""

PROBES = 10
"""How often a silent member should be asked for itself before it is given up on: with 30 % of all
datagrams lost each way, one who lives stays silent to so many once in a thousand times."""

Sent = tuple[str, int]
"""Where a datagram came from or goes to: address and port."""

Verdict = Literal[
    "sign", "left", "sought", "other", "own", "repeat", "unreadable", "too_fast", "full"
]
"""What became of a datagram: a sign of life; a goodbye; somebody seeks a server; nothing that
concerns presence; our own; seen before; no packet; more than its address may send; of one member
more than may be known."""


class Habits(Struct, frozen=True):
    """What a member keeps to.

    Attributes:
        peer_timeout: After so long a silence (s) a member is forgotten.
        max_peers: Addresses of members that are known at most.
        answer_delay: The longest (s) that an answer waits on a LAN of LARGE members.
        legacy: The encoding of those who know no UTF-8.
        port: Where the others listen.
    """

    peer_timeout: float = 180.0
    max_peers: int = 1_000
    answer_delay: float = 1.0
    legacy: LegacyEncoding = "cp932"
    port: int = PORT


class Letter(Struct, frozen=True):
    """A datagram to be sent.

    Attributes:
        to: None: to everyone, on every network.
        delay: Seconds that it waits.
    """

    data: bytes
    to: Sent | None = None
    delay: float = 0.0


class Outcome(Struct, frozen=True):
    """What a datagram did.

    Attributes:
        heard: The member that it is a sign of life of.
        left: The name of the member that said goodbye.
        answer: What is to be sent on account of it.
    """

    verdict: Verdict
    heard: Peer | None = None
    left: str | None = None
    answer: Letter | None = None


class Conduct:
    """One member of the LAN.

    Attributes:
        me: What it says of itself. Set it, and `say_absence`.
        beacon: What it says to its like.
        habits: What it keeps to; may be changed at any time.
        peers: Whom it knows.
        verdicts: How often each came.
    """

    def __init__(
        self, me: Entry, beacon_: Beacon, habits: Habits, number: int, chance: Callable[[], float]
    ) -> None:
        """`number` is that of the first packet: not what a run before this one sent last, or its
        repeats would be taken for it. `chance` gives a random number from 0 to 1.
        """
        self.me, self.beacon, self.habits = me, beacon_, habits
        self.peers = Peers()
        self.verdicts: Counter[Verdict] = Counter()
        self._number = number
        self._chance = chance

    # --- what it says -------------------------------------------------------------------------

    def announce(self, now: float) -> list[Letter]:
        """I am here, and who else is? Every living member answers."""
        self.peers.expire(now - self.habits.peer_timeout)
        return self._to_all(BR_ENTRY)

    def say_absence(self) -> list[Letter]:
        """What I say of myself has changed. Nobody answers."""
        return self._to_all(BR_ABSENCE)

    def leave(self) -> list[Letter]:
        """Goodbye."""
        return self._to_all(BR_EXIT)

    def quiet(self, now: float) -> list[str]:
        """The names of those who were silent at all their addresses for half of `peer_timeout`."""
        heard: dict[str, float] = {}
        for peer in self.peers:
            heard[peer.member.name] = max(peer.heard, heard.get(peer.member.name, peer.heard))
        half = self.habits.peer_timeout / 2
        return [name for name, moment in heard.items() if now - moment >= half]

    def probe(self, name: str) -> list[Letter]:
        """Are you there? To all addresses of the member of this name, or to the name if that is an
        address that nobody is known at: somebody may be. It answers, if it is there.
        """
        known = [peer.address for peer in self.peers if peer.member.name == name] or [name]
        data = self._packet(BR_ENTRY)
        return [Letter(data, (address, self.habits.port)) for address in known]

    # --- what it hears ------------------------------------------------------------------------

    def receive(self, datagram: bytes, sender: Sent, now: float, own: bool) -> Outcome:
        """What a datagram says and asks for. `own`: it came from an address of this machine."""
        outcome = self._judge(datagram, sender, now, own)
        self.verdicts[outcome.verdict] += 1
        return outcome

    def _judge(self, datagram: bytes, sender: Sent, now: float, own: bool) -> Outcome:
        source = self.peers.source(sender[0], now)
        if not own and not source.allow(now):
            return Outcome("too_fast")
        packet = parse(datagram)
        if packet is None:
            return Outcome("unreadable")
        said = entry.read(packet, self.habits.legacy)
        found = beacon.read(said.beacon) if said.beacon is not None else None
        if found is not None and found.seeks:
            return self._sought(sender)
        if own or (found is not None and found.member and found.member == self.beacon.member):
            return Outcome("own")
        if source.repeats(packet.number, now):
            return Outcome("repeat")
        return self._act(packet.command, said, sender, now)

    def _act(self, command: int, said: Entry, sender: Sent, now: float) -> Outcome:
        address = sender[0]
        if command == BR_EXIT:
            member = self.peers.remove(address)
            return Outcome("other") if member is None else Outcome("left", left=member.name)
        if command not in (BR_ENTRY, ANSENTRY, BR_ABSENCE):
            return Outcome("other")
        if self.peers.find(address) is None and len(self.peers) >= self.habits.max_peers:
            return Outcome("full")
        peer = self.peers.hear(address, said, now)
        answer = self._answer(address) if command == BR_ENTRY else None
        return Outcome("sign", heard=peer, answer=answer)

    def _answer(self, address: str) -> Letter:
        """To the port where members listen: most answer there, whatever port one sent from."""
        to = (address, self.habits.port)
        return Letter(self._packet(ANSENTRY), to, self._patience() * self._chance())

    def _patience(self) -> float:
        known, delay = len(self.peers), self.habits.answer_delay
        if known < LARGE:
            return 0.0
        return delay if known < LARGER else 2 * delay if known < LARGEST else 4 * delay

    def _sought(self, sender: Sent) -> Outcome:
        """Somebody who is no member seeks a server: only who is one answers, to where it sent
        from.
        """
        if not self.beacon.services:
            return Outcome("sought")
        return Outcome("sought", answer=Letter(self._packet(ANSENTRY), sender))

    # --- within -------------------------------------------------------------------------------

    def _to_all(self, command: int) -> list[Letter]:
        """To everyone, and once more to each whom broadcasts do not reach; as the same packet."""
        data = self._packet(command)
        apart = [peer.address for peer in self.peers if peer.entry.dialup]
        return [Letter(data), *(Letter(data, (address, self.habits.port)) for address in apart)]

    def _packet(self, command: int) -> bytes:
        self._number += 1
        me = structs.replace(self.me, beacon=beacon.write(self.beacon))
        return build(entry.write(me, command, self._number, self.habits.legacy))


def seek(number: int) -> bytes:
    """The datagram by which one who is no member seeks servers; other programs pass it over."""
    line = beacon.write(Beacon(seeks=True))
    return build(entry.write(Entry("", "", beacon=line), NOOPERATION, number, "cp932"))


def found_in(datagram: bytes) -> Beacon | None:
    """The beacon of a lastseen in any datagram."""
    packet = parse(datagram)
    said = None if packet is None else entry.read(packet, "cp932")
    return None if said is None or said.beacon is None else beacon.read(said.beacon)
