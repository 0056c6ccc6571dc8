"""[notify]: who is told when clients go and come back, and when nobody is to be told."""

from typing import Annotated, Literal, get_args

from msgspec import Meta
from msgspec.structs import replace

from lastseen.server.config.sections.channels import (
    Channel,
    ChannelName,
    ForPeople,
    Globs,
    GroupName,
)
from lastseen.server.config.sections.kinds import Apprise, Command, Telegram, Webhook
from lastseen.server.config.sections.section import Section

__all__ = [
    "DAYS",
    "KINDS",
    "Apprise",
    "Channel",
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

KINDS = ("webhook", "telegram", "apprise", "command")
"""The arrays of `[notify]` whose tables are channels."""

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
            description='When it ends, like "04:00": on the next day where that is not after its '
            "start."
        ),
    ]
    timezone: Annotated[
        str, Meta(description="By whose clock: a name of the IANA, like Europe/Berlin.")
    ] = "UTC"


class Notify(Section, frozen=True, kw_only=True):
    """Notifications: which channels are told that clients go offline and come back.
    docs/configuration.md lists all settings of a channel; docs/notifications.md says what is sent,
    and when.
    """

    returns_during_silence: Annotated[
        bool,
        Meta(
            description="Report a return at once, although a silence or maintenance covers the "
            "client, if its outage was reported before. With false, the return is reported when "
            "the silence ends."
        ),
    ] = True
    timezone: Annotated[
        str,
        Meta(
            description="The time zone of the times in messages that people read: a name of the "
            "IANA, like Europe/Berlin. A channel may have another one. Maintenance has its own."
        ),
    ] = "UTC"
    webhook: Annotated[
        tuple[Webhook, ...],
        Meta(
            description="A program that is sent JSON.",
            max_length=MOST,
            examples=[
                {
                    "name": "pager",
                    "url": "https://pager.example/lastseen",
                    "secret_file": "pager.secret",
                    "via": ["tcp", "http", "lan"],
                }
            ],
        ),
    ] = ()
    telegram: Annotated[
        tuple[Telegram, ...],
        Meta(
            description="A chat of Telegram.",
            max_length=MOST,
            examples=[
                {
                    "name": "family",
                    "token_env": "TELEGRAM_TOKEN",
                    "chat_id": -1001234567890,
                    "reasons": ["closed", "timeout"],
                }
            ],
        ),
    ] = ()
    apprise: Annotated[
        tuple[Apprise, ...],
        Meta(
            description="Mail, Slack, Discord, ntfy and whatever else Apprise can reach.",
            max_length=MOST,
            examples=[{"name": "admins", "url_file": "mail.url", "groups": ["servers"]}],
        ),
    ] = ()
    command: Annotated[
        tuple[Command, ...],
        Meta(
            description="A program that is run.",
            max_length=MOST,
            examples=[{"name": "siren", "argv": ["/usr/local/bin/siren", "--short"]}],
        ),
    ] = ()
    maintenance: Annotated[
        tuple[Maintenance, ...],
        Meta(
            description="A time of the week in which nothing is told of some clients.",
            max_length=MOST,
            examples=[
                {
                    "name": "backups",
                    "clients": ["nas-*"],
                    "days": ["sat", "sun"],
                    "start": "23:30",
                    "end": "04:00",
                    "timezone": "Europe/Berlin",
                }
            ],
        ),
    ] = ()

    @property
    def channels(self) -> tuple[Channel, ...]:
        """All of them, including disabled ones, each with the time zone that applies to it."""
        return tuple(self._in_zone(channel) for kind in KINDS for channel in getattr(self, kind))

    def _in_zone(self, channel: Channel) -> Channel:
        if not isinstance(channel, ForPeople) or channel.timezone:
            return channel
        return replace(channel, timezone=self.timezone)
