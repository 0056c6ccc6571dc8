"""The same service as one writes it with `websockets` on asyncio: a task for each connection, the
library's own heartbeat, a dict of who is here. What lastseen does besides (history, watchers,
limits, …) it leaves out.

`python -m benchmarks.plain_websockets_server PORT PING_INTERVAL COMPRESSION`; the last is `none`,
or `deflate` as the library has it by default.
"""

import asyncio
import secrets
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError
from websockets.typing import Subprotocol

from lastseen.shared.messages import Ping, Register, Registered, ToServer
from lastseen.shared.wire import PONG, to_json

BACKLOG = 1024
CONNECTION_TIMEOUT = 120.0
ANSWER = to_json(PONG).decode()

decoder = msgspec.json.Decoder(ToServer)


@dataclass(slots=True)
class Client:
    """Someone present."""

    register: Register
    connection: ServerConnection
    last_ping: float


clients: dict[str, Client] = {}


async def handle(connection: ServerConnection) -> None:
    """One connection, from its first message to its end."""
    client: Client | None = None
    try:
        async for text in connection:
            message = decoder.decode(text)
            if isinstance(message, Ping):
                if client:
                    client.last_ping = time.monotonic()
                await connection.send(ANSWER)
            elif isinstance(message, Register):
                client = Client(message, connection, time.monotonic())
                clients[message.client_id] = client
                await connection.send(_registered(message))
    except ConnectionClosedError:
        pass  # whatever became of the link, the client has left with it
    finally:
        if client and clients.get(client.register.client_id) is client:
            del clients[client.register.client_id]


def _registered(message: Register) -> str:
    now, session = datetime.now(UTC), secrets.token_hex(8)
    answer = Registered(message.client_id, session, 60, CONNECTION_TIMEOUT, now, session, 0)
    return to_json(answer).decode()


async def main(port: int, ping_interval: float, compression: str | None) -> None:
    """Serve until killed."""
    server = serve(
        handle,
        "127.0.0.1",
        port,
        subprotocols=[Subprotocol("lastseen.json")],
        ping_interval=ping_interval,
        ping_timeout=CONNECTION_TIMEOUT,
        compression=compression,
        backlog=BACKLOG,
    )
    async with server:
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    port, ping_interval, compression = sys.argv[1:]
    asyncio.run(main(int(port), float(ping_interval), {"none": None}.get(compression, compression)))
