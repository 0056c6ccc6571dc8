"""The ways to channels, made when they are first needed: most servers tell few, and some nobody."""

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
        # Those of channels whose settings changed, too: they hold nothing but idle connections,
        # which the other side closes.
        self._clients: list[httpx.AsyncClient] = []

    def make(self, channel: Channel) -> Sender:
        """The way to one channel."""
        from lastseen.server.notify.channels.making import make_sender

        return make_sender(channel, self._new_http)

    async def aclose(self) -> None:
        """No more messages will be sent."""
        for client in self._clients:
            await client.aclose()

    def _new_http(self) -> "httpx.AsyncClient":
        import httpx

        from lastseen.server.notify.channels.making import new_http

        if self._tls is None:
            self._tls = httpx.create_ssl_context()
        self._clients.append(new_http(self._tls))
        return self._clients[-1]
