"""Mail, chats and all else that Apprise can reach; it blocks, so it has threads of its own."""

import logging
import re
import time
from collections.abc import Iterable, Sequence
from urllib.parse import unquote, urlsplit

import trio

from lastseen.server.config.secret import reveal
from lastseen.server.config.sections.kinds import Apprise
from lastseen.server.notify.channels.posting import deadline, remark_of
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.notice import Message
from lastseen.server.notify.wording import Mood, Words, word

THREADS = 8
"""That may send by one channel at once, those included that hang. Another channel has its own."""

SHORTEST_SECRET = 4
"""Characters: a part of a URL that is shorter is no key, and may be a part of any word."""

THREAD_DOMAIN = "lastseen.invalid"
"""Of the parents of mails; nobody has a domain that ends in .invalid (RFC 2606)."""

MOST_THREADS = 10
"""Parents that one mail names."""

LOGGERS = ("apprise", "urllib3")
"""Apprise's own, and that of the HTTP client which it uses."""

_MOODS: dict[Mood, str] = {"bad": "failure", "good": "success", "unsteady": "warning"}
_CALL = re.compile(r"(?<=@)(?=everyone|here)|(?<=<@)(?=[!&]?[0-9])", re.IGNORECASE)
"""Within what calls somebody: Discord's @everyone, @here, <@1>, <@!1> and <@&1>."""
_SEPARATOR = re.compile(r"[/?&=,:@]")


class AppriseSender:
    """The way to one URL of Apprise."""

    def __init__(self, channel: Apprise) -> None:
        self._channel = channel
        self._threads = trio.CapacityLimiter(THREADS)

    async def send(self, message: Message) -> None:
        """Send a message.

        A call that takes too long is left alone in its thread: it cannot be stopped.

        Raises:
            TransportError: It was not taken.
        """
        words = word(message, time.time(), self._channel.timezone)
        url, threads = reveal(self._channel.url), message.threads
        with deadline(self._channel.timeout):
            await trio.to_thread.run_sync(
                _send, url, words, threads, abandon_on_cancel=True, limiter=self._threads
            )


def _send(url: str, words: Words, threads: Sequence[str] = ()) -> None:
    _hush()
    import apprise  # in this thread: it takes a tenth of a second, once
    from apprise.plugins.email import NotifyEmail

    sender = apprise.Apprise()
    if not sender.add(url):
        raise TransportError("Apprise does not know what to do with this URL", permanent=True)
    for service in sender.services:
        if isinstance(service, NotifyEmail):
            service.headers = thread_headers(threads) | service.headers
    result = sender.notify(
        title=without_calls(words.title),
        body=without_calls("\n".join(words.lines) or words.title),
        notify_type=apprise.NotifyType(_MOODS[words.mood]),
        body_format=apprise.NotifyFormat.TEXT,
    )
    if not result:
        said = _last_remark(entry.message for entry in result.logs())
        raise TransportError(remark_of(without_secrets(said, url)))


def thread_headers(threads: Sequence[str]) -> dict[str, str]:
    """The headers by which mail programs show the mails of one outage as one conversation.

    Apprise makes the Message-ID itself, so no mail can refer to the first one. Each mail of an
    outage refers to the same parent instead, which was never sent: RFC 5256 (REFERENCES, steps 1
    to 3) has such mails be siblings in one thread. A digest refers to the outages that it tells
    first: mail servers limit the length of headers.
    """
    parents = [f"<{thread}@{THREAD_DOMAIN}>" for thread in threads[:MOST_THREADS]]
    if not parents:
        return {}
    return {"References": " ".join(parents), "In-Reply-To": parents[-1]}


def _hush() -> None:
    """Keep what is logged of a URL, keys and all, from standard error and from other handlers."""
    for name in LOGGERS:  # each has a handler that does nothing
        logging.getLogger(name).propagate = False


def _last_remark(messages: Iterable[str]) -> str:
    said = [message for message in messages if message.strip()]
    return said[-1] if said else "Apprise could not send it, and does not say why"


def without_calls(text: str) -> str:
    """A text that looks the same and by which no client calls everybody in a chat: Apprise hands
    on to Discord what a client is called.
    """
    return _CALL.sub("\N{ZERO WIDTH SPACE}", text)


def without_secrets(text: str, url: str) -> str:
    """A text without any part of a URL that may be a key: all of it but its scheme and host."""
    parts = urlsplit(url)
    credentials, _, _ = parts.netloc.rpartition("@")
    pieces = _SEPARATOR.split(f"{credentials}/{parts.path}/{parts.query}/{parts.fragment}")
    for piece in sorted({p for raw in pieces for p in (raw, unquote(raw))}, key=len, reverse=True):
        if len(piece) >= SHORTEST_SECRET:
            text = text.replace(piece, "…")
    return text
