"""The baseline: lastseen's wire, served as one first writes a trio server, a task a connection.

This is the idiom, and done well: `SocketStream`, the same framing and decoding, no locks where none
are needed, nothing logged. What it leaves out (limits, takeovers, grace, history, clocks) only
makes it quicker. Run as `python -m benchmarks.plain_trio_server PORT`.
"""

import secrets
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import trio

from lastseen.shared.errors import WireError
from lastseen.shared.framing import Framer
from lastseen.shared.messages import (
    Answer,
    ClientList,
    ClientRecord,
    Diff,
    Leave,
    Message,
    Ping,
    Register,
    Registered,
    SetAvailability,
    ToServer,
    Watch,
)
from lastseen.shared.wire import PONG_FRAME, from_client, to_frame

CONNECTION_TIMEOUT = 120.0
REAP_INTERVAL = 10.0
DIFFS_WAITING = 100
"""Diffs that may wait for a slow watcher before it is dropped."""


@dataclass(slots=True)
class Client:
    """Someone present."""

    register: Register
    stream: trio.SocketStream
    address: str
    since: datetime
    last_ping: float
    availability: SetAvailability = field(default_factory=lambda: SetAvailability("available"))

    def record(self) -> ClientRecord:
        """As watchers see it."""
        said = self.register
        return ClientRecord(
            said.client_id,
            "online",
            "registered",
            self.since,
            datetime.now(UTC),
            name=said.name,
            hostname=said.hostname,
            groups=said.groups,
            meta=said.meta,
            availability=self.availability.availability,
            note=self.availability.note,
            address=self.address,
            sessions=1,
        )


class Server:
    """Who is here, and who is to hear of it."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._clients: dict[str, Client] = {}
        self._watchers: dict[trio.SocketStream, trio.MemorySendChannel[bytes]] = {}
        self._epoch, self._revision = secrets.token_hex(8), 0

    async def serve(self, stream: trio.SocketStream) -> None:
        """One connection, from its first byte to its last."""
        client: Client | None = None
        try:
            async for message in _messages(stream):
                if isinstance(message, Ping):
                    if client:
                        client.last_ping = trio.current_time()
                    await stream.send_all(PONG_FRAME)
                elif isinstance(message, Register):
                    client = self._register(message, stream)
                    await stream.send_all(to_frame(self._registered(client)))
                elif isinstance(message, Watch):
                    await self._watch(stream)
                elif isinstance(message, SetAvailability) and client:
                    client.availability = message
                    self._tell(updates=[client.record()])
                elif isinstance(message, Leave):
                    break
        except (trio.BrokenResourceError, trio.ClosedResourceError, WireError):
            pass  # whatever became of the link, the client has left with it
        finally:
            self._left(stream, client)
            await trio.aclose_forcefully(stream)

    async def reap(self) -> None:
        """Drop the silent, for ever."""
        while True:
            await trio.sleep(REAP_INTERVAL)
            deadline = trio.current_time() - CONNECTION_TIMEOUT
            for client in silent_since(deadline, self._clients):
                await trio.aclose_forcefully(client.stream)

    def _register(self, message: Register, stream: trio.SocketStream) -> Client:
        host, port = stream.socket.getpeername()
        now = datetime.now(UTC)
        client = Client(message, stream, f"{host}:{port}", now, trio.current_time())
        self._clients[message.client_id] = client
        self._tell(joins=[client.record()])
        return client

    def _registered(self, client: Client) -> Answer:
        return Registered(
            client.register.client_id,
            secrets.token_hex(8),
            60,
            CONNECTION_TIMEOUT,
            client.since,
            self._epoch,
            self._revision,
        )

    async def _watch(self, stream: trio.SocketStream) -> None:
        records = [client.record() for client in self._clients.values()]
        await stream.send_all(to_frame(ClientList(records, self._epoch, self._revision)))
        sending, receiving = trio.open_memory_channel[bytes](DIFFS_WAITING)
        self._watchers[stream] = sending
        self._nursery.start_soon(_send_diffs, stream, receiving)

    def _tell(
        self, joins: list[ClientRecord] | None = None, updates: list[ClientRecord] | None = None
    ) -> None:
        self._revision += 1
        if not self._watchers:
            return
        diff: Message = Diff(self._epoch, self._revision, joins=joins or [], updates=updates or [])
        frame = to_frame(diff)
        for stream, channel in list(self._watchers.items()):
            try:
                channel.send_nowait(frame)
            except (trio.WouldBlock, trio.BrokenResourceError):
                self._stop_watching(stream)

    def _left(self, stream: trio.SocketStream, client: Client | None) -> None:
        self._stop_watching(stream)
        if client and self._clients.get(client.register.client_id) is client:
            del self._clients[client.register.client_id]

    def _stop_watching(self, stream: trio.SocketStream) -> None:
        if channel := self._watchers.pop(stream, None):
            channel.close()


def silent_since(deadline: float, clients: dict[str, Client]) -> list[Client]:
    """Everyone last heard from before `deadline`: a look at each, as one writes it first."""
    return [client for client in clients.values() if client.last_ping < deadline]


async def _messages(stream: trio.SocketStream) -> AsyncIterator[ToServer]:
    framer = Framer()
    async for data in stream:
        for payload in framer.feed(bytes(data)):
            yield from_client.decode(payload)


async def _send_diffs(stream: trio.SocketStream, diffs: trio.MemoryReceiveChannel[bytes]) -> None:
    """A task for each watcher, so that a slow one makes nobody else wait."""
    try:
        async for frame in diffs:
            await stream.send_all(frame)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        diffs.close()


async def main(port: int) -> None:
    """Serve until killed."""
    async with trio.open_nursery() as nursery:
        server = Server(nursery)
        nursery.start_soon(server.reap)
        listeners = await trio.open_tcp_listeners(port, host="127.0.0.1")
        await trio.serve_listeners(server.serve, listeners, handler_nursery=nursery)


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]))
