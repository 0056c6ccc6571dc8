"""Trying out the channels of notifications: `notify-test` really sends."""

import time
from collections.abc import Sequence
from typing import Annotated

import trio
from cyclopts import Parameter

from lastseen.server.commands.options import ConfigPath
from lastseen.server.commands.output import output
from lastseen.server.config import load
from lastseen.server.config.sections.channels import Channel
from lastseen.server.errors import CommandFailed
from lastseen.server.notify.channel_tester import new_test_message
from lastseen.server.notify.channels.making import make_sender, new_http
from lastseen.server.notify.errors import TransportError


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
    message = new_test_message(time.time())

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
