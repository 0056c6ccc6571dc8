"""`lastseen uptime`: the share of time that clients were online, streamed page by page."""

from typing import Any

import msgspec

from lastseen.client.commands.columns import Cell, Column
from lastseen.client.commands.options import DEFAULT_SERVER, ClientId, Json, Server
from lastseen.client.commands.output import safe, short_duration
from lastseen.client.commands.pages import batches, say_array, say_table
from lastseen.client.commands.usage import hold_to_the_wire
from lastseen.shared.messages import ClientUptime, GetUptime, UptimeWindow

_PAGE = 100
"""Rows that are laid out and printed at once: as many as the server sends in a page."""

_DAY = 86_400.0
_WINDOWS = (_DAY, 7 * _DAY, 30 * _DAY)  # as docs/protocol.md has them

COLUMNS = (
    Column("client", narrowest=16),
    Column("day"),
    Column("week"),
    Column("month"),
    Column("watched", rank=1),
)

NOBODY_WATCHED = "—"

_ALL = 1 - 1e-9  # what adding up stretches of time may lose


async def uptime(
    client: ClientId | None = None, /, *, server: Server = DEFAULT_SERVER, json: Json = False
) -> None:
    """Show the shares."""
    from lastseen.client import observe

    hold_to_the_wire(GetUptime(client))
    async with observe(server) as observer:
        pages = batches(observer.uptime(client), _PAGE)
        nothing = "no clients are known"
        if json:
            await say_array(pages, to_dict)
        else:
            await say_table(pages, COLUMNS, lambda client, _now: row(client), nothing)


def row(client: ClientUptime) -> list[Cell]:
    """The cells of one client, one for each of `COLUMNS`."""
    windows = {found.window: found for found in client.windows}
    shares = [_share(windows.get(length)) for length in _WINDOWS]
    watched = max((found.watched for found in client.windows), default=0.0)
    return [
        Cell(safe(client.client_id), "bold"),
        *map(Cell, shares),
        Cell(short_duration(watched) if watched else NOBODY_WATCHED, "dim"),
    ]


def to_dict(client: ClientUptime) -> dict[str, Any]:
    """The client_id, and each window with its share, None where nobody watched."""
    windows = [msgspec.structs.asdict(w) | {"share": share(w)} for w in client.windows]
    return {"client_id": client.client_id, "windows": windows}


def share(window: UptimeWindow) -> float | None:
    """Online as a part of watched, from 0 to 1; None where nobody watched."""
    return min(1.0, window.online / window.watched) if window.watched else None


def percent(part: float) -> str:
    """`99.87 %`, rounded down: 100 % is only what is."""
    if part >= _ALL:
        return "100 %"
    return f"{int(part * 10_000) / 100:.2f} %" if part else "0 %"


def _share(window: UptimeWindow | None) -> str:
    part = None if window is None else share(window)
    return NOBODY_WATCHED if part is None else percent(part)
