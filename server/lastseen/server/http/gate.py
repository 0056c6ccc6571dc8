"""The ASGI shell around the whole application: who may come in, and what all answers share.

It routes by the path as it came (`paths`), refuses what a browser was made to send (`origins`),
reads a body before anything is done about it, within a bound and a deadline, and gives every answer
the headers that tell browsers to be strict.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
import trio

from lastseen.server.http.origins import Origins
from lastseen.server.http.paths import routed
from lastseen.server.http.problems import MEDIA_TYPE, Problem

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

LARGEST_BODY = 64 * 1024
"""Bytes: what a frame of the wire may have."""

BODY_DEADLINE = 10.0
"""Seconds in which a whole body must have come: it is a few hundred bytes."""

OPEN_TO_ALL = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by supervisors and scrapers under whatever name they have for this machine; they tell only
numbers."""

STREAM = "/api/events"
"""It never ends, so a HEAD of it would not either."""

RETRY_WHEN_BUSY = 5.0
"""Seconds after which a refused request is worth another try: most requests take milliseconds."""

_CLIENTS, _SIGNS_OF_LIFE = "/api/clients/", ("/heartbeat", "/leave")

_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'"
)
"""No script, style or connection but our own, no frame around us, no form that goes elsewhere."""

_SHARED_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_DEFAULT_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""Unless the answer says otherwise itself."""


class _Elsewhere(Exception):
    """It is at another path, relative to the one that was asked for."""


class Gate:
    """Stands before an application."""

    def __init__(
        self, app: App, origins: Origins, base_path: str = "", *, essential_only: bool = False
    ) -> None:
        """`essential_only`: answer heartbeats and health checks only, refuse the rest as `busy`."""
        self._app = app
        self._origins = origins
        self._base_path = base_path
        self._essential_only = essential_only

    def essential(self) -> "Gate":
        """Return the same application for connections that are kept for heartbeats and checks."""
        return Gate(self._app, self._origins, self._base_path, essential_only=True)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await _refuse_other(scope, send)
            return
        async with trio.open_nursery() as nursery:
            body = await _read_body(receive)
            gone = trio.Event()
            nursery.start_soon(_drain, receive, gone)
            with_headers = _dressed(send)
            try:
                inner = self._let_in(scope, body)
            except Problem as problem:
                await _answer(problem, with_headers)
            except _Elsewhere as elsewhere:
                await _send_elsewhere(str(elsewhere), with_headers)
            else:
                await self._app(inner, _receiver(body or b"", gone), with_headers)
            nursery.cancel_scope.cancel()

    def _let_in(self, scope: Message, body: bytes | None) -> Message:
        """The scope as the application sees it.

        Raises:
            Problem: The request is refused.
        """
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        path = routed(scope["raw_path"], self._base_path)
        if path not in OPEN_TO_ALL and (
            why := self._origins.problem_with_host(headers.get("host"))
        ):
            raise Problem("wrong_host", why)
        if why := self._origins.problem_with_origin(scope["method"], headers):
            raise Problem("cross_origin", why)
        if body is None:
            raise Problem("too_large", f"a body of more than {LARGEST_BODY:,} bytes, or too slow")
        if path is None:
            raise Problem("not_found", "no such path")
        if body and not _is_json(headers.get("content-type", "")):
            raise Problem("unsupported_media_type", "expected content-type: application/json")
        is_head = scope["method"] == "HEAD" and path != STREAM
        if self._essential_only and not _is_essential(path):
            sentence = "all connections are in use; only heartbeats and health checks are answered"
            raise Problem("busy", sentence, retry_after=RETRY_WHEN_BUSY)
        if not path:
            raise _Elsewhere(f"{self._base_path.rpartition('/')[2]}/")
        return {
            **scope,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            # Whoever serves us leaves the body of the answer to a HEAD away.
            "method": "GET" if is_head else scope["method"],
        }


def _is_essential(path: str) -> bool:
    """Whether a request counts as a sign of life, ends one, or checks the server's health."""
    return path in OPEN_TO_ALL or (path.startswith(_CLIENTS) and path.endswith(_SIGNS_OF_LIFE))


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body; None if it is too large, too slow or was cut off."""
    body = bytearray()
    with trio.move_on_after(BODY_DEADLINE):
        while len(body) <= LARGEST_BODY:
            message = await receive()
            if message["type"] != "http.request":
                return None
            body += message.get("body", b"")
            if not message.get("more_body", False):
                return bytes(body) if len(body) <= LARGEST_BODY else None
    return None


async def _drain(receive: Receive, gone: trio.Event) -> None:
    """Take what still comes, so that nobody waits to hand it over, until the peer has gone."""
    while (await receive())["type"] == "http.request":
        pass
    gone.set()


def _receiver(body: bytes, gone: trio.Event) -> Receive:
    """What the application receives: the body at once, then that the peer has gone."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    return receive


def _dressed(send: Send) -> Send:
    """Sends with the headers that all answers have."""

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(bytes(n).lower(), bytes(v)) for n, v in message.get("headers", ())]
            given = {name for name, _ in headers}
            headers += [pair for pair in _DEFAULT_HEADERS if pair[0] not in given]
            message = {**message, "headers": [*headers, *_SHARED_HEADERS]}
        await send(message)

    return dressed


async def _answer(problem: Problem, send: Send) -> None:
    details = problem.details
    body = msgspec.json.encode(details.document())
    headers = {"content-type": MEDIA_TYPE, "content-length": str(len(body)), **problem.headers}
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": details.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


async def _send_elsewhere(location: str, send: Send) -> None:
    headers = [(b"location", location.encode()), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 308, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _refuse_other(scope: Message, send: Send) -> None:
    """WebSockets have a port of their own; of anything else we know nothing."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
