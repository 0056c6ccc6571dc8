"""`lastseen deliveries`, `retry`: what was told to whom, and what could not be."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Literal

from cyclopts import Parameter
from msgspec.structs import asdict

from lastseen.client.commands.columns import Cell, Column
from lastseen.client.commands.options import DEFAULT_SERVER, Json, Server
from lastseen.client.commands.output import ago, safe, short_duration, to_json
from lastseen.client.commands.pages import PAGE, batches, say_array, say_table
from lastseen.client.commands.terminal import say
from lastseen.client.commands.usage import UsageError, hold_to_the_wire
from lastseen.shared.messages import DeliveryRecord, DeliveryState, GetDeliveries, Retry

LIMIT = 50
"""Deliveries that are shown unless --limit says otherwise: what a person looks through."""

COLUMNS = (
    Column("id"),
    Column("decided", rank=1),
    Column("channel", narrowest=8),
    Column("told", rank=2),
    Column("client", narrowest=16),
    Column("state"),
    Column("attempts", rank=4),
    Column("why", narrowest=20, rank=3),
)

_STATE = {
    "pending": Cell("◐ pending", "yellow"),
    "sent": Cell("● sent", "green"),
    "failed": Cell("✗ failed", "red"),
    "withdrawn": Cell("○ withdrawn", "dim"),
}


async def deliveries(
    *,
    state: Annotated[
        Literal["pending", "sent", "failed", "withdrawn"] | None,
        Parameter(help="Only these. Default: all."),
    ] = None,
    failed: Annotated[
        bool, Parameter(negative="", help="Only those given up: short for --state failed.")
    ] = False,
    channel: Annotated[str | None, Parameter(help="Only by the channel of this name.")] = None,
    client: Annotated[str | None, Parameter(help="Only of the client of this id.")] = None,
    limit: Annotated[int, Parameter(help="At most so many, the latest ones.")] = LIMIT,
    server: Server = DEFAULT_SERVER,
    json: Json = False,
) -> None:
    """List the deliveries."""
    from lastseen.client import observe

    wanted = _wanted(state, failed=failed)
    if limit < 1:
        raise UsageError(f"--limit: expected a number above 0, got {limit}")
    hold_to_the_wire(GetDeliveries(channel, client, wanted))
    async with observe(server) as observer:
        found = observer.deliveries(channel=channel, client_id=client, state=wanted)
        pages = batches(_first(limit, found), PAGE)
        nothing = "no deliveries found"
        await (say_array(pages, asdict) if json else say_table(pages, COLUMNS, row, nothing))


async def retry(
    delivery_id: Annotated[
        int, Parameter(name="ID", help="The delivery's id, as `lastseen deliveries` shows it.")
    ],
    /,
    *,
    server: Server = DEFAULT_SERVER,
    json: Json = False,
) -> None:
    """Have a delivery tried again."""
    from lastseen.client import observe

    hold_to_the_wire(Retry(delivery_id))
    async with observe(server) as observer:
        found = await observer.retry(delivery_id)
    if json:
        say(to_json(asdict(found)))
    else:
        when = f" when the channel works ({_held(found)})" if found.held else ""
        say(f"delivery {found.id} to {safe(found.channel)} is tried again{when}")


def row(delivery: DeliveryRecord, now: datetime) -> list[Cell]:
    """The cells of one delivery, one for each of `COLUMNS`."""
    return [
        Cell(str(delivery.id), "bold"),
        Cell(ago(delivery.created_at, now)),
        Cell(safe(delivery.channel)),
        Cell(delivery.kind.replace("_", " ")),
        Cell(safe(delivery.client_id)),
        _STATE[delivery.state],
        Cell(str(delivery.attempts) if delivery.attempts else ""),
        Cell(why(delivery, now)),
    ]


def why(delivery: DeliveryRecord, now: datetime) -> str:
    """Why it is not sent: the last error, and when it is tried next."""
    error = safe(delivery.error) if delivery.state != "sent" else ""
    if delivery.state != "pending":
        return error
    wait = (delivery.due_at - now).total_seconds()
    due = f"due in {short_duration(wait)}" if wait >= 1 else "due now"
    if delivery.held:
        due = _held(delivery)
    return f"{due}: {error}" if error else due


def _held(delivery: DeliveryRecord) -> str:
    return f"held: channel {safe(delivery.held)}"


def _wanted(state: DeliveryState | None, *, failed: bool) -> DeliveryState | None:
    if failed and state not in (None, "failed"):
        raise UsageError(f"--failed and --state {state} ask for different deliveries")
    return "failed" if failed else state


async def _first(
    number: int, found: AsyncIterator[DeliveryRecord]
) -> AsyncIterator[DeliveryRecord]:
    for _ in range(number):
        delivery = await anext(found, None)
        if delivery is None:
            return
        yield delivery
