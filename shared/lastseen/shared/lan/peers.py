"""The members that are known, by their addresses. Pure; `now` is any clock that only goes forward.

One member may have several addresses: what says the same of user and host is the same member, to
the protocol as well. It goes by the address that it was first heard from, as long as any is heard.

Anyone can send a datagram in anyone's name, so everything here is bounded: how many members, how
many datagrams each may have looked at, and what is remembered of those who are none.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator

from msgspec import Struct, field

from lastseen.shared.ipmsg.entry import Entry

REPEATED_WITHIN = 2.0
"""Seconds in which a packet number seen before is a repeat. iptux sends each announcement twice, 10
ms apart; but a member that starts anew counts from 1 again, and is to be heard."""

NUMBERS_KEPT = 16
"""Packet numbers remembered of each address: most of what its rate lets through in that time."""

RATE, BURST = 10.0, 40.0
"""Datagrams a second that one address may have looked at, and how many at once: an announcement a
minute is usual, and some send one for each of their networks."""

STRANGERS = 1_024
"""Addresses besides the members' whose rate is watched; the one heard longest ago is forgotten."""

Identity = tuple[str, str]


class Source(Struct):
    """What is remembered of an address that something came from.

    Attributes:
        allowance: How many datagrams of it may be looked at, as of `heard`.
        numbers: The latest packet numbers, each with its moment.
    """

    heard: float
    allowance: float = BURST
    numbers: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=NUMBERS_KEPT))

    def allow(self, now: float) -> bool:
        """Count one datagram; whether it may be looked at."""
        self.allowance = min(BURST, self.allowance + RATE * (now - self.heard))
        self.heard = now
        if self.allowance < 1:
            return False
        self.allowance -= 1
        return True

    def repeats(self, number: int, now: float) -> bool:
        """Note a packet number; whether it came just before."""
        repeated = any(n == number and now - at < REPEATED_WITHIN for n, at in self.numbers)
        if not repeated:
            self.numbers.append((number, now))
        return repeated


class Member(Struct):
    """One member, wherever it is.

    Attributes:
        name: The address that it goes by.
        addresses: Where it is heard, the first one first.
    """

    name: str
    addresses: dict[str, None]


class Peer(Struct):
    """A member at one of its addresses.

    Attributes:
        heard: Its last sign of life from there.
    """

    address: str
    member: Member
    entry: Entry
    heard: float

    @property
    def shown_address(self) -> str:
        """The one of its addresses that is shown: always the same, while it is heard there."""
        named = self.member.name
        return named if named in self.member.addresses else self.address


class Peers:
    """The members that are known."""

    def __init__(self) -> None:
        self._peers: dict[str, Peer] = {}
        self._members: dict[Identity, Member] = {}
        self._bearers: dict[str, Member] = {}
        self._sources: dict[str, Source] = {}
        self._strangers: OrderedDict[str, Source] = OrderedDict()

    def __len__(self) -> int:
        return len(self._peers)

    def __iter__(self) -> Iterator[Peer]:
        return iter(self._peers.values())

    def find(self, address: str) -> Peer | None:
        """The member at this address."""
        return self._peers.get(address)

    def source(self, address: str, now: float) -> Source:
        """What is remembered of an address."""
        known = self._sources.get(address)
        if known is not None:
            return known
        stranger = self._strangers.setdefault(address, Source(now))
        self._strangers.move_to_end(address)
        if len(self._strangers) > STRANGERS:
            self._strangers.popitem(last=False)
        return stranger

    def hear(self, address: str, entry: Entry, now: float) -> Peer:
        """A sign of life; the member at this address as it is now."""
        peer = self._peers.get(address)
        if peer is not None and _identity(address, peer.entry) == _identity(address, entry):
            peer.entry, peer.heard = entry, now
            return peer
        self._sources[address] = self.source(address, now)
        self._strangers.pop(address, None)
        if peer is not None:  # another has the address now
            self._forget(peer)
        self._peers[address] = Peer(address, self._member_at(address, entry), entry, now)
        return self._peers[address]

    def remove(self, address: str) -> Member | None:
        """The member at this address went, with all its addresses. None: there was none."""
        peer = self._peers.get(address)
        if peer is None:
            return None
        for other in list(peer.member.addresses):
            self._drop(self._peers[other])
        return peer.member

    def expire(self, before: float) -> None:
        """Forget the addresses that were not heard from since a moment."""
        for peer in [peer for peer in self if peer.heard < before]:
            self._drop(peer)

    def _drop(self, peer: Peer) -> None:
        self._forget(peer)
        self._sources.pop(peer.address, None)

    def _forget(self, peer: Peer) -> None:
        del self._peers[peer.address]
        del peer.member.addresses[peer.address]
        if not peer.member.addresses:
            del self._members[_identity(peer.address, peer.entry)]
            del self._bearers[peer.member.name]

    def _member_at(self, address: str, entry: Entry) -> Member:
        member = self._members.get(_identity(address, entry))
        if member is None:
            member = self._members[_identity(address, entry)] = Member(address, {})
            self._take_name(member, address)
        member.addresses[address] = None
        return member

    def _take_name(self, member: Member, address: str) -> None:
        """Go by an address of one's own. Who went by it before has none there any more, and goes by
        another of its addresses; so may many, one after the other.
        """
        taker: Member | None = member
        while taker is not None:
            before = self._bearers.get(address)
            taker.name = address
            self._bearers[address] = taker
            taker, address = before, next(iter(before.addresses)) if before else address


def _identity(address: str, entry: Entry) -> Identity:
    """Who it is, whatever its address; who does not say is somebody else at every address."""
    if entry.user and entry.host:
        return entry.user.casefold(), entry.host.casefold()
    return "", address
