"""[[notify.webhook]], [[notify.telegram]], …: the kinds of channels, what each has of its own."""

from typing import Annotated

from msgspec import Meta, field

from lastseen.server.config.secret import IS_SECRET, hide
from lastseen.server.config.sections.channels import Channel, ForPeople

Url = Annotated[str, Meta(max_length=4000)]
"""Characters: longer than any that a service hands out."""
LARGEST_TOPIC = 2**52
"""Telegram: a number of a chat or a topic has at most 52 significant bits."""
Place = Annotated[str, Meta(min_length=1, max_length=1000)]
"""The path of a file, or the name of a variable."""


def _from_file(name: str) -> Meta:
    return Meta(
        description=f"In place of {name}: a file that has it, relative to this file's folder."
    )


def _from_variable(name: str) -> Meta:
    return Meta(description=f"In place of {name}: an environment variable that has it.")


class Webhook(Channel, frozen=True, kw_only=True):
    """A program that is sent each thing as JSON, by HTTP POST, signed by Standard Webhooks."""

    url: Annotated[Url, Meta(description="Where to: http:// or https://.", extra=IS_SECRET)] = ""
    url_file: Annotated[Place | None, _from_file("url")] = None
    url_env: Annotated[Place | None, _from_variable("url")] = None
    secret: Annotated[
        str | tuple[str, ...],
        Meta(
            description="What the messages are signed with: whsec_ and the base64 of 24 to 64 "
            "bytes. Several in a list while one takes over from another. Empty: not signed.",
            extra=IS_SECRET,
        ),
    ] = ()
    secret_file: Annotated[Place | None, _from_file("secret")] = None
    secret_env: Annotated[Place | None, _from_variable("secret")] = None
    headers: Annotated[
        dict[str, str],
        Meta(
            description="Headers to send besides, such as Authorization.",
            max_length=32,
            extra=IS_SECRET,
        ),
    ] = field(default_factory=dict)

    def __post_init__(self) -> None:
        hide(self, "url", "secret", "headers")

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that the messages are signed with."""
        return (self.secret,) if isinstance(self.secret, str) else self.secret


class Telegram(ForPeople, frozen=True, kw_only=True):
    """A chat that a bot of Telegram writes into."""

    chat_id: Annotated[
        int | str,
        Meta(description="Where to: the number of a chat, or @ and the name of a public one."),
    ]
    message_thread_id: Annotated[
        Annotated[int, Meta(ge=2, le=LARGEST_TOPIC)] | None,
        Meta(
            description="The number of a topic, in a group that has topics. The General topic "
            "has none: leave it out."
        ),
    ] = None
    token: Annotated[
        str, Meta(description="The bot's token, as @BotFather gave it.", extra=IS_SECRET)
    ] = ""
    token_file: Annotated[Place | None, _from_file("token")] = None
    token_env: Annotated[Place | None, _from_variable("token")] = None
    api_base: Annotated[
        Url, Meta(description="The Bot API server: another one if you run your own.")
    ] = "https://api.telegram.org"

    def __post_init__(self) -> None:
        hide(self, "token")


class Apprise(ForPeople, frozen=True, kw_only=True):
    """Mail, Slack, Discord, ntfy and all else that Apprise can reach."""

    url: Annotated[
        Url,
        Meta(
            description="Where to, as Apprise writes it: mailto://…, slack://…, ntfy://….",
            extra=IS_SECRET,
        ),
    ] = ""
    url_file: Annotated[Place | None, _from_file("url")] = None
    url_env: Annotated[Place | None, _from_variable("url")] = None

    def __post_init__(self) -> None:
        hide(self, "url")


class Command(Channel, frozen=True, kw_only=True):
    """A program that is run for each thing, with JSON on its standard input."""

    argv: Annotated[
        tuple[str, ...],
        Meta(
            description="The program and its arguments, each by itself: no shell reads them. The "
            "program is named by its path from / on, or is looked for in PATH.",
            min_length=1,
            max_length=100,
        ),
    ]
