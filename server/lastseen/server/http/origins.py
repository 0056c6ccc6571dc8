"""Whether a request may be what a browser was made to send by somebody else's page. Pure.

The rules are those of Go's `net/http.CrossOriginProtection`: browsers say where a request comes
from by `Sec-Fetch-Site`, older ones by `Origin`; what is no browser says neither, and nobody can
make it send what it would not. And the `Host` must be ours, or a page could give its own name our
address (DNS rebinding) and be of the same origin.
"""

from collections.abc import Mapping

from lastseen.server.hosts import NAMED_BY, OwnHosts, normalised
from lastseen.shared.explain import shown

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Those that change nothing (RFC 9110, section 9.2.1)."""


class Origins:
    """Whom this server takes for itself."""

    def __init__(self, own: OwnHosts, public_url: str = "") -> None:
        """`own`: which hosts are this server; `public_url`: what people type where a proxy shows
        it, else empty.
        """
        self._own = own
        self._public_origin = normalised(public_url)

    def problem_with_host(self, host: str | None) -> str | None:
        """Why a `Host` header is not ours; None: it is."""
        if self._own.have(host or ""):
            return None
        return (
            f"Host: expected an IP address, localhost, this machine's name or one in {NAMED_BY},"
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
        if origin and normalised(origin) == self._public_origin:
            return None
        if site is not None:
            if site in ("same-origin", "none"):
                return None
            return f"Sec-Fetch-Site: expected same-origin, got {shown(site)}"
        if origin is None or _authority(origin) == headers.get("host", "").lower():
            return None
        return f"Origin: expected this server's own, got {shown(origin)}"


def _authority(origin: str) -> str | None:
    """`host:port` of an origin; None for the opaque one (`null`)."""
    scheme, mark, authority = origin.lower().partition("://")
    return authority if mark and scheme in ("http", "https") else None
