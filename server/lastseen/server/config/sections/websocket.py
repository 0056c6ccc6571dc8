"""[websocket]: where browsers connect, and how it is found out that they are gone."""

from typing import Annotated

from msgspec import Meta

from lastseen.server.config.sections.door import DoorHost, DoorPort
from lastseen.server.config.sections.section import HOUR, NEEDS_RESTART, STEERABLE, Section


class WebSocket(Section, frozen=True):
    """Web pages connect here. They speak as clients of the TCP port do, and the server asks each
    of them at times whether it is still there.
    """

    enabled: Annotated[
        bool,
        Meta(description="Whether to listen for WebSockets.", extra=NEEDS_RESTART),
    ] = True
    host: DoorHost = "127.0.0.1"
    port: DoorPort = 8081
    path: Annotated[
        str,
        Meta(
            description="The path that WebSockets are opened at: ws://HOST:8081/ws. Any other is "
            "not found.",
            min_length=1,
            max_length=200,
            extra=NEEDS_RESTART,
        ),
    ] = "/ws"
    ping_interval: Annotated[
        float,
        Meta(
            description="How often the server pings each WebSocket, to see that it lives and to "
            "keep proxies from cutting it: many do so after 60 s of silence, Cloudflare after "
            "100. 0 or less: never.",
            ge=-1,
            le=HOUR,
            extra=STEERABLE,
        ),
    ] = 30
    missed_pongs: Annotated[
        int,
        Meta(
            description="How many pings in a row a WebSocket may leave unanswered; when the next "
            "one is due it is closed. So a dead one is noticed after at most one ping_interval "
            "more than these.",
            ge=1,
            le=100,
            extra=STEERABLE,
        ),
    ] = 2
    origins: Annotated[
        tuple[str, ...],
        Meta(
            description="The origins of pages that may connect, like https://hub.example. Empty: "
            "pages from the host that they connect to, by an address or a name that is known to be "
            "this server's: localhost, the machine's own, those in http.public_url and public_url. "
            '"*": every page that anybody looks at on this machine, whoever wrote it. What is no '
            "browser names no origin, and may always connect.",
            max_length=100,
            extra=NEEDS_RESTART,
        ),
    ] = ()
    public_url: Annotated[
        str,
        Meta(
            description="The address that pages connect to, like wss://hub.example/ws, where a "
            "reverse proxy stands before the server: pages from that host may connect. Empty: "
            "host, port and path.",
            max_length=1000,
            extra=NEEDS_RESTART,
        ),
    ] = ""
