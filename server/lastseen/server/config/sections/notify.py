"""[notify]: who is told when clients go and come back, and when nobody is to be told."""

from typing import Annotated, Literal, get_args

from msgspec import Meta

from lastseen.server.config.sections.channels import (
    Apprise,
    Channel,
    ChannelName,
    Command,
    ForPeople,
    Globs,
    GroupName,
    Telegram,
    Webhook,
)
from lastseen.server.config.sections.section import Section

__all__ = [
    "Apprise",
    "Channel",
    "DAYS",
    "Command",
    "Day",
    "ForPeople",
    "Maintenance",
    "Notify",
    "Telegram",
    "Webhook",
]

MOST = 1000
"""Channels or windows of one kind: more is a slip."""

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
"""In the order of `datetime.weekday`."""


class Maintenance(Section, frozen=True, kw_only=True):
    """A time of the week in which nothing is told of some clients. What is still offline when it
    ends is told then.
    """

    name: ChannelName
    clients: Annotated[
        Globs,
        Meta(description="Clients whose client_id is like one of these (*, ?, […]). Empty: any."),
    ] = ()
    groups: Annotated[
        tuple[GroupName, ...],
        Meta(description="Members of one of these groups. Empty: of any or none."),
    ] = ()
    days: Annotated[
        tuple[Day, ...],
        Meta(
            description="The days on which it starts: mon, tue, wed, thu, fri, sat, sun. Empty: "
            "every day."
        ),
    ] = ()
    start: Annotated[
        str, Meta(description='When it starts, like "22:30", by the clock of timezone.')
    ]
    end: Annotated[
        str,
        Meta(
            description='When it ends, like "04:00"; on the next day where that is before its '
            'start. "24:00" is midnight.'
        ),
    ]
    timezone: Annotated[
        str, Meta(description="By whose clock: a name of the IANA, like Europe/Berlin.")
    ] = "UTC"


class Notify(Section, frozen=True, kw_only=True):
    """Who is told when clients go and come back: any number of channels of each kind."""

    webhook: Annotated[
        tuple[Webhook, ...], Meta(description="Programs that are sent JSON.", max_length=MOST)
    ] = ()
    telegram: Annotated[
        tuple[Telegram, ...], Meta(description="Chats of Telegram.", max_length=MOST)
    ] = ()
    apprise: Annotated[
        tuple[Apprise, ...],
        Meta(description="Mail and whatever else Apprise can reach.", max_length=MOST),
    ] = ()
    command: Annotated[
        tuple[Command, ...], Meta(description="Programs that are run.", max_length=MOST)
    ] = ()
    maintenance: Annotated[
        tuple[Maintenance, ...],
        Meta(description="Times of the week in which nothing is told.", max_length=MOST),
    ] = ()

    @property
    def channels(self) -> tuple[Channel, ...]:
        """All of them, those that are not enabled too."""
        return (*self.webhook, *self.telegram, *self.apprise, *self.command)
