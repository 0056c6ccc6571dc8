"""What the doors of [http] and [websocket] have in common: where they are."""

from typing import Annotated

from msgspec import Meta

from lastseen.server.config.sections.section import NEEDS_RESTART

DoorHost = Annotated[
    str,
    Meta(
        description="The address to listen on, for which the same holds as for server.host: "
        "any but a loopback address also needs server.allow_anonymous = true.",
        min_length=1,
        max_length=253,  # of a DNS name
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
