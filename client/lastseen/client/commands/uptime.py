"""`lastseen uptime`: the share of time that clients were online, streamed page by page."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from lastseen.client.commands.columns import Cell, Column, Layout
from lastseen.client.commands.options import DEFAULT_SERVER, ClientId, Json, Server
from lastseen.client.commands.output import safe, short_duration
from lastseen.client.commands.pages import JsonArray, batches
from lastseen.client.commands.terminal import remark, say_rows, width
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
        await (_print_json(pages) if json else _print_table(pages))


async def _print_json(pages: AsyncIterator[list[ClientUptime]]) -> None:
    array = JsonArray()
    async for page in pages:
        array.say(map(to_dict, page))
    array.end()


async def _print_table(pages: AsyncIterator[list[ClientUptime]]) -> None:
    layout = Layout(COLUMNS, width=width())
    async for page in pages:
        rows = [row(client) for client in page]
        heading = [layout.heading()] if layout.take(rows) else []
        say_rows(heading + [layout.line(cells) for cells in rows])
    if not layout.columns:
        remark("no clients are known")


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
