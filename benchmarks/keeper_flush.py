"""100,000 clients that were all heard from since the last flush: how long writing them behind holds
up the event loop, from looking for them to the last row.

`store-flush` measures the same of the store alone.
"""

import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio
from benchmarks.figures import OURS, Figure, Limit
from benchmarks.measure import Spread, percentile
from benchmarks.run import Bench
from benchmarks.store_flush import LONGEST_STALL

from lastseen.server import collector, logs
from lastseen.server.keeping.keeper import Keeper
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.model import Policy, Registration
from lastseen.server.presence.presence import Presence
from lastseen.server.store.opening import open_store
from lastseen.server.store.store import Store
from lastseen.shared.messages import Register
from lastseen.shared.wire import to_frame

TICK = 0.001


def run(bench: Bench) -> list[Figure]:
    """The longest stall, the 99th percentile, and how long the flush takes, with SQLite."""
    logs.set_level("error")
    try:
        found = [_once(bench.scale.dirty) for _ in range(bench.scale.repeats)]
    finally:
        logs.set_level("info")
    what = f"{bench.scale.dirty:,} dirty clients written behind"
    stalls = [max(lateness) for _, lateness in found]
    p99 = [percentile(lateness, 0.99) for _, lateness in found]
    took = [seconds for seconds, _ in found]
    return [
        Figure(
            f"{what}: longest stall of the loop",
            "ms",
            {OURS: Spread.of(stalls)},
            (Limit(LONGEST_STALL),),
        ),
        Figure(f"{what}: p99 of the loop's lateness", "ms", {OURS: Spread.of(p99)}),
        Figure(f"{what}: the whole flush", "s", {OURS: Spread.of(took)}),
    ]


def _once(clients: int) -> tuple[float, list[float]]:
    with TemporaryDirectory(prefix="lastseen-bench-") as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'bench.db'}")
        collector.spare()  # as the server does once it has started
        try:
            return trio.run(partial(_flush, store, clients))
        finally:
            store.close()


async def _flush(store: Store, clients: int) -> tuple[float, list[float]]:
    presence = Presence(Policy(max_clients=clients), AwakeClock(), {"msgpack": to_frame})
    keeper = Keeper(store, presence, lambda: 1e9)
    nowhere: Any = None
    for number in range(clients):
        message = Register(f"client-{number:07}", name=f"Workstation {number}", groups=("office",))
        registration = Registration(message, "tcp", f"10.0.0.1:{number % 60_000}")
        presence.register(registration, nowhere, presence.clock.now())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keeper.run)
        await keeper.caught_up()
        lateness: list[float] = []
        nursery.start_soon(_tick, lateness)
        began = time.perf_counter()
        keeper.close()  # a flush, and the end of the run
        await keeper.finished.wait()
        took = time.perf_counter() - began
        nursery.cancel_scope.cancel()
    return took, lateness


async def _tick(lateness: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await trio.sleep(TICK)
        lateness.append((time.perf_counter() - began - TICK) * 1e3)
