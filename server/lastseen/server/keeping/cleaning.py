"""Forgetting: clients that have been offline for long, and events that are old."""

from collections.abc import Callable

import trio

from lastseen.server import logs
from lastseen.server.presence.presence import Presence
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.store import Store

INTERVAL = 300.0
"""Seconds between two rounds."""

CHUNK = 1_000
"""Rows forgotten in one call: the writer behind presence waits no longer than for one."""

DAY = 86_400.0

log = logs.get_logger()

Retention = Callable[[], tuple[float, float]]
"""For how many days offline clients, and events, are remembered."""


async def clean(store: Store, presence: Presence, retention: Retention) -> None:
    """Forget what is past its retention, every five minutes, for ever."""
    while True:
        await trio.sleep(INTERVAL)
        try:
            await clean_once(store, presence, retention)
        except StoreUnavailable as error:
            log.warning("nothing forgotten this time", why=str(error))


async def clean_once(store: Store, presence: Presence, retention: Retention) -> tuple[int, int]:
    """One round. Returns how many clients and events were forgotten.

    Raises:
        StoreUnavailable: The database does not answer; what was forgotten before stays so.
    """
    now = presence.clock.now().wall
    offline_days, event_days = retention()
    # The registry's word on who is present is newer than the store's.
    clients = await _in_chunks(
        store.forget_offline_since, now - offline_days * DAY, presence.registry
    )
    events = await _in_chunks(store.forget_events_before, now - event_days * DAY)
    await _in_chunks(store.forget_runs_before, now - event_days * DAY)
    if clients or events:
        log.info("forgotten", clients=clients, events=events)
    return clients, events


async def _in_chunks(forget: Callable[..., int], *what: object) -> int:
    forgotten = 0
    while True:
        count = await trio.to_thread.run_sync(lambda: forget(*what, limit=CHUNK))
        forgotten += count
        if count < CHUNK:
            return forgotten
