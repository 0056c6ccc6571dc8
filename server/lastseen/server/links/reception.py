"""Receives connections, and has each keep to the rules of the house until it is seen off."""

import random
import socket
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

import trio

from lastseen.server import logs
from lastseen.server.links.connection import Connection
from lastseen.server.links.conversation import Conversation, come_back_later
from lastseen.server.links.desk import Desk
from lastseen.server.links.frames import FrameProtocol
from lastseen.server.links.pump import Pump
from lastseen.server.links.roles import WireProtocol
from lastseen.server.presence.isolation import Fallible, apart
from lastseen.server.presence.model import Link
from lastseen.shared.address import format_address
from lastseen.shared.messages import Error, Goodbye, Message

ROUND = 1.0
"""Seconds between two looks at who is overdue."""

SPEAKS_WITHIN = 1.0
"""Seconds in which a connection says something, unless its network is slow. One that is silent for
longer gives way to a new one when the server is full."""

SERVED_AT_ONCE = 128
"""Links told something before others get a turn."""

COMES_BACK_AFTER = 0.5
"""Seconds that clients stay away at least when the server shuts down: a restart takes about that.
"""

COME_BACK_PER_SECOND = 500
"""How many clients are asked to come back in one second: a tenth of what one core registers."""

COMES_BACK_WITHIN = 60.0
"""Seconds after which the last one is asked to be back: well within connection_timeout."""

log = logs.get_logger()

L = TypeVar("L", bound=Fallible)


class Reception:
    """Every open link of the pump."""

    def __init__(self, pump: Pump, desk: Desk) -> None:
        self._pump = pump
        self._desk = desk
        self._settings_changed = trio.Event()
        desk.steering.listeners.append(self._note_settings_changed)

    def admit_tcp(self, sock: socket.socket, peer: tuple[str, int]) -> None:
        """A TCP connection has come in."""
        self.admit(sock, peer, FrameProtocol(), partial(Conversation, desk=self._desk))

    def admit(
        self,
        sock: socket.socket,
        peer: tuple[str, int],
        protocol: WireProtocol,
        converse: Callable[[Connection], Conversation],
    ) -> None:
        """A connection has come in that speaks some wire protocol."""
        connection = Connection(sock, format_address(*peer), protocol, self._pump, converse)
        self._make_room()
        why_not = self._why_not(connection.address)
        self._desk.doorkeeper.arrived(connection, self._desk.presence.clock.now().awake)
        if why_not is not None:
            apart(connection, partial(self._turn_away, connection, why_not))

    async def see_to_deadlines(self) -> None:
        """Dismiss strangers and observers that are overdue, close those that do not leave, and
        send refusals that were held back. For ever.
        """
        presence = self._desk.presence
        while True:
            await trio.sleep(ROUND)
            due = self._desk.doorkeeper.due(
                presence.clock.now().awake, presence.policy.connection_timeout
            )
            for connection in due.leaving:
                apart(connection, connection.close)
            for connection in (*due.strangers, *due.observers):
                apart(connection, partial(_dismiss_if_idle, connection))
            for connection, refuse in self._desk.delayed.due(presence.clock.now().awake):
                apart(connection, refuse)

    async def tell_settings(self) -> None:
        """Send the settings to every link that has a session, whenever they change. For ever."""
        steering = self._desk.steering
        while True:
            await self._settings_changed.wait()
            self._settings_changed = trio.Event()
            settings = steering.settings()
            answered, steering.answered = steering.answered, set()
            links = [
                session.link
                for session in self._desk.presence.registry.sessions()
                if session.link is not None and session.link not in answered
            ]
            await in_portions(links, partial(_send, settings))

    async def see_everyone_off(self) -> None:
        """The server shuts down: tell everyone when to come back, and wait until they have gone."""
        links = self._connections()
        spread = min(len(links) / COME_BACK_PER_SECOND, COMES_BACK_WITHIN)

        def see_off(connection: Connection) -> None:
            retry_after = round(COMES_BACK_AFTER + random.uniform(0, spread), 3)
            connection.dismiss(Goodbye("shutdown", reconnect=True, retry_after=retry_after))

        log.info("saying goodbye", connections=len(links), spread=spread)
        await in_portions(links, see_off)
        while len(self._pump):  # noqa: ASYNC110 - the last second of a server may poll
            await trio.sleep(ROUND / 20)

    def close_all(self) -> None:
        """Close what is still open."""
        for connection in self._connections():
            apart(connection, connection.close)

    def _connections(self) -> list[Connection]:
        return [pumped for pumped in self._pump if isinstance(pumped, Connection)]

    def _make_room(self) -> None:
        """Close the connection that was dismissed first, if dismissed ones take too much room."""
        limits, doorkeeper = self._desk.limits(), self._desk.doorkeeper
        if len(doorkeeper) >= limits.connections + limits.refused:
            for leaving in doorkeeper.first_leaving():
                apart(leaving, leaving.close)

    def _why_not(self, address: str) -> str | None:
        """Return why no connection may come in from an address; None if one may."""
        doorkeeper = self._desk.doorkeeper
        limit = self._desk.steering.config.server.max_connections_per_address
        if not doorkeeper.has_room(address, limit):
            return (
                f"more than {limit} connections from this address"
                " (server.max_connections_per_address)"
            )
        limits = self._desk.limits()
        if doorkeeper.staying < limits.connections:
            return None
        full = f"the server has no room: {doorkeeper.staying} connections are open ({limits.cause})"
        return None if self._turn_stranger_away(full) else full

    def _turn_stranger_away(self, sentence: str) -> bool:
        """Refuse a connection that has said nothing, in favour of a new one; whether there was one.

        A client that returns registers at once. Silent connections must not keep it out.
        """
        now = self._desk.presence.clock.now().awake
        strangers = self._desk.doorkeeper.first_stranger(now, SPEAKS_WITHIN)
        for stranger in strangers:
            apart(stranger, partial(self._turn_away, stranger, sentence))
        return bool(strangers)

    def _turn_away(self, connection: Connection, sentence: str) -> None:
        code = "too_many_connections"
        self._desk.presence.refuse(code, sentence, address=connection.address)
        later = come_back_later()
        connection.send(Error(code, sentence, later))
        connection.dismiss(Goodbye(code, reconnect=True, retry_after=later))

    def _note_settings_changed(self) -> None:
        self._settings_changed.set()


def _dismiss_if_idle(connection: Connection) -> None:
    if not connection.has_unread():
        connection.dismiss(Goodbye("idle", reconnect=True))


def _send(message: Message, link: Link) -> None:
    link.send(message)


async def in_portions(links: Iterable[L], serve: Callable[[L], None]) -> None:
    """Serve many links, each apart, giving others their turn in between."""
    for served, link in enumerate(links, 1):
        apart(link, partial(serve, link))
        if served % SERVED_AT_ONCE == 0:
            await trio.lowlevel.checkpoint()
