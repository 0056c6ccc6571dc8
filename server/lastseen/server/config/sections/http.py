"""[http]: the page, the API and the metrics."""

from typing import Annotated

from msgspec import Meta

from lastseen.server.config.sections.section import NEEDS_RESTART, Section


class Http(Section, frozen=True):
    """The page that shows who is here, the JSON API under it, and metrics."""

    enabled: Annotated[
        bool,
        Meta(
            description="Serve HTTP. Without it the server starts a third of a second sooner.",
            extra=NEEDS_RESTART,
        ),
    ] = True
    host: Annotated[
        str,
        Meta(
            description="The address to listen on, for which the same holds as for server.host: "
            "any but a loopback address also needs server.allow_anonymous = true.",
            min_length=1,
            max_length=253,  # of a DNS name
            extra=NEEDS_RESTART,
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Meta(
            description="The port to listen on. 0 takes any free port, which the log names.",
            ge=0,
            le=65535,
            extra=NEEDS_RESTART,
        ),
    ] = 8082
    base_path: Annotated[
        str,
        Meta(
            description="What every path begins with, like /lastseen, where a reverse proxy passes "
            "on a part of its own tree unchanged. Empty: nothing.",
            max_length=200,
            extra=NEEDS_RESTART,
        ),
    ] = ""
    public_url: Annotated[
        str,
        Meta(
            description="The address of the page as people type it, like "
            "https://hub.example/lastseen/, where a reverse proxy stands before the server: pages "
            "of that origin may make changes, and `lastseen open` opens it. Empty: host and port.",
            max_length=1000,
            extra=NEEDS_RESTART,
        ),
    ] = ""
