"""[limits]: how far the intervals may be changed."""

from typing import Annotated

from msgspec import Meta

from lastseen.server.config.sections.section import DAY, FASTEST, Section


class Limits(Section, frozen=True):
    """The guard rails of heartbeat_interval, which can be changed over the wire while the server
    runs, and of lan.announce_interval. Whoever wants them faster lowers the rails on purpose.
    """

    min_heartbeat_interval: Annotated[
        float,
        Meta(
            description="The shortest allowed. Each halving doubles what all clients send and "
            "the server answers.",
            ge=FASTEST,
            le=DAY,
        ),
    ] = 10
    max_heartbeat_interval: Annotated[
        float,
        Meta(
            description="The longest allowed. Beyond ten minutes routers forget idle links, "
            "and a client can be gone for long before anyone knows.",
            ge=FASTEST,
            le=DAY,
        ),
    ] = 600
