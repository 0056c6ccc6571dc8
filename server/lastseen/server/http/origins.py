"""Whether a request may be what a browser was made to send by somebody else's page. Pure.

The rules are those of Go's `net/http.CrossOriginProtection`: browsers say where a request comes
from by `Sec-Fetch-Site`, older ones by `Origin`; what is no browser says neither, and nobody can
make it send what it would not. And the `Host` must be ours, or a page could give its own name our
address (DNS rebinding) and be of the same origin.
"""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from lastseen.shared.explain import shown

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Those that change nothing (RFC 9110, section 9.2.1)."""


class Origins:
    """Whom this server takes for itself."""

    def __init__(self, host: str, public_url: str) -> None:
        """`host` is where it listens, `public_url` what people type (empty: the same)."""
        public = urlsplit(public_url)
        self._names = {host.lower(), (public.hostname or "localhost").lower()}
        self._public_origin = f"{public.scheme}://{public.netloc}".lower() if public_url else ""

    def problem_with_host(self, host: str | None) -> str | None:
        """Why a `Host` header is not ours; None: it is."""
        name = _host_name(host or "")
        if name and (_is_address(name) or _is_local(name) or name in self._names):
            return None
        return (
            f"Host: expected an IP address, localhost, http.host or the name in http.public_url,"
            f" got {shown(host)}"
        )

    def problem_with_origin(self, method: str, headers: Mapping[str, str]) -> str | None:
        """Why a request may not change anything; None: it may, or changes nothing.

        Args:
            method: In capitals.
            headers: By their names in small letters.
        """
        if method in SAFE_METHODS:
            return None
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if origin is not None and self._public_origin and origin.lower() == self._public_origin:
            return None
        if site is not None:
            if site in ("same-origin", "none"):
                return None
            return f"Sec-Fetch-Site: expected same-origin, got {shown(site)}"
        if origin is None or _authority(origin) == headers.get("host", "").lower():
            return None
        return f"Origin: expected this server's own, got {shown(origin)}"


def _host_name(host: str) -> str:
    """The name in a `Host` header, without the port and brackets; empty where it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "") if "/" not in host else ""
    except ValueError:
        return ""


def _authority(origin: str) -> str | None:
    """`host:port` of an origin; None for the opaque one (`null`)."""
    scheme, mark, authority = origin.lower().partition("://")
    return authority if mark and scheme in ("http", "https") else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_local(name: str) -> bool:
    """Names that no resolver asks others for (RFC 6761, section 6.3)."""
    return name == "localhost" or name.endswith(".localhost")
