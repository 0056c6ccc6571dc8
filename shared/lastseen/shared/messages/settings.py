"""The settings that concern clients, and how they are changed while the server runs."""

from typing import Annotated

from msgspec import Meta

from lastseen.shared.messages.base import Answer, Request
from lastseen.shared.messages.fields import LONGEST, MetaData, Seconds

WishedSeconds = Annotated[float, Meta(ge=-LONGEST, le=LONGEST)]  # a number; the settings say more


class GetSettings(Request, frozen=True):
    """Answered by `settings`."""


class UpdateSettings(Request, frozen=True):
    """Change what may be changed while running. Answered by `settings`, or by `error`: then nothing
    changed.

    Attributes:
        heartbeat_interval: In seconds, as `connection_timeout`.
        values: Those and others by their dotted keys, like `websocket.ping_interval`; None takes a
            change back.
        reset: Take all changes back, before the others are made.
    """

    heartbeat_interval: WishedSeconds | None = None
    connection_timeout: WishedSeconds | None = None
    values: MetaData = {}
    reset: bool = False


class Settings(Answer, frozen=True):
    """The settings that concern clients, in seconds; also sent unasked when one changes."""

    heartbeat_interval: Seconds
    connection_timeout: Seconds
    reap_interval: Seconds
    reconnect_grace: Seconds
    min_heartbeat_interval: Seconds
    max_heartbeat_interval: Seconds
