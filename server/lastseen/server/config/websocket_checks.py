"""What the settings of [websocket] must satisfy: an address, a path, origins and a URL in form."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lastseen.server.config.hosts import check_hosts, exposed_hosts
from lastseen.server.config.schema import Config
from lastseen.server.config.sections.section import FASTEST
from lastseen.server.errors import ConfigError
from lastseen.shared.explain import shown

_PATH, _ORIGINS = "websocket.path", "websocket.origins"
_INTERVAL, _PUBLIC_URL = "websocket.ping_interval", "websocket.public_url"

_PLAIN_PATH = re.compile(r"/[A-Za-z0-9._~/-]*")
"""Of characters that nobody percent-encodes."""

_SPECIAL_ORIGINS = ("*", "null")
"""Every page; and what a browser says of a page from a file."""


def check_websocket(config: Config) -> None:
    """Hold [websocket] to what its own bounds cannot say.

    Raises:
        ConfigError: With one sentence: the dotted key, the value met and what was expected.
    """
    settings = config.websocket
    if settings.enabled:
        check_hosts("websocket.host", settings.host, config)
    if not _PLAIN_PATH.fullmatch(settings.path):
        raise ConfigError(f"{_PATH}: expected a path like /ws, got {shown(settings.path)}", [_PATH])
    if 0 < settings.ping_interval < FASTEST:
        raise ConfigError(
            f"{_INTERVAL}: expected {FASTEST:g} seconds or more, or 0 for never,"
            f" got {settings.ping_interval:g}",
            [_INTERVAL],
        )
    for origin in settings.origins:
        _check_origin(origin)
    _check_public_url(settings.public_url)


def websocket_risks(config: Config) -> Iterator[str]:
    """What is allowed and risky."""
    settings = config.websocket
    if not settings.enabled:
        return
    if exposed := exposed_hosts(settings.host):
        yield (
            f"websocket.host is {exposed} and server.allow_anonymous is true: whoever"
            " can reach that address can register as anyone, see everyone and change settings"
        )
    if "*" in settings.origins:
        yield (
            f'{_ORIGINS} has "*": any page that somebody who can reach the server looks at can'
            " register as anyone, see everyone and change settings"
        )


def _check_origin(origin: str) -> None:
    parts = _parts(origin, ("http", "https"))
    bare = parts is not None and origin.rstrip("/") == f"{parts[0]}://{parts[1]}"
    if not bare and origin not in _SPECIAL_ORIGINS:
        raise ConfigError(
            f'{_ORIGINS}: expected "*" or origins like https://hub.example,'
            f" without a path, got {shown(origin)}",
            [_ORIGINS],
        )


def _check_public_url(url: str) -> None:
    if url and _parts(url, ("ws", "wss", "http", "https")) is None:
        raise ConfigError(
            f"{_PUBLIC_URL}: expected an address like wss://hub.example/ws, got {shown(url)}",
            [_PUBLIC_URL],
        )


def _parts(url: str, schemes: tuple[str, ...]) -> tuple[str, str] | None:
    """The scheme of a URL and its host with its port; None where it is none of these."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        return None
    whole = parts.scheme in schemes and parts.hostname and url.isprintable() and " " not in url
    return (parts.scheme, parts.netloc) if whole and parts.username is None else None
