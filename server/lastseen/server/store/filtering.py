"""Whether a client is one that a list asks for. Pure, and the same rule as for those present."""

from lastseen.server.store.model import KnownClient
from lastseen.shared.address import format_address


class Filter:
    """What `find_all` looks for; without any of the three it lets everyone pass."""

    def __init__(self, group: str | None, search: str | None, via: str | None = None) -> None:
        """`group`: its members only. `search`: contained in client_id, name, hostname or address,
        whatever the case. `via`: only those whose last sign of life came that way.
        """
        self._group = group
        self._search = search.casefold() if search else None
        self._via = via

    @property
    def passes_all(self) -> bool:
        """Whether there is nothing to look at."""
        return self._group is None and self._search is None and self._via is None

    def __call__(self, client: KnownClient) -> bool:
        """Whether it passes."""
        return (
            (self._group is None or self._group in client.groups)
            and (self._search is None or self._is_found_in(client, self._search))
            and self._via in (None, client.via)
        )

    @staticmethod
    def _is_found_in(client: KnownClient, search: str) -> bool:
        address = format_address(client.ip, client.port)
        texts = (client.client_id, client.name, client.hostname, address)
        return any(search in text.casefold() for text in texts)
