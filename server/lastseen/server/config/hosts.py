"""Where a server may listen: on this machine; elsewhere only if somebody said so."""

import ipaddress
import re

from lastseen.server.config.schema import Config
from lastseen.server.config.sections.door import hosts_of
from lastseen.server.errors import ConfigError
from lastseen.shared.address import plain_host
from lastseen.shared.explain import shown

ANONYMOUS = "server.allow_anonymous"

EVERY_IPV4 = "0.0.0.0"  # noqa: S104 - compared with, not listened on
EVERY_ADDRESS = "::"
"""Every IPv4 address of the machine; every IPv6 and every IPv4 address."""

_HOST_NAME = re.compile(r"[A-Za-z0-9._-]+")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`."""
    address = _address(host)
    if address is None:  # a name: where any other one leads is not for us to say
        return host.lower() == "localhost"
    return address.is_loopback


def exposed_hosts(hosts: str | tuple[str, ...]) -> str:
    """Name the addresses of a `host` setting that other machines can reach; "" where none is."""
    return ", ".join(shown(host) for host in hosts_of(hosts) if not is_loopback(host))


def listened_on(hosts: str | tuple[str, ...]) -> set[str]:
    """Return the addresses of a `host` setting, with those that `::` stands for."""
    found = set(hosts_of(hosts))
    return found | {EVERY_IPV4} if EVERY_ADDRESS in found else found


def check_hosts(key: str, hosts: str | tuple[str, ...], config: Config) -> None:
    """Hold each address of a `host` setting to the rules.

    Raises:
        ConfigError: One is no address, or needs `server.allow_anonymous`.
    """
    for host in hosts_of(hosts):
        _check_host(key, host, config)


def _check_host(key: str, host: str, config: Config) -> None:
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
        return ipaddress.ip_address(plain_host(host))
    except ValueError:
        return None
