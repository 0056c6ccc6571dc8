"""`lastseen list`: who is here, streamed page by page."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from lastseen.client.commands.options import DEFAULT_SERVER, Json, Lan, Server
from lastseen.client.commands.output import utc_now
from lastseen.client.commands.pages import PAGE, Table, batches, say_array
from lastseen.client.commands.records import (
    COLUMNS,
    SortKey,
    count,
    row,
    sort_key,
    summary,
    to_dict,
)
from lastseen.client.commands.server_on_lan import server_for
from lastseen.client.commands.terminal import remark
from lastseen.client.commands.usage import UsageError, hold_to_the_wire
from lastseen.shared.messages import ClientRecord, List, Via

if TYPE_CHECKING:
    from lastseen.client.observer import Observer

Sort = Annotated[SortKey, Parameter(help="Times: most recent first.")]


async def list_clients(
    *,
    status: Annotated[
        Literal["online", "late", "offline", "all"] | None,
        Parameter(help="Only these. Default: everyone present, online or late."),
    ] = None,
    everyone: Annotated[
        bool,
        Parameter(name="--all", negative="", help="Offline ones, too: short for --status all."),
    ] = False,
    group: Annotated[str | None, Parameter(help="Only members of this group.")] = None,
    search: Annotated[
        str | None,
        Parameter(help="Only where id, name, hostname or address contains this."),
    ] = None,
    via: Annotated[
        Via | None, Parameter(help="Only those whose last sign of life came that way.")
    ] = None,
    sort: Sort = "id",
    server: Server = DEFAULT_SERVER,
    lan: Lan = False,
    json: Json = False,
) -> None:
    """List the clients."""
    if everyone:
        if status not in (None, "all"):
            raise UsageError(f"--all and --status {status} ask for different clients")
        status = "all"
    wish = List(status=status, group=group, search=search, via=via)
    hold_to_the_wire(wish)
    await show(wish, sort, await server_for(server, lan=lan), json=json)


async def show(
    wish: List,
    sort: SortKey,
    server: str,
    *,
    json: bool,
    why_nobody: "Callable[[Observer], Awaitable[str]] | None" = None,
) -> None:
    """Print whom a server finds. `why_nobody` gives the sentence where there is none."""
    from lastseen.client import observe

    async with observe(server) as observer:
        records = observer.clients(
            status=wish.status, group=wish.group, search=wish.search, via=wish.via
        )
        pages = batches(records, PAGE) if sort == "id" else _sorted(records, sort)
        if json:
            await say_array(pages, to_dict)
        elif not await _print_table(pages):
            remark("no clients found" if why_nobody is None else await why_nobody(observer))


async def _sorted(
    records: AsyncIterator[ClientRecord], by: SortKey
) -> AsyncIterator[list[ClientRecord]]:
    everyone = sorted([record async for record in records], key=sort_key(by))
    for start in range(0, len(everyone), PAGE):
        yield everyone[start : start + PAGE]


async def _print_table(pages: AsyncIterator[list[ClientRecord]]) -> bool:
    """Whether there was anybody."""
    table, counts = Table(COLUMNS), count(())
    async for page in pages:
        now = utc_now()
        table.say([row(record, now) for record in page])
        for status, number in count(page).items():
            counts[status] += number
    found = any(counts.values())
    if found:
        remark(summary(counts))
    return found
