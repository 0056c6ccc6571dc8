"""Which host names are this server's own: the one judge of both doors that browsers come to. Pure.

Whoever owns a name can have it lead to this server once a page is loaded (DNS rebinding); to the
browser, page and server are then one host. So only what nobody else can own counts: addresses,
names that no resolver asks others for, this machine's own, and those that the settings give.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from lastseen.server.config.schema import Config
from lastseen.server.config.sections.door import hosts_of
from lastseen.shared.address import plain_host

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_PAGES = {"ws": "http", "wss": "https"}

NAMED_BY = "http.public_url or websocket.public_url"
"""The settings that make a name this server's."""


class OwnHosts:
    """The names of one server, besides its addresses."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        """`names` in any case; empty ones are none."""
        self._names = frozenset(name.lower() for name in names if name)

    def have(self, host: str) -> bool:
        """Whether a `Host` header names this server."""
        name = name_in(host)
        return bool(name) and (is_address(name) or is_local(name) or name in self._names)


def own_hosts(config: Config, machine: str) -> OwnHosts:
    """What the settings and this machine's own name make it.

    Args:
        config: Where doors listen and what people type, both of HTTP and of WebSocket.
        machine: Its host name. The local network may know the first part of it with `.local`
            (RFC 6762).
    """
    http, websocket = config.http, config.websocket
    public = [urlsplit(url).hostname or "" for url in (http.public_url, websocket.public_url)]
    short = machine.partition(".")[0]
    own = [machine, short, short and f"{short}.local"]
    return OwnHosts([*hosts_of(http.host), *hosts_of(websocket.host), *public, *own])


def name_in(host: str) -> str:
    """The name in a `Host` header, small, without the port and brackets; empty where none is.

    An IPv4-mapped IPv6 address is the IPv4 address.
    """
    return "" if "/" in host else name_of(f"//{host}")


def name_of(url: str) -> str:
    """The same of a URL or an origin."""
    try:
        return plain_host(urlsplit(url).hostname or "")
    except ValueError:
        return ""


def normalised(url: str) -> str:
    """The origin of a URL, one spelling for each: `scheme://host` and the port, if it is not the
    usual one. What is no URL stays as it is.
    """
    try:
        parts = urlsplit(url)
        name, port = plain_host(parts.hostname or ""), parts.port
    except ValueError:
        return url
    if not name or parts.scheme not in _PORTS:
        return url
    shown = f"[{name}]" if ":" in name else name
    suffix = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    return f"{_PAGES.get(parts.scheme, parts.scheme)}://{shown}{suffix}"


def is_local(name: str) -> bool:
    """Whether a host's name means this machine whatever a name server says (RFC 6761, 6.3)."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return is_address(name) and ipaddress.ip_address(name).is_loopback


def is_address(name: str) -> bool:
    """Whether it is an IP address, which nobody can have lead anywhere else."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
