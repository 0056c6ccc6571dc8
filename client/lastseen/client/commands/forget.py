"""`lastseen forget`: have the server forget a client that is offline, and its history."""

from lastseen.client.commands.options import DEFAULT_SERVER, ClientId, Json, Server
from lastseen.client.commands.output import safe, to_json
from lastseen.client.commands.terminal import say
from lastseen.client.commands.usage import hold_to_the_wire
from lastseen.shared.messages import Forget


async def forget(
    client: ClientId, /, *, server: Server = DEFAULT_SERVER, json: Json = False
) -> None:
    """Forget a client."""
    from lastseen.client import observe

    hold_to_the_wire(Forget(client))
    async with observe(server) as observer:
        await observer.forget(client)
    say(to_json({"client_id": client}) if json else f"{safe(client)} is forgotten")
