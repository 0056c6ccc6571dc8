"""[log]: what the server says of itself."""

from typing import Annotated, Literal

from msgspec import Meta

from lastseen.server.config.sections.section import NEEDS_RESTART, Section


class Log(Section, frozen=True):
    """The log goes to standard error, one line an event."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(
            description='The least important events that are logged. "info" has every coming '
            'and going of a client, "debug" every message.',
        ),
    ] = "info"
    format: Annotated[
        Literal["console", "json"],
        Meta(
            description='"console" is for people; "json" for programs: an object a line, times '
            "in UTC.",
            extra=NEEDS_RESTART,
        ),
    ] = "console"
