"""[http]: the page, the API and the metrics."""

from typing import Annotated

from msgspec import Meta

from lastseen.server.config.sections.door import DoorHost, DoorPort
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
    host: DoorHost = "127.0.0.1"
    port: DoorPort = 8082
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
            "https://hub.example/lastseen/, where a reverse proxy stands before the server, or "
            "where people use a name for it that it does not have itself: that name is taken for "
            "the server's, pages of that origin may make changes, and `lastseen open` opens it. "
            "Empty: host and port.",
            max_length=1000,
            extra=NEEDS_RESTART,
        ),
    ] = ""
