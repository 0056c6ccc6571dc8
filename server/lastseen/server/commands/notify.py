"""Trying out the channels of notifications: `notify-test` really sends."""

import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import trio
from cyclopts import Parameter

from lastseen.server.commands.options import ConfigPath
from lastseen.server.commands.output import output
from lastseen.server.config import load
from lastseen.server.config.sections.channels import Channel
from lastseen.server.errors import CommandFailed
from lastseen.server.notify.channels.making import make_sender, new_http
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.notice import ClientNotice, Item, Message
from lastseen.shared.messages import ClientRecord

TEST_CLIENT = "lastseen-notify-test"
"""Whom the message is about. It is nobody, so that no receiver takes it for somebody."""


def notify_test(
    name: Annotated[
        str | None, Parameter(name="CHANNEL", help="Its name. Without it: all that are enabled.")
    ] = None,
    /,
    *,
    config: ConfigPath = None,
) -> None:
    """Send a test message by each channel, or by one, and say what came of it."""
    channels = load(config).config.notify.channels
    failed = trio.run(_send_by_all, _chosen(channels, name))
    if failed:
        raise CommandFailed(f"not taken: {', '.join(failed)}")


def _chosen(channels: Sequence[Channel], name: str | None) -> list[Channel]:
    """Those to be tried.

    Raises:
        CommandFailed: There is none.
    """
    names = ", ".join(channel.name for channel in channels)
    if not channels:
        raise CommandFailed("the settings have no channels: there is no [[notify.…]]")
    chosen = [c for c in channels if (c.enabled if name is None else c.name == name)]
    if name is not None and not chosen:
        raise CommandFailed(f"there is no channel {name!r}; there are: {names}")
    if not all(channel.enabled for channel in chosen) or not chosen:
        raise CommandFailed(f"not enabled: {name or names}; to change that: enabled = true")
    return chosen


async def _send_by_all(channels: Sequence[Channel]) -> list[str]:
    """Send, by all at the same time, and say how each went. Returns the names of what failed."""
    failed: list[str] = []
    message = _message(time.time())

    async def try_one(channel: Channel) -> None:
        begun = time.monotonic()
        try:
            await make_sender(channel, lambda: http).send(message)
        except TransportError as error:
            failed.append(channel.name)
            output(f"{channel.name}: FAILED: {error}\n")
        else:
            output(f"{channel.name}: taken, in {time.monotonic() - begun:.2f} s\n")

    async with new_http() as http, trio.open_nursery() as nursery:
        for channel in channels:
            nursery.start_soon(try_one, channel)
    return sorted(failed)


def _message(now: float) -> Message:
    moment = datetime.fromtimestamp(now, UTC)
    client = ClientRecord(
        client_id=TEST_CLIENT,
        status="offline",
        reason="left",
        since=moment,
        last_seen=moment,
        name="TEST of notifications: nobody",
        meta={"description": "This is a test by lastseen-server notify-test."},
    )
    name = f"msg_test_{secrets.token_hex(12)}"
    return Message(name, (Item(name, "offline", ClientNotice(client, now, now, 0.0)),))
