"""The way to each channel, made from its settings."""

import ssl
from collections.abc import Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
import trio

from lastseen.server.config.sections.channels import Channel
from lastseen.server.config.sections.kinds import Apprise, Command, Telegram, Webhook
from lastseen.server.notify.channels.apprise_ import AppriseSender
from lastseen.server.notify.channels.command import CommandSender
from lastseen.server.notify.channels.resolving import Resolver
from lastseen.server.notify.channels.telegram import TelegramSender
from lastseen.server.notify.channels.webhook import WebhookSender
from lastseen.server.notify.sending import Sender

MOST_KEPT = 8
"""Idle connections that are kept for the next message."""


def new_http(tls: ssl.SSLContext | None = None) -> httpx.AsyncClient:
    """What a channel that speaks HTTP has of its own. TLS is verified, HTTPS_PROXY and its like
    obeyed.

    One for all would share out connections among all channels, at a cost that grows with the square
    of their number; and one bound for all would have a receiver that hangs hold up the others. How
    many there are at once is bounded by the lanes, each of which sends a few messages at a time.
    Names are looked up by a `Resolver`, in all of this run of trio. No cookie is kept: it would be
    kept for ever.

    Args:
        tls: What `httpx.create_ssl_context` made: it takes most of the time, and may be shared.
    """
    trio.socket.set_custom_hostname_resolver(Resolver())
    return httpx.AsyncClient(
        verify=True if tls is None else tls,
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        timeout=None,  # noqa: S113 - the whole of an attempt has one: `deadline`
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=MOST_KEPT),
    )


def make_sender(channel: Channel, http: Callable[[], httpx.AsyncClient]) -> Sender:
    """The way to a channel, which asks for `http` if it needs it.

    Raises:
        TypeError: There is no such kind.
    """
    match channel:
        case Webhook():
            return WebhookSender(channel, http())
        case Telegram():
            return TelegramSender(channel, http())
        case Apprise():
            return AppriseSender(channel)
        case Command():
            return CommandSender(channel)
    raise TypeError(f"there is no way to a {type(channel).__name__}")
