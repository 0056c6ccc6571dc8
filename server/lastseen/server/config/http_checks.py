"""What the settings of [http] must satisfy: an address that may be listened on, URLs in form."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lastseen.server.config.hosts import check_hosts, exposed_hosts
from lastseen.server.config.schema import Config
from lastseen.server.errors import ConfigError
from lastseen.shared.explain import shown

_BASE_PATH, _PUBLIC_URL = "http.base_path", "http.public_url"

_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
"""Without a slash at the end, and of characters that nobody percent-encodes."""


def check_http(config: Config) -> None:
    """Hold [http] to what its own bounds cannot say.

    Raises:
        ConfigError: With one sentence: the dotted key, the value met and what was expected.
    """
    http = config.http
    if http.enabled:
        check_hosts("http.host", http.host, config)
    if not _PATH.fullmatch(http.base_path) or "/." in http.base_path:
        raise ConfigError(
            f"{_BASE_PATH}: expected nothing or a path like /lastseen, without a slash at its end,"
            f" got {shown(http.base_path)}",
            [_BASE_PATH],
        )
    if http.public_url and (problem := _problem_with_url(http.public_url)):
        raise ConfigError(f"{_PUBLIC_URL}: {problem}", [_PUBLIC_URL])


def http_risks(config: Config) -> Iterator[str]:
    """What is allowed and risky."""
    if config.http.enabled and (exposed := exposed_hosts(config.http.host)):
        yield (
            f"http.host is {exposed} and server.allow_anonymous is true: whoever"
            " can reach that address can see everyone, change settings and send clients away"
        )


def _problem_with_url(url: str) -> str | None:
    expected = f"expected an address like https://hub.example/lastseen/, got {shown(url)}"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        return expected
    whole = parts.scheme in ("http", "https") and parts.hostname and url.isprintable()
    extra = parts.query or parts.fragment or parts.username is not None or " " in url
    return None if whole and not extra else expected
