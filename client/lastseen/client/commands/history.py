"""`lastseen history`: what happened to a client, and how long each thing lasted."""

from datetime import datetime
from typing import Annotated

from cyclopts import Parameter

from lastseen.client.commands.options import DEFAULT_SERVER, ClientId, Json, Server
from lastseen.client.commands.output import stamp, utc_now
from lastseen.client.commands.pages import JsonArray
from lastseen.client.commands.periods import lines, periods, to_dict
from lastseen.client.commands.since import moment
from lastseen.client.commands.terminal import remark, say
from lastseen.client.commands.usage import hold_to_the_wire
from lastseen.shared.messages import EventRecord, GetHistory


async def history(
    client: ClientId,
    /,
    *,
    since: Annotated[
        str | None,
        Parameter(help="How long ago (2d, 12h, 30min), or a time (2026-11-22T14:00)."),
    ] = None,
    server: Server = DEFAULT_SERVER,
    json: Json = False,
) -> None:
    """Tell a client's history."""
    from lastseen.client import observe

    start = None if since is None else moment(since, utc_now())
    hold_to_the_wire(GetHistory(client, since=start))
    async with observe(server) as observer:
        events = [event async for event in observer.history(client, since=start)]
        events.reverse()
        if json:
            _print_json(events)
        elif events:
            for line in lines(events, utc_now(), zone=None):
                say(line)
        else:
            remark(nothing(start, await anext(observer.history(client), None)))


def nothing(since: datetime | None, last: EventRecord | None) -> str:
    """What to say where nothing happened since then; `last` is what did before."""
    if since is None or last is None:
        return "no transitions are remembered"
    began = stamp(last.at.astimezone())
    return f"no transitions since {stamp(since.astimezone())}; {last.after} since {began}"


def _print_json(events: list[EventRecord]) -> None:
    array = JsonArray()
    array.say(map(to_dict, periods(events, utc_now())))
    array.end()
