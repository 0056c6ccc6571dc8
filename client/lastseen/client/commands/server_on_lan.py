"""Which server a command talks to: the one that --server names, or one found by --lan."""

from lastseen.client.commands.options import DEFAULT_SERVER
from lastseen.client.commands.terminal import remark
from lastseen.client.commands.usage import UsageError

AGAIN = 2.0
"""Seconds between two searches, where one waits for a server to come."""


async def server_for(server: str, *, lan: bool, wait: bool = False) -> str:
    """The address to connect to. With `wait` it is searched for until there is one.

    Raises:
        UsageError: A server was named, and is to be searched for as well.
        ConnectFailed: None was found.
    """
    if not lan:
        return server
    if server != DEFAULT_SERVER:
        raise UsageError(f"--lan searches for a server, and {server} is named (LASTSEEN_SERVER?)")
    import trio

    from lastseen.client.discovery import discover, one_of

    found = await discover()
    while wait and not found:
        await trio.sleep(AGAIN)
        found = await discover()
    chosen = one_of(found)
    if len(found) > 1:
        remark(f"{len(found)} servers on the local network: {', '.join(found)}; taking the first")
    return chosen
