"""A webhook: JSON by HTTP POST, signed by Standard Webhooks."""

import time

import httpx

from lastseen.server.config.secret import reveal
from lastseen.server.config.sections.kinds import Webhook
from lastseen.server.notify.channels.posting import deadline, post, refusal
from lastseen.server.notify.notice import Message
from lastseen.server.notify.signing import headers
from lastseen.server.notify.webhook_body import body


class WebhookSender:
    """The way to one webhook.

    What the receiver writes into an answer that refuses is not repeated: it may be an echo of what
    we sent, keys and all.
    """

    def __init__(self, channel: Webhook, client: httpx.AsyncClient) -> None:
        self._channel = channel
        self._client = client

    async def send(self, message: Message) -> None:
        """Post a message.

        Raises:
            TransportError: It was not taken.
        """
        content = body(message)
        with deadline(self._channel.timeout):
            url = reveal(self._channel.url)
            answer = await post(self._client, url, content, self._headers(message.id, content))
        if not answer.taken:
            raise refusal(answer)

    def _headers(self, name: str, content: bytes) -> dict[str, str]:
        ours = {"Content-Type": "application/json", "Accept": "*/*"}
        theirs = {header: reveal(value) for header, value in self._channel.headers.items()}
        return ours | theirs | headers(name, int(time.time()), content, self._channel.secrets)
