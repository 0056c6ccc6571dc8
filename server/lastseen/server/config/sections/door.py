"""What [server], [websocket] and [http] share: the addresses and the port they listen on."""

from typing import Annotated

from msgspec import Meta

from lastseen.server.config.sections.section import NEEDS_RESTART

_Host = Annotated[str, Meta(min_length=1, max_length=253)]
"""In characters: as long as a DNS name may be."""

Hosts = _Host | Annotated[tuple[_Host, ...], Meta(min_length=1, max_length=16)]
"""One address, or several."""

DoorHost = Annotated[
    Hosts,
    Meta(
        description="The address to listen on, or a list of several, as in server.host: any but "
        "a loopback address also needs server.allow_anonymous = true.",
        extra=NEEDS_RESTART,
    ),
]

DoorPort = Annotated[
    int,
    Meta(
        description="The port to listen on. 0 takes any free port, which the log names.",
        ge=0,
        le=65535,
        extra=NEEDS_RESTART,
    ),
]


def hosts_of(host: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the addresses in a `host` setting."""
    return (host,) if isinstance(host, str) else host
