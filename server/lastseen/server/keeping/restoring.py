"""The start: those present when the last run ended are late, until they come back or time is up."""

import trio

from lastseen.server import logs
from lastseen.server.errors import StartFailed
from lastseen.server.keeping.translation import remembered
from lastseen.server.presence.presence import Presence
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.store import Store

PAGE = 1_000
"""Clients read in one call."""

log = logs.get_logger()


async def restore(store: Store, presence: Presence) -> None:
    """Begin a run with what the last one left. To be awaited before anything is served.

    Raises:
        StartFailed: The database does not answer.
    """
    try:
        last = await trio.to_thread.run_sync(store.last_run)
        await _restore_present(store, presence)
        now = presence.clock.now()
        await trio.to_thread.run_sync(store.begin_run, presence.epoch, now.wall)
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


async def _restore_present(store: Store, presence: Presence) -> None:
    cursor: str | None = None
    while True:
        after = cursor
        page = await trio.to_thread.run_sync(lambda: store.were_online(after=after, limit=PAGE))  # noqa: B023 - awaited at once
        presence.restore(remembered(client, "late") for client in page.items)
        cursor = page.after
        if cursor is None:
            return
