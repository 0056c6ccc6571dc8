"""Which pages may open a WebSocket, by the `Origin` that their browser names.

Any page that someone looks at can make their browser connect to any server that the machine
reaches; only this check stands between a stranger's page and the server. Pure.

What is no browser names no origin and may come in. For the others the default is the host that
they connected to, where that is known to be this server (`hosts`): a stranger's page could come
from a name of its own that leads here.
"""

from collections.abc import Sequence
from http import HTTPStatus

from lastseen.server.hosts import NAMED_BY, OwnHosts, is_local, name_in, name_of, normalised
from lastseen.server.permissions import ANONYMOUS, PAGE, Principal
from lastseen.shared.explain import shown

ANY = "*"
"""In the list of allowed origins: all are."""

Refusal = tuple[HTTPStatus, str]
"""A status and a sentence."""


class Origins:
    """The rule of one server."""

    def __init__(
        self, allowed: Sequence[str], public_urls: Sequence[str] = (), own: OwnHosts | None = None
    ) -> None:
        """`allowed` origins, with none the host that was connected to; `public_urls` are where a
        proxy shows the server, if one does. `own`: which hosts are this server.
        """
        self._any = ANY in allowed
        self._public = {normalised(url) for url in public_urls}
        self._allowed = {normalised(url) for url in allowed} | self._public
        self._same_host = not allowed
        self._own = own or OwnHosts()

    def refusal(self, origin: str | None, host: str) -> Refusal | None:
        """Why a page of this origin may not connect that asks for `host`; None: it may."""
        if origin is None or self._any or normalised(origin) in self._allowed:
            return None
        if not self._same_host or not _are_same(name_of(origin), name_in(host)):
            return HTTPStatus.FORBIDDEN, (
                f"pages of {shown(origin)} may not connect to {shown(host)}:"
                " websocket.origins says which may"
            )
        if not self._own.have(host):
            return HTTPStatus.MISDIRECTED_REQUEST, (
                f"Host: {shown(host)} is not known to be this server, and a page can have any name"
                f" lead here: use its IP address, or set {NAMED_BY} or websocket.origins"
            )
        return None

    def principal(self, origin: str | None) -> Principal:
        """Who a peer of this origin is. Only what is no browser, and pages at one of the server's
        public URLs, may administer.
        """
        is_own = origin is None or normalised(origin) in self._public
        return ANONYMOUS if is_own else PAGE


def _are_same(page: str, server: str) -> bool:
    """Whether two names mean one host: whatever this machine calls itself does."""
    return bool(page) and (page == server or (is_local(page) and is_local(server)))
