"""Connect to a server with trio: `connect` to be present, `observe` to look on."""

import os
import random
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TypedDict

import trio

from lastseen.client.arguments import (
    address_of,
    checked,
    groups_of,
    mapping_of,
    require_callback,
    require_flag,
    require_function,
    require_no_token,
    require_seconds,
)
from lastseen.client.errors import LinkLost, Refused
from lastseen.client.event_loops import require_trio
from lastseen.client.events import Event
from lastseen.client.link import Dial, dial_tcp
from lastseen.client.nursery import plain_nursery
from lastseen.client.observer import Observer
from lastseen.client.pings import PONG_DEADLINE
from lastseen.client.supervisor import Supervisor
from lastseen.shared.messages import (
    Availability,
    GetSettings,
    Register,
    Registered,
    Request,
    SetAvailability,
)

DEFAULT_SERVER = "127.0.0.1:8080"
"""Where `lastseen-server` listens unless told otherwise."""

MetaValue = bool | int | float | str | None


class LinkOptions(TypedDict, total=False):
    """The optional arguments of `observe`, which `connect` has too."""

    wait: bool
    on_event: Callable[[Event], None] | None
    dial: Dial
    jitter: Callable[[], float]
    pong_deadline: float


class ConnectOptions(LinkOptions, total=False):
    """The optional arguments of `connect`."""

    name: str
    hostname: str | None
    groups: Iterable[str]
    meta: Mapping[str, MetaValue] | None
    token: str


@asynccontextmanager
async def connect(
    server: str = DEFAULT_SERVER,
    *,
    client_id: str,
    name: str = "",
    hostname: str | None = None,
    groups: Iterable[str] = (),
    meta: Mapping[str, MetaValue] | None = None,
    token: str = "",
    wait: bool = False,
    on_event: Callable[[Event], None] | None = None,
    dial: Dial = dial_tcp,
    jitter: Callable[[], float] = random.random,
    pong_deadline: float = PONG_DEADLINE,
) -> AsyncIterator["Presence"]:
    """Be present as `client_id` while the block runs; leaving it normally says goodbye.

    The block is entered once registered. From then on a broken link is mended by itself, for ever;
    only a server that says goodbye for good cancels the block.

    Args:
        server: `host:port`.
        client_id: The stable name of this client (1 to 128 characters, none a control character).
        name: A name for people.
        hostname: The machine's own name unless given.
        groups: What it belongs to; lists can be narrowed to one.
        meta: Up to 16 facts about it, shown with its record.
        token: Must be empty: this version checks no tokens, and does not ignore one in silence.
        wait: Keep trying where the first attempt fails, instead of raising.
        on_event: Called at once with each of `lastseen.client.events`. It must not block.
        dial: How a stream to a host and port is made; tests give one in memory.
        jitter: Random numbers from 0 to 1, for the pauses between attempts.
        pong_deadline: Seconds without a pong after which the server counts as dead.

    Raises:
        ConnectFailed: The first attempt failed (and not `wait`).
        Refused: The server refused the registration.
        Ended: The server said goodbye for good, later.
        ValueError: An argument breaks the rules; the sentence says which.
        RuntimeError: The program does not run trio.
    """
    require_no_token(token)
    register = checked(
        Register(
            client_id=client_id,
            name=name,
            hostname=socket.gethostname() if hostname is None else hostname,
            groups=groups_of(groups),
            meta=mapping_of("meta", meta),
            instance=os.urandom(16).hex(),
        )
    )
    supervisor = _supervisor(server, register, wait, on_event, dial, jitter, pong_deadline)
    async with _kept(supervisor):
        yield Presence(supervisor, register.client_id)


@asynccontextmanager
async def observe(
    server: str = DEFAULT_SERVER,
    *,
    wait: bool = False,
    on_event: Callable[[Event], None] | None = None,
    dial: Dial = dial_tcp,
    jitter: Callable[[], float] = random.random,
    pong_deadline: float = PONG_DEADLINE,
) -> AsyncIterator[Observer]:
    """Look on without being present. Arguments and errors as those of `connect`."""
    supervisor = _supervisor(server, GetSettings(), wait, on_event, dial, jitter, pong_deadline)
    async with _kept(supervisor):
        yield Observer(supervisor)


class Presence(Observer):
    """An observer that is itself present."""

    def __init__(self, supervisor: Supervisor, client_id: str) -> None:
        super().__init__(supervisor)
        self._client_id = client_id

    @property
    def client_id(self) -> str:
        """The name it is present under."""
        return self._client_id

    @property
    def session(self) -> str:
        """The server's name of the live session, or of the last one."""
        latest = self._supervisor.latest
        opened = latest.opened if latest else None
        return opened.session if isinstance(opened, Registered) else ""

    async def set_availability(self, availability: Availability, note: str = "") -> None:
        """Say whether one may be disturbed. Without a link it is said once there is one.

        Raises:
            Refused: The server says no; then what was said before stands.
            ValueError: An unknown availability, or a note of more than 256 characters.
        """
        message = checked(SetAvailability(availability, note))
        before, self._supervisor.availability = self._supervisor.availability, message
        session = self._supervisor.session
        if session is None:
            return
        try:
            await session.tell(message)
        except LinkLost:
            return  # remembered: the next session says it again
        except Refused:
            self._supervisor.availability = before
            raise

    async def leave(self) -> None:
        """Say goodbye and be offline at once. The block goes on, without a link."""
        await self._supervisor.leave()


@asynccontextmanager
async def _kept(supervisor: Supervisor) -> AsyncIterator[None]:
    """Run the supervisor beside a block that begins when its first session stands."""
    async with plain_nursery() as nursery:
        nursery.start_soon(supervisor.run, nursery.cancel_scope)
        if await supervisor.live() is None:
            await trio.sleep_forever()  # it has failed, and is about to cancel us
        yield
        await supervisor.leave()
        nursery.cancel_scope.cancel()
    if supervisor.failure is not None:
        raise supervisor.failure


def _supervisor(
    server: str,
    opening: Request,
    wait: bool,
    on_event: Callable[[Event], None] | None,
    dial: Dial,
    jitter: Callable[[], float],
    pong_deadline: float,
) -> Supervisor:
    require_trio()
    require_flag("wait", wait)
    require_callback("on_event", on_event)
    require_function("dial", dial)
    require_function("jitter", jitter)
    require_seconds("pong_deadline", pong_deadline)
    return Supervisor(
        address_of(server),
        opening,
        wait=wait,
        on_event=on_event or (lambda _: None),
        dial=dial,
        jitter=jitter,
        pong_deadline=pong_deadline,
    )
