"""HTTP/1.1 and nothing else, of what Hypercorn speaks.

Without TLS it also takes HTTP/2, from whoever begins with its preface or asks for `h2c`. No browser
does either, proxies need to be told to; and a peer that grants a stream no window keeps its seat
for ever, since to the socket nobody is late. So the preface is refused, and an upgrade is not made:
the request is answered as it is (RFC 9110, section 7.8).
"""

from collections.abc import Callable
from typing import Any

import h11
from hypercorn.events import Closed, Event, Updated
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.tcp_server import TCPServer

from lastseen.shared.address import plain_host

VERSIONS = (b"1.0", b"1.1")


class Http1Server(TCPServer):
    """Serves one connection, by `Http1`."""

    def __init__(self, *arguments: Any, on_idle: Callable[[bool], None]) -> None:  # noqa: ANN401 - see TCPServer
        """`on_idle` learns True when the connection waits for a request, False when one begins."""
        super().__init__(*arguments)
        self._on_idle = on_idle
        self._has_ended = False

    async def protocol_send(self, event: Event) -> None:
        """Send an event of the protocol; see `TCPServer`."""
        if isinstance(event, Updated):
            # Hypercorn would wait for another request for `keep_alive_timeout`, with the socket
            # in CLOSE_WAIT, although the peer has closed the connection.
            if self._has_ended:
                return
            self._on_idle(event.idle)
        await super().protocol_send(event)

    async def _read_data(self) -> None:
        made = self.protocol
        made.protocol = Http1(
            made.app,
            made.config,
            made.context,
            made.task_group,
            made.state,
            made.ssl,
            made.client and (plain_host(made.client[0]), made.client[1]),
            made.server,
            made.send,
        )
        await super()._read_data()
        self._has_ended = True
        await self.idle_task.stop()


class Http1(H11Protocol):
    """One that goes over to no other version."""

    async def _check_protocol(self, event: h11.Request) -> None:
        """Stay, whatever the peer would rather speak."""

    async def _create_stream(self, request: h11.Request) -> None:
        if request.http_version in VERSIONS:
            await super()._create_stream(request)
        else:
            await self._send_error_response(505)
            await self.send(Closed())
