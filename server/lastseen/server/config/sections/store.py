"""[store]: what outlives the server."""

from typing import Annotated

from msgspec import Meta

from lastseen.server.config.secret import IS_SECRET
from lastseen.server.config.sections.section import CENTURY, FASTEST, HOUR, NEEDS_RESTART, Section


class Store(Section, frozen=True):
    """What outlives the server: who was ever here, when last, and what happened when."""

    url: Annotated[
        str,
        Meta(
            description="The database: sqlite:///FILE, FILE relative to this file's folder; or "
            "postgresql+psycopg://USER:PASSWORD@HOST/NAME, which needs the extra `postgres`; or "
            '"none" for a server that remembers nothing.',
            min_length=1,
            max_length=1000,
            extra=NEEDS_RESTART | IS_SECRET,  # it may have a password in it
        ),
    ] = "sqlite:///lastseen.db"
    flush_interval: Annotated[
        float,
        Meta(
            description="How often the last sign of life of each client is written. What "
            "changes a status is written at once.",
            ge=FASTEST,
            le=HOUR,
        ),
    ] = 10
    offline_retention: Annotated[
        float,
        Meta(
            description="For how many days a client that is offline is remembered.",
            ge=0.01,
            le=CENTURY,
        ),
    ] = 30
    event_retention: Annotated[
        float,
        Meta(
            description="For how many days history is remembered.",
            ge=0.01,
            le=CENTURY,
        ),
    ] = 90
