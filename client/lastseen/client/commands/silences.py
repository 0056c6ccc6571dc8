"""`lastseen silence`, `silences`, `unsilence`: nobody is told of some clients for a while."""

from datetime import datetime, timedelta
from typing import Annotated

from cyclopts import Parameter
from msgspec.structs import asdict

from lastseen.client.commands.columns import Cell, Column
from lastseen.client.commands.lengths import length
from lastseen.client.commands.options import DEFAULT_SERVER, Json, Server
from lastseen.client.commands.output import safe, short_duration, stamp, to_json
from lastseen.client.commands.pages import PAGE, batches, say_array, say_table
from lastseen.client.commands.terminal import say
from lastseen.client.commands.usage import UsageError, hold_to_the_wire
from lastseen.shared.messages import Silence, SilenceRecord, Unsilence

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=365)
"""What the protocol allows."""

COLUMNS = (
    Column("id"),
    Column("of", narrowest=16),
    Column("until"),
    Column("left", rank=2),
    Column("since", rank=3),
    Column("reason", narrowest=12, rank=1),
)

SilenceId = Annotated[int, Parameter(help="The silence's id, as `lastseen silences` shows it.")]


async def silence(
    client: Annotated[
        str | None, Parameter(help="The client's id, or a glob for many: 'web-*' (quoted).")
    ] = None,
    /,
    *,
    group: Annotated[
        str | None, Parameter(help="Only members of this group; instead of CLIENT or with it.")
    ] = None,
    for_: Annotated[
        str, Parameter(name="--for", help="How long: 30min, 2h, 1d; a minute to a year.")
    ],
    reason: Annotated[str, Parameter(help="Why, for those who wonder.")] = "",
    server: Server = DEFAULT_SERVER,
    json: Json = False,
) -> None:
    """Begin a silence."""
    from lastseen.client import observe

    if client is None and group is None:
        raise UsageError("silence: expected a CLIENT (or a glob) or --group")
    seconds = seconds_of(for_)
    hold_to_the_wire(Silence(seconds, client, group, reason))
    async with observe(server) as observer:
        found = await observer.silence(seconds, client=client, group=group, reason=reason)
    say(to_json(asdict(found)) if json else told(found))


async def silences(*, server: Server = DEFAULT_SERVER, json: Json = False) -> None:
    """List the silences."""
    from lastseen.client import observe

    async with observe(server) as observer:
        pages = batches(observer.silences(), PAGE)
        nothing = "nothing is silenced"
        await (say_array(pages, asdict) if json else say_table(pages, COLUMNS, row, nothing))


async def unsilence(
    silence_id: Annotated[SilenceId, Parameter(name="ID")],
    /,
    *,
    server: Server = DEFAULT_SERVER,
    json: Json = False,
) -> None:
    """End a silence."""
    from lastseen.client import observe

    hold_to_the_wire(Unsilence(silence_id))
    async with observe(server) as observer:
        await observer.unsilence(silence_id)
    say(to_json({"id": silence_id}) if json else f"silence {silence_id} is over")


def seconds_of(text: str) -> float:
    """How long a silence is to be, in seconds.

    Raises:
        UsageError: It means no length, or one that the protocol does not allow.
    """
    try:
        found = length(text)
    except OverflowError:
        found = None
    if found is None or not SHORTEST <= found <= LONGEST:
        raise UsageError(
            f"--for: expected a length from 1min to 365d, like 30min, 2h or 1d, got '{safe(text)}'"
        )
    return found.total_seconds()


def told(silence: SilenceRecord) -> str:
    """The line for a silence that begins now."""
    until = stamp(silence.until.astimezone())
    return f"silence {silence.id}: nobody is told of {covered(silence)} until {until}"


def covered(silence: SilenceRecord) -> str:
    """Whom it covers: `web-*`, `members of rack-3`, `web-* in rack-3`."""
    clients = ", ".join(map(safe, silence.clients))
    groups = " or ".join(map(safe, silence.groups))
    if clients and groups:
        return f"{clients} in {groups}"
    return clients or (f"members of {groups}" if groups else "everyone")


def row(silence: SilenceRecord, now: datetime) -> list[Cell]:
    """The cells of one silence, one for each of `COLUMNS`."""
    left = max(0.0, (silence.until - now).total_seconds())
    return [
        Cell("planned", "dim") if silence.id is None else Cell(str(silence.id), "bold"),
        Cell(covered(silence)),
        Cell(stamp(silence.until.astimezone())),
        Cell(short_duration(left)),
        Cell("" if silence.since is None else stamp(silence.since.astimezone())),
        Cell(safe(silence.reason)),
    ]
