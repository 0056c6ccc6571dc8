"""The ways to channels, made when they are first needed: most servers tell few, and some nobody."""

from typing import TYPE_CHECKING

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.lane import Sender

if TYPE_CHECKING:
    import httpx


class Senders:
    """Makes senders, which share one HTTP client: it takes 45 ms to build."""

    def __init__(self) -> None:
        self._http: httpx.AsyncClient | None = None

    def make(self, channel: Channel) -> Sender:
        """The way to one channel."""
        from lastseen.server.notify.channels.making import make_sender, new_http

        if self._http is None:
            self._http = new_http()
        return make_sender(channel, self._http)

    async def aclose(self) -> None:
        """No more messages will be sent."""
        if self._http is not None:
            await self._http.aclose()
