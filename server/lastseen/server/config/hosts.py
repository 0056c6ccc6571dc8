"""Where a server may listen: on this machine; elsewhere only if somebody said so."""

import ipaddress
import re

from lastseen.server.config.schema import Config
from lastseen.server.errors import ConfigError
from lastseen.shared.explain import shown

ANONYMOUS = "server.allow_anonymous"

_HOST_NAME = re.compile(r"[A-Za-z0-9._-]+")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`."""
    address = _address(host)
    if address is None:  # a name: where any other one leads is not for us to say
        return host.lower() == "localhost"
    return address.is_loopback


def check_host(key: str, host: str, config: Config) -> None:
    """Hold the value of a setting to what may be listened on.

    Raises:
        ConfigError: It is no address, or one that needs `server.allow_anonymous`.
    """
    if _address(host) is None and not _HOST_NAME.fullmatch(host):
        raise ConfigError(
            f"{key}: expected an address or a host name, without a port, got {shown(host)}", [key]
        )
    if not is_loopback(host) and not config.server.allow_anonymous:
        raise ConfigError(
            f"{key}: expected a loopback address (127.0.0.1, ::1 or localhost), got"
            f" {shown(host)}: there are no tokens, so whoever can reach that address could register"
            " as anyone and change settings; to allow that on a network that you trust, set"
            f" {ANONYMOUS} = true",
            [key, ANONYMOUS],
        )


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
