"""The way to each channel, made from its settings."""

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
from lastseen.server.notify.lane import Sender

MOST_KEPT = 50
"""Idle connections that are kept for the next message."""


def new_http() -> httpx.AsyncClient:
    """What all channels that speak HTTP share. TLS is verified, HTTPS_PROXY and its like obeyed.

    How many connections there are at once is bounded by the lanes, each of which sends a few
    messages at a time: one bound for all would have a receiver that hangs hold up the others. Names
    are looked up by a `Resolver`, in all of this run of trio. No cookie is kept: channels share
    nothing that receivers say, and it would be kept for ever.
    """
    trio.socket.set_custom_hostname_resolver(Resolver())
    return httpx.AsyncClient(
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        timeout=None,  # noqa: S113 - the whole of an attempt has one: `deadline`
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=MOST_KEPT),
    )


def make_sender(channel: Channel, http: httpx.AsyncClient) -> Sender:
    """The way to a channel.

    Raises:
        TypeError: There is no such kind.
    """
    match channel:
        case Webhook():
            return WebhookSender(channel, http)
        case Telegram():
            return TelegramSender(channel, http)
        case Apprise():
            return AppriseSender(channel)
        case Command():
            return CommandSender(channel)
    raise TypeError(f"there is no way to a {type(channel).__name__}")
