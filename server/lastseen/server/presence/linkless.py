"""Signs of life of those that hold no link: scripts that make an HTTP call, members of a LAN.

Each heartbeat says for how long the client may be silent. Its session stands beside the client's
links and never in their way; while a link stands, what that said of the client counts. Pure.
"""

from math import ceil

from msgspec import Struct

from lastseen.server.presence.model import Client, LinklessSession, Transition
from lastseen.shared.messages import MetaData, Via
from lastseen.shared.wire import pack


class Beat(Struct, frozen=True, gc=False):
    """One sign of life, checked by whoever took it in against the bounds of `shared.messages`.

    Attributes:
        address: Where it came from, `host:port`. That only the port is new is no news.
        timeout: For how many seconds from now on the client may be silent; more than 0, and
            rounded up to whole ones, so that those who differ in little wait together.
        every: After how many seconds of silence the client is late; more than 0 and at most
            `timeout`, rounded alike. None: it is online until the timeout ends.
        instance: The process that sent it, if that has such an id: its link takes over from it.
        name: As for `register`; None: as it was, or empty. The same for those below.
    """

    client_id: str
    via: Via
    address: str
    timeout: float
    every: float | None = None
    instance: str = ""
    name: str | None = None
    hostname: str | None = None
    groups: tuple[str, ...] | None = None
    meta: MetaData | None = None

    @property
    def limits(self) -> tuple[float, float | None]:
        """The timeout and `every` that count, in whole seconds."""
        return whole_seconds(self.timeout), self.every and whole_seconds(self.every)


class Beaten(Struct, frozen=True, gc=False):
    """What a sign of life without a link did.

    Attributes:
        began: Whether it began a session.
        news: Whether what is known of the client changed.
    """

    began: bool
    news: bool
    transition: Transition | None


def whole_seconds(timeout: float) -> float:
    """A timeout, rounded up."""
    return float(ceil(timeout))


def session_of(client: Client, via: Via) -> LinklessSession | None:
    """The client's session without a link by which signs of life come this way."""
    for session in client.sessions:
        if isinstance(session, LinklessSession) and session.via == via:
            return session
    return None


def describes(session: LinklessSession) -> bool:
    """Whether it is for this session to say what its client is: no link stands, and of several
    ways it is the one that came last.
    """
    sessions = session.client.sessions
    if any(s.link is not None for s in sessions):
        return False
    return next(s for s in reversed(sessions) if isinstance(s, LinklessSession)) is session


def describe(client: Client, beat: Beat, groups: tuple[str, ...]) -> None:
    """Take over what a beat says, with its `groups` or an equal copy."""
    if client.is_described_by_link:  # what that said of its mood goes with it
        client.availability, client.note = "available", ""
    client.is_described_by_link = False
    if beat.name is not None:
        client.name = beat.name
    if beat.hostname is not None:
        client.hostname = beat.hostname
    if beat.meta is not None:
        client.meta = pack(beat.meta) if beat.meta else None
    client.groups = groups


def facts(client: Client) -> tuple[object, ...]:
    """All that makes it news for watchers and the store if a heartbeat changes it."""
    host, _, _ = client.address.rpartition(":")  # each HTTP call may come from a port of its own
    return (
        client.name,
        client.hostname,
        client.groups,
        client.meta,
        client.via,
        client.timeout,
        client.every,
        client.availability,
        client.note,
        host,
    )
