"""The application: every path, behind the gate."""

from collections.abc import Callable
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.enums import OpenAPIMediaType
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from lastseen.server.http import (
    clients,
    counting,
    health,
    heartbeats,
    metrics,
    pages,
    server,
    settings,
    streaming,
    telling,
    timelines,
)
from lastseen.server.http.desk import Desk
from lastseen.server.http.folder import Folder
from lastseen.server.http.gate import Gate
from lastseen.server.http.origins import Origins
from lastseen.server.http.parameters import refuse_unknown
from lastseen.server.http.problems import answer_problem
from lastseen.server.http.stream import Readers
from lastseen.shared.version import VERSION

_HANDLERS = [
    clients.list_clients,
    clients.show_client,
    clients.show_events,
    clients.show_uptime,
    heartbeats.heartbeat,
    heartbeats.leave,
    heartbeats.forget,
    timelines.show_timelines,
    counting.counts,
    counting.groups,
    settings.show_settings,
    settings.change_settings,
    settings.reset_settings,
    telling.show_deliveries,
    telling.retry,
    telling.show_silences,
    telling.silence,
    telling.unsilence,
    telling.show_channels,
    telling.enable_channel,
    telling.test_channel,
    server.stats,
    metrics.metrics,
    streaming.events,
    health.healthz,
    health.readyz,
    pages.index,
    pages.file,
]

NO_PARTS = metrics.Parts()


def make_app(
    desk: Desk,
    readers: Readers,
    origins: Origins,
    base_path: str = "",
    folder: Folder | None = None,
    parts: metrics.Parts = NO_PARTS,
) -> Gate:
    """The whole of HTTP as an ASGI application without a lifespan."""
    app = Litestar(
        _HANDLERS,
        dependencies={
            "desk": _provide(desk),
            "readers": _provide(readers),
            "folder": _provide(folder or Folder()),
            "exposition": _provide(metrics.Exposition(metrics.Server(desk, readers, parts))),
        },
        before_request=refuse_unknown,
        exception_handlers={Exception: answer_problem, HTTPException: answer_problem},
        openapi_config=OpenAPIConfig(
            title="lastseen",
            version=VERSION,
            description="Who is online right now, and when everyone else was last seen.",
            path="/schema",
            render_plugins=[JsonRenderPlugin(path="/", media_type=OpenAPIMediaType.OPENAPI_JSON)],
        ),
        logging_config=None,
    )
    return Gate(app, origins, base_path)  # type: ignore[arg-type] # its scopes are dictionaries, too


def _provide(value: Any) -> Provide:  # noqa: ANN401 - whatever handlers need
    provide: Callable[[], Any] = lambda: value  # noqa: E731 - of a type that Provide knows
    return Provide(provide, sync_to_thread=False)
