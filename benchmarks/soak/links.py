"""The load's own ends of links: TCP frames, WebSockets, an HTTP heartbeat, an event stream.

Only what a soak needs, so that 5,000 of them fit in one process of a core: nothing happens unasked,
and each can end well, badly or not at all.
"""

import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import httpx
import msgspec
import trio
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.trio.client import ClientConnection, connect

from lastseen.shared.framing import Framer
from lastseen.shared.messages import Message, ToClient
from lastseen.shared.wire import from_server, json_from_server, to_frame, to_json

RECEIVE = 64 * 1024

PATIENCE = 60.0
"""Seconds that anything may take: an event stream says something every 15."""

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER by which a close is a reset."""


class LinkEndedError(Exception):
    """The server ended a link."""


class Link(Protocol):
    """One session's way to the server."""

    async def say(self, message: Message) -> None:
        """Send a message.

        Raises:
            LinkEndedError: The server ended the link.
        """

    async def hear(self) -> ToClient:
        """The next message.

        Raises:
            LinkEndedError: The server ended the link.
        """

    async def reset(self) -> None:
        """End it badly."""


class TcpLink:
    """Frames over TCP."""

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self._socket = sock
        self._framer = Framer()
        self._arrived: list[ToClient] = []

    async def say(self, message: Message) -> None:
        """See `Link`."""
        data = to_frame(message)
        try:
            while data:
                data = data[await self._socket.send(data) :]
        except OSError as error:
            raise LinkEndedError(str(error)) from error

    async def hear(self) -> ToClient:
        """See `Link`."""
        while not self._arrived:
            try:
                data = await self._socket.recv(RECEIVE)
            except OSError as error:
                raise LinkEndedError(str(error)) from error
            if not data:
                raise LinkEndedError("closed")
            self._arrived += map(from_server.decode, self._framer.feed(data))
        return self._arrived.pop(0)

    async def reset(self) -> None:
        """See `Link`."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._socket.close()


@asynccontextmanager
async def tcp_link(port: int) -> AsyncIterator[Link]:
    """A link to a server on loopback, closed with the context.

    Raises:
        LinkEndedError: It does not listen.
    """
    with trio.socket.socket() as sock:
        try:
            await sock.connect(("127.0.0.1", port))
        except OSError as error:
            raise LinkEndedError(str(error)) from error
        yield TcpLink(sock)


class WebLink:
    """JSON over a WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def say(self, message: Message) -> None:
        """See `Link`."""
        try:
            await self._connection.send(to_json(message).decode())
        except ConnectionClosed as error:
            raise LinkEndedError(str(error)) from error

    async def hear(self) -> ToClient:
        """See `Link`."""
        try:
            said = await self._connection.recv(decode=False)
        except ConnectionClosed as error:
            raise LinkEndedError(str(error)) from error
        return json_from_server.decode(bytes(said))

    async def reset(self) -> None:
        """See `Link`: here without the WebSocket's own goodbye."""
        await self._connection.stream.aclose()


@asynccontextmanager
async def web_link(port: int) -> AsyncIterator[Link]:
    """A WebSocket to a server on loopback, closed with the context.

    Raises:
        LinkEndedError: There is no handshake.
    """
    url = f"ws://127.0.0.1:{port}/ws"
    try:
        async with connect(
            url, ping_interval=None, compression=None, open_timeout=PATIENCE
        ) as connection:
            yield WebLink(connection)
    except (OSError, WebSocketException) as error:
        raise LinkEndedError(str(error)) from error


class Beats:
    """Heartbeats by HTTP, each a request of its own."""

    def __init__(self, port: int, timeout: float) -> None:
        """`timeout` is what each beat asks for, in seconds."""
        self._http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE)
        self._timeout = timeout

    async def beat(self, client_id: str) -> None:
        """One sign of life.

        Raises:
            LinkEndedError: It was not taken.
        """
        await self._post(f"/api/clients/{client_id}/heartbeat?timeout={self._timeout:g}")

    async def leave(self, client_id: str) -> None:
        """Say goodbye.

        Raises:
            LinkEndedError: It was not taken.
        """
        await self._post(f"/api/clients/{client_id}/leave")

    async def _post(self, path: str) -> None:
        try:
            answer = await self._http.post(path)
        except httpx.HTTPError as error:
            raise LinkEndedError(f"{type(error).__name__}: {error}") from error
        if answer.is_error:
            raise LinkEndedError(f"{path}: {answer.status_code}")


class Count(msgspec.Struct):
    """Something counted by an event stream's reader."""

    events: int = 0


async def read_stream(port: int, count: Count) -> None:
    """Read the event stream until the server ends it.

    Raises:
        LinkEndedError: It did.
    """
    async with httpx.AsyncClient(timeout=PATIENCE) as http:
        try:
            async with http.stream("GET", f"http://127.0.0.1:{port}/api/events") as answer:
                async for line in answer.aiter_lines():
                    count.events += line.startswith("event:")
        except httpx.HTTPError as error:
            raise LinkEndedError(f"{type(error).__name__}: {error}") from error
    raise LinkEndedError("closed")
