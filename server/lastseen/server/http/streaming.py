"""`GET /api/events`: a reader of the stream as an HTTP response that does not end."""

from typing import Annotated, Any

import trio
from litestar import MediaType, Request, Response, get
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter

from lastseen.server.http.access import OBSERVER
from lastseen.server.http.desk import Desk
from lastseen.server.http.problems import REFUSALS, Problem
from lastseen.server.http.stream import Readers, parse_event_id
from lastseen.server.presence.refusals import too_many_watchers
from lastseen.shared.address import format_address
from lastseen.shared.messages import Watch

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),  # nginx would hold events back until it has 4 KB of them
]


class EventStream(Response[None]):
    """Streams until the peer has gone, or the stream ends."""

    def __init__(self, readers: Readers, request: Watch) -> None:
        super().__init__(None)
        self._readers = readers
        self._request = request

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:  # noqa: ANN401 - an ASGI application
        """What sends it."""
        return self._stream

    async def _stream(self, _scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        async def write(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_until_gone, receive, nursery.cancel_scope)
            await self._readers.serve(self._request, write)
            nursery.cancel_scope.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Any, scope: trio.CancelScope) -> None:  # noqa: ANN401 - ASGI
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


def _why_full(readers: Readers, desk: Desk) -> tuple[str, str] | None:
    """Return the code and the sentence with which one more stream is refused; None if it is not."""
    if readers.full:
        return "busy", f"{len(readers)} streams are open already"
    most = desk.steering.config.server.max_watchers
    return too_many_watchers(most) if len(readers.presence.watchers) >= most else None


@get(
    "/api/events",
    guards=[OBSERVER],
    media_type=MediaType.TEXT,
    tags=["stream"],
    summary="Everyone present, then every change",
    responses=REFUSALS
    | {200: ResponseSpec(None, media_type="text/event-stream", description="Events")},
    response_headers=[ResponseHeader(name="x-accel-buffering", value="no")],
)
async def events(
    request: Request[Any, Any, Any],
    readers: NamedDependency[Readers],
    desk: NamedDependency[Desk],
    last_event_id: Annotated[
        str, QueryParameter(max_length=100, description="Resume after this one.")
    ] = "",
) -> EventStream:
    """Server-sent events; see docs/http.md."""
    if readers.stopping:
        raise Problem("stopping", "the server is stopping", retry_after=1.0)
    if why := _why_full(readers, desk):
        code, sentence = why
        address = format_address(*request.client) if request.client else ""
        readers.presence.refuse(code, sentence, address=address)
        raise Problem(code, sentence, retry_after=10.0)
    known = request.headers.get("last-event-id") or last_event_id
    return EventStream(readers, parse_event_id(known))
