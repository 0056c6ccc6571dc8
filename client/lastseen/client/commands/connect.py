"""`lastseen connect`: be present until told to stop, and say what happens meanwhile."""

import math
import socket
from typing import Annotated, Literal

from cyclopts import Parameter

from lastseen.client.commands.link_events import sentence, to_dict
from lastseen.client.commands.options import DEFAULT_SERVER, Json, Lan, Server
from lastseen.client.commands.output import safe, to_json, utc_now
from lastseen.client.commands.server_on_lan import server_for
from lastseen.client.commands.terminal import say, with_time
from lastseen.client.commands.usage import hold_to_the_wire, pairs
from lastseen.client.events import Event, Unreachable
from lastseen.shared.messages import Register, SetAvailability


async def connect(
    *,
    client_id: Annotated[
        str | None, Parameter(name="--id", help="The stable id. Default: this machine's hostname.")
    ] = None,
    name: Annotated[str, Parameter(help="A name for people.")] = "",
    hostname: Annotated[str | None, Parameter(help="Default: this machine's.")] = None,
    group: Annotated[
        tuple[str, ...], Parameter(negative="", help="A group to be in; may be repeated.")
    ] = (),
    meta: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="A fact, as key=value (kept as text); may be repeated."),
    ] = (),
    availability: Annotated[
        Literal["available", "away", "busy"], Parameter(help="What to say of oneself.")
    ] = "available",
    note: Annotated[str, Parameter(help="A few words that go with it.")] = "",
    wait: Annotated[
        bool, Parameter(negative="", help="Keep trying when the server cannot be reached at first.")
    ] = False,
    server: Server = DEFAULT_SERVER,
    lan: Lan = False,
    json: Json = False,
) -> int:
    """Be present."""
    machine = socket.gethostname()
    me = Register(
        machine if client_id is None else client_id,
        name=name,
        hostname=machine if hostname is None else hostname,
        groups=group,
        meta=dict(pairs(meta)),
    )
    wish = SetAvailability(availability, note)
    hold_to_the_wire(me)
    hold_to_the_wire(wish)
    return await _stay(me, wish, server, lan=lan, wait=wait, json=json)


async def _stay(
    me: Register, wish: SetAvailability, named: str, *, lan: bool, wait: bool, json: bool
) -> int:
    import trio

    from lastseen import client
    from lastseen.client.commands.signals import stopped_by_signals

    with stopped_by_signals() as stop:
        server = await server_for(named, lan=lan, wait=wait)
        async with client.connect(
            server,
            client_id=me.client_id,
            name=me.name,
            hostname=me.hostname,
            groups=me.groups,
            meta=me.meta,
            wait=wait,
            on_event=lambda event: _tell(event, server, json=json),
        ) as presence:
            # Only this block is cancelled: leaving the outer one tells the server.
            with stop.scope():
                if wish != SetAvailability("available"):
                    await presence.set_availability(wish.availability, wish.note)
                await trio.sleep(math.inf)
        say(farewell(me.client_id, json=json))
    return stop.exit_code


def _tell(event: Event, server: str, *, json: bool) -> None:
    # A failure at the very start is the command's own, and is told as such.
    if json or not (isinstance(event, Unreachable) and event.retry_in is None):
        say(told(event, server, json=json))


def told(event: Event, server: str, *, json: bool) -> str:
    """The line for an event that happens now."""
    now = utc_now()
    if json:
        return to_json(to_dict(event, server, now))
    return with_time(now, sentence(event, server))


def farewell(client_id: str, *, json: bool) -> str:
    """The last line, when the server has been told."""
    now = utc_now()
    if json:
        return to_json({"type": "left", "time": now, "client_id": client_id})
    return with_time(now, f"{safe(client_id)} has left")
