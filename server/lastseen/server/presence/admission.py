"""Who may come in by a link, and which older sessions make way. Pure."""

from collections.abc import Sequence

from msgspec import Struct

from lastseen.server.presence.model import (
    FRESH,
    Client,
    Link,
    LinklessSession,
    Policy,
    Registration,
    Session,
    Transition,
)
from lastseen.server.presence.takeovers import AT_ONCE, PACE
from lastseen.shared.messages import Goodbye, Via

ADVICE = 'give each process a client_id of its own, or set duplicate = "share" on the server'
"""What to do about two processes with one id."""

LAN_PREFIX = "lan:"
"""How the ids of LAN members begin, and of nobody else: whoever can send a datagram can speak for
them.
"""


class RegistrationRefused(Exception):
    """A client may not register now.

    Attributes:
        code: `server_full`, `duplicate_client`, `reserved_id`, `too_many_sessions` or
            `too_many_connections`; `id_contested`: other processes took the id over too often just
            now.
        retry_after: Seconds after which the registration may succeed; None: not known.
    """

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


class Admission(Struct, frozen=True):
    """What registering did.

    Attributes:
        displaced: Links of older sessions that this one took over from; they are to be closed.
        reconnects: Whether they were of the same instance: then their owner is this session's.
        replaced: Where another instance was that was online until now; empty: none was.
        contested: Whether other instances took the id over repeatedly (`takeovers`).
    """

    session: Session
    transition: Transition | None
    displaced: list[Link]
    reconnects: bool
    replaced: str
    contested: bool


def check_id(client_id: str, via: Via) -> None:
    """Refuse the id of a LAN member to all others.

    Raises:
        RegistrationRefused: It is one.
    """
    if via != "lan" and client_id.startswith(LAN_PREFIX):
        raise RegistrationRefused(
            "reserved_id",
            f"client_id: expected none that begins with {LAN_PREFIX!r}, which is how members of "
            f"the LAN are called, got {client_id!r}",
        )


def check_room(present: int, policy: Policy) -> None:
    """Refuse one more than `max_clients`.

    Raises:
        RegistrationRefused: The server is full.
    """
    if present >= policy.max_clients:
        raise RegistrationRefused(
            "server_full",
            f"the server is full: {present} clients are present, "
            f"server.max_clients is {policy.max_clients}",
        )


def sessions_to_take_over(client: Client, instance: str, policy: Policy) -> Sequence[Session]:
    """From whom a session of this instance, with a link, takes over.

    From its own older ones, and those of the run before. Of other instances those with a link, as
    `duplicate` decides; whoever has none is in nobody's way.

    Raises:
        RegistrationRefused: The id is in use, and the policy is `reject`.
    """
    own = [s for s in client.sessions if is_of(s, instance) or s.instance is None]
    others = [s for s in client.sessions if s not in own and not isinstance(s, LinklessSession)]
    reconnects = any(not isinstance(s, LinklessSession) for s in own)
    if reconnects or policy.duplicate == "share":
        return own
    if policy.duplicate == "reject" and any(s.state is FRESH for s in others):
        raise RegistrationRefused(
            "duplicate_client",
            f"client_id {client.client_id!r} is in use by another instance at "
            f"{next(s.address for s in others if s.state is FRESH)}; "
            f"this server rejects a second one (server.duplicate): {ADVICE}",
        )
    return [*own, *others]


def check_sessions(
    client: Client, taken_over: Sequence[Session], registration: Registration, policy: Policy
) -> None:
    """Refuse a session beside too many others of the same client, or one that finds no room.

    Raises:
        RegistrationRefused: With the code `too_many_sessions` or `too_many_connections`.
    """
    others = sum(s.link is not None for s in client.sessions if s not in taken_over)
    if others >= policy.max_sessions_per_client:
        raise RegistrationRefused(
            "too_many_sessions",
            f"client_id {client.client_id!r} has {others} sessions, "
            f"server.max_sessions_per_client is {policy.max_sessions_per_client}",
        )
    if others and not registration.may_share:
        raise RegistrationRefused(
            "too_many_connections",
            f"the server has no room for another session of client_id {client.client_id!r}: "
            "what is left is kept for clients that have none",
        )


def check_pace(client: Client, wait: float) -> None:
    """Refuse a takeover that comes too soon after others; `wait` is in seconds.

    Raises:
        RegistrationRefused: `wait` is not over.
    """
    if wait > 0:
        raise RegistrationRefused(
            "id_contested",
            f"client_id {client.client_id!r} is in use by another instance at {where(client)}, and "
            f"was taken over {AT_ONCE} times within {PACE:g} s: {ADVICE}",
            retry_after=round(wait, 3),
        )


def goodbye_to_replaced(client: Client) -> Goodbye:
    """Return what a session is told that another instance took over from."""
    message = (
        f"another instance at {where(client)} took over client_id {client.client_id!r}: {ADVICE}"
    )
    return Goodbye("replaced", reconnect=False, message=message)


def where(client: Client) -> str:
    """Return the address that a client was last heard from, with its hostname."""
    host = f" (host {client.hostname!r})" if client.hostname else ""
    return f"{client.address}{host}"


def is_of(session: Session, instance: str) -> bool:
    """Whether it is of that very instance. Those that name none are never known to be the same."""
    return bool(instance) and session.instance == instance
