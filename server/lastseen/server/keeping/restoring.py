"""The start: clients that were present when the last run ended are waited for.

Clients with a link are late until they come back. For clients that heartbeats kept online, the time
since the last heartbeat goes on where the last run ended.
"""

from collections.abc import Iterable
from functools import partial

import trio

from lastseen.server import logs
from lastseen.server.errors import StartFailed
from lastseen.server.keeping.threads import InThread, in_thread
from lastseen.server.keeping.translation import remembered
from lastseen.server.presence.presence import Presence
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.model import KnownClient, Page, Run
from lastseen.server.store.store import Store

PAGE = 1_000
"""Clients read in one call, or restored before others get a turn."""

log = logs.get_logger()


async def restore(store: Store, presence: Presence, in_thread: InThread = in_thread) -> float:
    """Begin a run with what the last one left. To be awaited before anything is served.

    Returns what is to be added to an awake time of this run to get that of all runs, in seconds.

    Raises:
        StartFailed: The database does not answer.
    """
    try:
        last: Run | None = await in_thread(store.last_run)
        awake = 0.0 if last is None else last.awake
        heartbeats = await _restore_links(store, presence, in_thread)
        await _restore_heartbeats(heartbeats, awake, presence)
        now = presence.clock.now()
        await in_thread(store.begin_run, presence.epoch, now.wall, awake)
    except StoreUnavailable as error:
        raise StartFailed(str(error)) from error
    if last is None:
        log.info("a new store: nobody is known yet")
    else:
        log.info(
            "clients restored",
            online=presence.registry.counts["online"],
            late=presence.registry.counts["late"],
            last_run="clean" if last.clean else "killed",
            away=round(now.wall - last.heartbeat_at, 1),
        )
    return awake - now.awake


async def _restore_links(
    store: Store, presence: Presence, in_thread: InThread
) -> list[KnownClient]:
    """Restore clients that held a link; return those that sent heartbeats."""
    heartbeats: list[KnownClient] = []
    cursor: str | None = None
    while True:
        read = partial(store.were_online, after=cursor, limit=PAGE)
        page: Page[KnownClient] = await in_thread(read)
        heartbeats += [client for client in page.items if client.timeout is not None]
        _restore(presence, (client for client in page.items if client.timeout is None))
        cursor = page.after
        if cursor is None:
            return heartbeats


async def _restore_heartbeats(clients: list[KnownClient], awake: float, presence: Presence) -> None:
    """Restore clients that sent heartbeats, the one that was silent for longest first."""
    clients.sort(key=lambda client: client.heard_awake)
    for start in range(0, len(clients), PAGE):
        some = clients[start : start + PAGE]
        _restore(presence, some, {c.client_id: max(0.0, awake - c.heard_awake) for c in some})
        await trio.lowlevel.checkpoint()


def _restore(
    presence: Presence, clients: Iterable[KnownClient], silences: dict[str, float] | None = None
) -> None:
    presence.restore((remembered(client, "late") for client in clients), silences)
