"""Forgetting: clients that have been offline for long, events that are old, and what was told."""

from collections.abc import Callable
from functools import partial

import trio

from lastseen.server import logs
from lastseen.server.keeping.clock_trust import untrusted_for
from lastseen.server.keeping.threads import InThread, in_thread
from lastseen.server.presence.presence import Presence
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.store import Store

INTERVAL = 300.0
"""Seconds between two rounds."""

CHUNK = 1_000
"""Rows forgotten in one call: the writer behind presence waits no longer than for one."""

PAUSE = 0.05
"""Seconds between two steps that shrink the file: the writer behind presence goes first."""

DAY = 86_400.0

SILENCE_KEPT = DAY
"""Seconds for which a silence is kept after its end: who asks why nothing was told still sees."""

log = logs.get_logger()

Retention = Callable[[], tuple[float, float]]
"""For how many days offline clients, and events, are remembered."""


async def clean(
    store: Store,
    presence: Presence,
    retention: Retention,
    in_thread: InThread = in_thread,
    scheduled: Callable[[], float] | None = None,
) -> None:
    """Forget what is past its retention, every five minutes, for ever. `scheduled` is the clock
    that deliveries are scheduled with; without it they go by presence's clock.

    Nothing is deleted while the wall clock is not believed (`clock_trust`).
    """
    waits = False
    while True:
        await trio.sleep(INTERVAL)
        try:
            runs = await in_thread(store.all_runs)
            wait = untrusted_for(runs, presence.clock.now().wall)
            if wait > 0:
                if not waits:
                    log.warning(
                        "the clock went forward by days: nothing is deleted for a day",
                        hours_left=round(wait / 3600, 1),
                        hint="if the clock is wrong, set it right; if it is right, do nothing",
                    )
                waits = True
                continue
            waits = False
            await clean_once(store, presence, retention, in_thread, scheduled)
        except StoreUnavailable as error:
            log.warning("nothing forgotten this time", why=str(error))
        except Exception:  # a fault in what is remembered must not end presence
            log.exception("cleaning up crashed")


async def clean_once(
    store: Store,
    presence: Presence,
    retention: Retention,
    in_thread: InThread = in_thread,
    scheduled: Callable[[], float] | None = None,
) -> tuple[int, int]:
    """One round. Returns how many clients and events were forgotten.

    Raises:
        StoreUnavailable: The database does not answer; what was forgotten before stays so.
    """
    now = presence.clock.now().wall
    offline_days, event_days = retention()
    for client_id in presence.registry.departed_before(now - offline_days * DAY):
        presence.forget(client_id)  # or it would be listed until the next start
    forget_clients = partial(
        # The registry's word on who is present is newer than the store's.
        store.forget_offline_since,
        now - offline_days * DAY,
        presence.registry,
    )
    clients = await _in_chunks(forget_clients, in_thread)
    presence.counts.forgotten += clients
    events = await _in_chunks(
        partial(store.forget_events_before, now - event_days * DAY), in_thread
    )
    await _in_chunks(partial(store.forget_runs_before, now - event_days * DAY), in_thread)
    told, told_now = store.deliveries, now if scheduled is None else scheduled()
    for forget in (
        partial(told.forget_before, told_now - event_days * DAY),
        partial(told.forget_standings_before, told_now - offline_days * DAY),
        partial(told.forget_silences_before, told_now - SILENCE_KEPT),
    ):
        await _in_chunks(forget, in_thread)
    await _shrink(store, in_thread)
    if clients or events:
        log.info("forgotten", clients=clients, events=events)
    return clients, events


async def _in_chunks(forget: Callable[..., int], in_thread: InThread) -> int:
    forgotten = 0
    while True:
        count: int = await in_thread(partial(forget, limit=CHUNK))
        forgotten += count
        if count < CHUNK:
            return forgotten


async def _shrink(store: Store, in_thread: InThread) -> None:
    """Shrink the file step by step."""
    more = True
    while more:
        more = await in_thread(store.shrink)
        await trio.sleep(PAUSE if more else 0)
