"""The start: those present when the last run ended are late, until they come back or time is up."""

from functools import partial

from lastseen.server import logs
from lastseen.server.errors import StartFailed
from lastseen.server.keeping.threads import InThread, in_thread
from lastseen.server.keeping.translation import remembered
from lastseen.server.presence.presence import Presence
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.model import KnownClient, Page, Run
from lastseen.server.store.store import Store

PAGE = 1_000
"""Clients read in one call."""

log = logs.get_logger()


async def restore(store: Store, presence: Presence, in_thread: InThread = in_thread) -> None:
    """Begin a run with what the last one left. To be awaited before anything is served.

    Raises:
        StartFailed: The database does not answer.
    """
    try:
        last: Run | None = await in_thread(store.last_run)
        await _restore_present(store, presence, in_thread)
        now = presence.clock.now()
        await in_thread(store.begin_run, presence.epoch, now.wall)
    except StoreUnavailable as error:
        raise StartFailed(str(error)) from error
    if last is None:
        log.info("a new store: nobody is known yet")
        return
    log.info(
        "clients restored",
        late=presence.registry.counts["late"],
        last_run="clean" if last.clean else "killed",
        away=round(now.wall - last.heartbeat_at, 1),
    )


async def _restore_present(store: Store, presence: Presence, in_thread: InThread) -> None:
    cursor: str | None = None
    while True:
        read = partial(store.were_online, after=cursor, limit=PAGE)
        page: Page[KnownClient] = await in_thread(read)
        presence.restore(remembered(client, "late") for client in page.items)
        cursor = page.after
        if cursor is None:
            return
