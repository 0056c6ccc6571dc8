"""The ways to channels, made when they are first needed: most servers tell few, and some nobody.

Each has connections of its own, which go with it: settings may change often in a long run.
"""

from typing import TYPE_CHECKING

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.sending import Sender

if TYPE_CHECKING:
    import ssl

    import httpx


class Senders:
    """Makes senders. Those that speak HTTP share how TLS is verified, which takes long to read."""

    def __init__(self) -> None:
        self._tls: ssl.SSLContext | None = None
        self._clients: dict[Sender, list[httpx.AsyncClient]] = {}

    def make(self, channel: Channel) -> Sender:
        """The way to one channel."""
        from lastseen.server.notify.channels.making import make_sender

        clients: list[httpx.AsyncClient] = []

        def http() -> "httpx.AsyncClient":
            clients.append(self._new_http())
            return clients[-1]

        sender = make_sender(channel, http)
        self._clients[sender] = clients
        return sender

    async def close(self, sender: Sender) -> None:
        """Nothing more is sent this way."""
        for client in self._clients.pop(sender, ()):
            await client.aclose()

    def _new_http(self) -> "httpx.AsyncClient":
        import httpx

        from lastseen.server.notify.channels.making import new_http

        if self._tls is None:
            self._tls = httpx.create_ssl_context()
        return new_http(self._tls)
