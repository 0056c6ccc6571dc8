"""HTTP connections, each served by Hypercorn's trio worker in a task of its own.

Hypercorn's `serve` is not used, only what it starts for a connection: it shields each send from
being cancelled, so that one reader that stopped reading would hold up the end of the server for
ever. Here a send has a deadline, a crash ends one connection, and there is a bound to their number.
"""

import logging
import socket
from contextlib import suppress
from functools import partial
from typing import Any, cast

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState

from lastseen.server import logs
from lastseen.server.config.hosts import EVERY_ADDRESS, EVERY_IPV4
from lastseen.server.config.sections.door import hosts_of
from lastseen.server.config.sections.http import Http
from lastseen.server.config.sections.section import MANY
from lastseen.server.http.gate import Gate
from lastseen.server.http.http1 import Http1Server
from lastseen.server.http.problems import RETRY_WHEN_FULL, Problem, raw_response
from lastseen.server.http.stream import READERS, Readers
from lastseen.shared.address import format_address

PATIENCE = 20.0
"""Seconds that a peer may take none of what is sent to it."""

READ_BEFORE_REFUSAL = 64 * 1024
"""Bytes of a request that are read before it is refused."""

KEPT_SHARE = 10
"""One in so many connections is kept for heartbeats and health checks."""

FAREWELL = 1.0
"""Seconds in which, at the end, open requests are answered and readers told."""

_ANYWHERE = frozenset({EVERY_IPV4, EVERY_ADDRESS})
"""Addresses that can be listened on; a browser can open neither."""

log = logs.get_logger()


class HttpServer:
    """Serves an application to every connection that comes in.

    Attributes:
        port: Where it is listened: 0 in the settings is any.
        most: Connections open at once; `limit` sets it.
    """

    most = MANY

    def __init__(self, app: Gate, readers: Readers, settings: Http) -> None:
        self._app = ASGIWrapper(app)  # type: ignore[arg-type] # its scopes are dictionaries, too
        self._readers = readers
        self._settings = settings
        self.port = settings.port
        self._config = _config()
        self._context = WorkerContext(None)
        self._essential_app = ASGIWrapper(app.essential())  # type: ignore[arg-type] # likewise
        self._streams: set[PatientStream] = set()
        self._idle: dict[PatientStream, None] = {}
        self._nursery: trio.Nursery | None = None

    def __len__(self) -> int:
        """How many connections are open."""
        return len(self._streams)

    @property
    def url(self) -> str:
        """Where people find the page."""
        hosts = hosts_of(self._settings.host)
        host = "localhost" if _ANYWHERE.intersection(hosts) else hosts[0]
        here = f"http://{format_address(host, self.port)}{self._settings.base_path}/"
        return self._settings.public_url or here

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve for ever whom `admit` lets in."""
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            await trio.sleep_forever()

    def limit(self, connections: int) -> None:
        """Serve at most so many connections at once; half of them may be event streams."""
        self.most = connections
        self._readers.most = min(READERS, connections // 2)

    def admit(self, sock: socket.socket, peer: tuple[str, int]) -> None:
        """A connection has come in.

        When all connections are in use, the one that has been idle longest gives way. When none is
        idle, the connections kept for heartbeats and health checks are used, and then it is
        refused.
        """
        if self._nursery is None or self._readers.stopping:
            sock.close()
            return
        kept = self.most // KEPT_SHARE
        app = self._app
        if len(self._streams) >= self.most - kept and not self._close_idle():
            app = self._essential_app
        if len(self._streams) >= self.most:
            self._refuse(sock, peer)
            return
        stream = PatientStream(trio.SocketStream(trio.socket.from_stdlib_socket(sock)))
        self._streams.add(stream)
        self._idle[stream] = None
        self._nursery.start_soon(self._serve, stream, app, peer)

    async def stop(self) -> None:
        """Take no more, end the streams, and wait a moment for what is being answered."""
        self._readers.end()
        await self._context.terminated.set()
        with trio.move_on_after(FAREWELL):
            while self._streams:  # noqa: ASYNC110 - the last second of a server may poll
                await trio.sleep(FAREWELL / 50)
        self.close_all()

    def close_all(self) -> None:
        """Send nothing more to anybody."""
        for stream in self._streams:
            stream.give_up()

    def _refuse(self, sock: socket.socket, peer: tuple[str, int]) -> None:
        """Answer 503 and close: as far as the socket takes the answer at once."""
        why = f"{len(self._streams)} HTTP connections are open, and there is room for {self.most}"
        self._readers.presence.refuse("too_many_connections", why, address=format_address(*peer))
        problem = Problem("too_many_connections", why, RETRY_WHEN_FULL)
        with sock:
            with suppress(OSError):  # a request left unread would turn the answer into a reset
                sock.recv(READ_BEFORE_REFUSAL)
            with suppress(OSError):  # the peer was quicker
                sock.send(raw_response(problem))

    def _close_idle(self) -> bool:
        """Close the connection that has been idle longest; False where none is idle."""
        for stream in self._idle:
            self._forget(stream)
            stream.serving.cancel()
            return True
        return False

    def _set_idle(self, stream: "PatientStream", is_idle: bool) -> None:
        self._idle.pop(stream, None)
        if is_idle and stream in self._streams:
            self._idle[stream] = None

    def _forget(self, stream: "PatientStream") -> None:
        self._idle.pop(stream, None)
        self._streams.discard(stream)

    async def _serve(
        self, stream: "PatientStream", app: ASGIWrapper, peer: tuple[str, int]
    ) -> None:
        state, on_idle = ConnectionState({}), partial(self._set_idle, stream)
        try:
            with stream.serving:
                await Http1Server(app, self._config, self._context, state, stream, on_idle=on_idle)
        except Exception:  # one connection's fault must not end the server
            log.exception("an HTTP connection crashed", address=format_address(*peer))
        finally:
            self._forget(stream)
            stream.socket.close()


class PatientStream:
    """A socket whose peer must take what is sent, in time.

    Attributes:
        serving: Cancelled to close the connection at once.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        self.socket = stream.socket
        self.serving = trio.CancelScope()
        self._stream = stream
        self._sending = trio.CancelScope()
        self._given_up = False

    async def send_all(self, data: bytes) -> None:
        """Send everything, or close.

        Raises:
            trio.BrokenResourceError: The peer takes nothing, or has gone.
        """
        with trio.CancelScope(deadline=trio.current_time() + PATIENCE) as self._sending:
            if not self._given_up:
                await self._stream.send_all(data)
                return
        # Whoever serves us would go on with the next request, after a hole, or wait for one.
        await trio.aclose_forcefully(self._stream)
        raise trio.BrokenResourceError("the peer does not read")

    async def receive_some(self, most: int | None = None) -> bytes:
        """What has come; nothing at the end."""
        return await self._stream.receive_some(most)

    async def send_eof(self) -> None:
        """Nothing more will be sent."""
        await self._stream.send_eof()

    async def aclose(self) -> None:
        """Close."""
        await self._stream.aclose()

    def give_up(self) -> None:
        """Send nothing more, whatever is being sent."""
        self._given_up = True
        self._sending.cancel()


class _Log:
    """Hypercorn's log, in ours. A request is not worth a line."""

    def __init__(self, _config: Config) -> None:
        pass

    async def access(self, *_: object) -> None:
        """A request was answered."""

    async def exception(self, message: str, *_: object) -> None:
        """The application raised."""
        log.exception(message)  # noqa: LOG004 - hypercorn calls it in its handler

    async def warning(self, message: str, *_: object) -> None:
        """Something is not as it should be."""
        log.warning(message)

    critical = error = warning

    async def info(self, *_: object) -> None:
        """It runs."""

    debug = info

    async def log(self, level: int, message: str, *_: object) -> None:
        """Something of a level."""
        if level >= logging.WARNING:
            log.warning(message)


def _config() -> Config:
    config = Config()
    config.logger_class = cast("Any", _Log)
    config.include_server_header = False
    config.keep_alive_timeout = 15  # seconds until a request: the page asks every few of them
    return config
