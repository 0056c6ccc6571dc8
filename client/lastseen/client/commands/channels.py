"""`lastseen channels`, `enable`: who is told, and how that goes."""

from datetime import datetime
from typing import Annotated

from cyclopts import Parameter
from msgspec.structs import asdict

from lastseen.client.commands.columns import Cell, Column
from lastseen.client.commands.options import DEFAULT_SERVER, Json, Server
from lastseen.client.commands.output import ago, safe, short_duration, to_json
from lastseen.client.commands.pages import PAGE, batches, say_array, say_table
from lastseen.client.commands.terminal import say
from lastseen.client.commands.usage import hold_to_the_wire
from lastseen.shared.messages import ChannelRecord, EnableChannel

COLUMNS = (
    Column("channel", narrowest=8),
    Column("kind", rank=4),
    Column("state"),
    Column("pending"),
    Column("failed"),
    Column("sent", rank=3),
    Column("last sent", rank=2),
    Column("why", narrowest=20, rank=1),
)

_STATE = {
    "working": Cell("● working", "green"),
    "failing": Cell("◐ failing", "yellow"),
    "broken": Cell("✗ broken", "red"),
}
_OFF = Cell("○ off", "dim")


async def channels(*, server: Server = DEFAULT_SERVER, json: Json = False) -> None:
    """List the channels."""
    from lastseen.client import observe

    async with observe(server) as observer:
        pages = batches(observer.channels(), PAGE)
        nothing = "nobody is told: the server's settings name no channel"
        await (say_array(pages, asdict) if json else say_table(pages, COLUMNS, row, nothing))


async def enable(
    channel: Annotated[str, Parameter(help="The channel's name.")],
    /,
    *,
    server: Server = DEFAULT_SERVER,
    json: Json = False,
) -> None:
    """Use a broken channel again."""
    from lastseen.client import observe

    hold_to_the_wire(EnableChannel(channel))
    async with observe(server) as observer:
        await observer.enable_channel(channel)
    say(to_json({"name": channel}) if json else f"channel {safe(channel)} is used again")


def row(channel: ChannelRecord, now: datetime) -> list[Cell]:
    """The cells of one channel, one for each of `COLUMNS`."""
    return [
        Cell(safe(channel.name), "bold" if channel.enabled else "dim"),
        Cell(safe(channel.kind)),
        _STATE[channel.state] if channel.enabled else _OFF,
        Cell(f"{channel.pending:,}"),
        Cell(f"{channel.failed:,}"),
        Cell(f"{channel.sent:,}"),
        Cell("" if channel.last_sent is None else ago(channel.last_sent, now)),
        Cell(why(channel, now)),
    ]


def why(channel: ChannelRecord, now: datetime) -> str:
    """Its last error, for how long it has not worked, and how long it rests."""
    if channel.since is None:
        return safe(channel.why)
    lasted = max(0.0, (now - channel.since).total_seconds())
    remarks = [f"for {short_duration(lasted)}"]
    if channel.rests_until is not None and channel.rests_until > now:
        rest = (channel.rests_until - now).total_seconds()
        remarks.append(f"rests {short_duration(rest)} more")
    return f"{safe(channel.why)} ({', '.join(remarks)})"
