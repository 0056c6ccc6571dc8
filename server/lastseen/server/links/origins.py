"""Which pages may open a WebSocket, by the `Origin` that their browser names.

Any page that someone looks at can make their browser connect to any server that the machine
reaches; only this check stands between a stranger's page and the server. Pure.

What is no browser names no origin and may come in. For the others the default is the host that
they connected to. Where that is this machine itself, a name proves nothing: whoever owns a name
can have it lead to 127.0.0.1 (DNS rebinding). So there only addresses and `localhost` count.
"""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

ANY = "*"
"""In the list of allowed origins: all are."""

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_PAGES = {"ws": "http", "wss": "https"}


class Origins:
    """The rule of one server."""

    def __init__(
        self, allowed: Sequence[str], public_urls: Sequence[str] = (), *, on_loopback: bool
    ) -> None:
        """`allowed` origins, with none the host that was connected to; `public_urls` are where a
        proxy shows the server, if one does. `on_loopback`: the server listens there only.
        """
        self._any = ANY in allowed
        self._allowed = {normalised(url) for url in (*allowed, *public_urls)}
        self._same_host = not allowed
        self._on_loopback = on_loopback

    def allow(self, origin: str | None, host: str) -> bool:
        """Whether a page of this origin may connect that asks for `host`."""
        if origin is None or self._any or normalised(origin) in self._allowed:
            return True
        return self._same_host and self._is_same_host(_name(origin), _name(f"//{host}"))

    def _is_same_host(self, of_page: str, of_server: str) -> bool:
        if not of_page or not of_server:
            return False
        if self._on_loopback:
            return is_local(of_page) and is_local(of_server)
        return of_page == of_server


def normalised(url: str) -> str:
    """The origin of a URL, one spelling for each: `scheme://host` and the port, if it is not the
    usual one. What is no URL stays as it is.
    """
    try:
        parts = urlsplit(url)
        name, port = parts.hostname, parts.port
    except ValueError:
        return url
    if not name or parts.scheme not in _PORTS:
        return url
    shown = f"[{name}]" if ":" in name else name
    suffix = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    return f"{_PAGES.get(parts.scheme, parts.scheme)}://{shown}{suffix}"


def is_local(name: str) -> bool:
    """Whether a host's name means this machine whatever a name server says."""
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _name(url: str) -> str:
    """The host's name in a URL, without its port; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
