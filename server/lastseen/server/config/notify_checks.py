"""What the settings of [notify] must satisfy: forms of URLs, keys and times; names; a store."""

import base64
import binascii
import re
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from urllib.parse import urlsplit

from lastseen.server.config.schema import Config
from lastseen.server.config.sections.channels import LATE_REASON, OFFLINE_REASONS
from lastseen.server.config.sections.notify import (
    KINDS,
    Apprise,
    Channel,
    Command,
    ForPeople,
    Maintenance,
    Telegram,
    Webhook,
)
from lastseen.server.config.store_url import NO_STORE
from lastseen.server.errors import ConfigError
from lastseen.shared.explain import shown

KEY_PREFIX = "whsec_"
"""Standard Webhooks: what a symmetric key begins with; 24 to 64 bytes in base64 follow."""
SHORTEST_KEY, LONGEST_KEY = 24, 64

_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
_CHAT = re.compile(r"-?[0-9]+|@[A-Za-z][A-Za-z0-9_]+")
_APPRISE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\x00-\x20\x7f]+")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, token
_OURS = re.compile(r"webhook-.*|content-(type|length)|host|transfer-encoding", re.IGNORECASE)

Problem = tuple[str, str]
"""The name of a setting, and what is wrong with it: `expected …`; never the value of a secret."""


def check_notify(config: Config) -> None:
    """Hold [notify] to what its own bounds cannot say.

    Raises:
        ConfigError: With one sentence: the dotted key, what was expected, and the value met
            unless it is a secret.
    """
    notify = config.notify
    if not _is_zone(notify.timezone):
        raise ConfigError(f"notify.timezone: {_wrong_zone(notify.timezone)}", ["notify.timezone"])
    for kind in (*KINDS, "maintenance"):
        for index, item in enumerate(getattr(notify, kind)):
            for name, problem in chain(_problems_with_any(item), _PROBLEMS[type(item)](item)):
                raise ConfigError(f"notify.{kind}[{index}].{name}: {problem}", [f"notify.{kind}"])
    _check_names("channels", notify.channels)
    _check_names("maintenance", notify.maintenance)
    _check_store(config)


def _check_names(what: str, named: Iterable[Channel | Maintenance]) -> None:
    seen = set()
    for item in named:
        if item.name in seen:
            raise ConfigError(
                f"notify: expected {what} of different names, got two {shown(item.name)}",
                [f"notify.{kind}" for kind in (*KINDS, "maintenance")],
            )
        seen.add(item.name)


def _check_store(config: Config) -> None:
    enabled = [channel.name for channel in config.notify.channels if channel.enabled]
    if enabled and config.store.url == NO_STORE:
        raise ConfigError(
            f'store.url: expected a database, got "{NO_STORE}": the channel {shown(enabled[0])} is'
            " enabled, and what is told is kept there until it is sent",
            ["store.url"],
        )


def _problems_with_any(item: Channel | Maintenance) -> Iterator[Problem]:
    if not item.name.isprintable():
        yield "name", f"expected printable text, got {shown(item.name)}"
    if isinstance(item, ForPeople) and item.timezone and not _is_zone(item.timezone):
        yield "timezone", _wrong_zone(item.timezone)
    reasons = item.reasons if isinstance(item, Channel) else ()
    if set(reasons) == {LATE_REASON} or not set(reasons) <= {LATE_REASON, *OFFLINE_REASONS}:
        index, wrong = next((i, r) for i, r in enumerate(reasons) if r not in OFFLINE_REASONS)
        yield f"reasons[{index}]", f"expected {_either(OFFLINE_REASONS)}, got {shown(wrong)}"


def _problems_with_webhook(channel: Webhook) -> Iterator[Problem]:
    if channel.url and not _is_http(channel.url):
        yield "url", "expected an http:// or https:// URL (not shown: it may hold a secret)"
    for place, key in enumerate(channel.secrets):
        if not _is_key(key):
            which = "" if isinstance(channel.secret, str) else f"[{place}]"
            yield (
                f"secret{which}",
                (
                    f"expected {KEY_PREFIX} and the base64 of {SHORTEST_KEY} to {LONGEST_KEY} bytes"
                    " (not shown)"
                ),
            )
    for name, value in channel.headers.items():
        if not _HEADER.fullmatch(name) or _OURS.fullmatch(name):
            yield "headers", f"expected the name of a header that is not ours, got {shown(name)}"
        if not (value[:].isascii() and value.isprintable()):
            yield f"headers.{name}", "expected printable ASCII text (not shown)"


def _problems_with_telegram(channel: Telegram) -> Iterator[Problem]:
    if channel.token and not _TOKEN.fullmatch(channel.token):
        yield "token", "expected digits, a colon, and letters, digits, _ or - (not shown)"
    if not _CHAT.fullmatch(str(channel.chat_id)):
        yield "chat_id", f"expected a number, or @ and a name, got {shown(channel.chat_id)}"
    if "@" in channel.api_base:
        yield "api_base", "expected no user or password in it: it is no secret, and would be shown"
    elif not _is_http(channel.api_base):
        yield "api_base", f"expected an http:// or https:// URL, got {shown(channel.api_base)}"


def _problems_with_apprise(channel: Apprise) -> Iterator[Problem]:
    if channel.url and not _APPRISE.fullmatch(channel.url):
        yield "url", "expected a URL of Apprise, like mailto://… (not shown: it may hold a secret)"


def _problems_with_command(channel: Command) -> Iterator[Problem]:
    program = channel.argv[0]
    if not program or ("/" in program and not program.startswith("/")):
        yield "argv[0]", f"expected a path from / on, or a name, got {shown(program)}"
    if any("\0" in argument for argument in channel.argv):
        yield "argv", "expected text without zero bytes"


def _problems_with_maintenance(window: Maintenance) -> Iterator[Problem]:
    for name, value in (("start", window.start), ("end", window.end)):
        if not _TIME.fullmatch(value):
            yield name, f"expected a time like 22:30, got {shown(value)}"
    if not _is_zone(window.timezone):
        yield "timezone", _wrong_zone(window.timezone)


_PROBLEMS: dict[type, Callable[..., Iterator[Problem]]] = {
    Webhook: _problems_with_webhook,
    Telegram: _problems_with_telegram,
    Apprise: _problems_with_apprise,
    Command: _problems_with_command,
    Maintenance: _problems_with_maintenance,
}


def _either(choices: Sequence[str]) -> str:
    return ", ".join(choices[:-1]) + f" or {choices[-1]}"


def _wrong_zone(name: str) -> str:
    return f"expected a zone like Europe/Berlin or UTC, got {shown(name)}"


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url[:])
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and url.isprintable()
        and " " not in url
    )


def _is_key(text: str) -> bool:
    try:
        key = base64.b64decode(text.removeprefix(KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith(KEY_PREFIX) and SHORTEST_KEY <= len(key) <= LONGEST_KEY


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # a path, a folder
        return False
    return True
