"""100,000 last signs of life written from a worker thread: how long the event loop is held up.

A task beside it wants to wake every millisecond; what it is late by, others would have waited.
"""

import time
from collections.abc import Callable
from functools import partial

import trio
from benchmarks.figures import OURS, Figure, Limit
from benchmarks.measure import Spread, percentile
from benchmarks.run import Bench
from benchmarks.store_rows import NOW, fill, name_of, stores

from lastseen.server import collector
from lastseen.server.store.database import CHUNK
from lastseen.server.store.model import LastSeen
from lastseen.server.store.store import Store

TICK = 0.001
LONGEST_STALL = 20.0  # ms: what the project asks for


def run(bench: Bench) -> list[Figure]:
    """The longest stall, the 99th percentile, and how long the flush takes, in each database."""
    figures = []
    rows = bench.scale.dirty
    with stores(bench) as opened:
        for name, store in opened.items():
            fill(store, rows, online=rows)
            collector.spare()  # as the server does once it has started
            flushes = [trio.run(_flush, store, rows, n) for n in range(bench.scale.repeats)]
            idle = [trio.run(_idle, took) for took, _ in flushes]
            figures += _figures(f"{rows:,} last_seen rows into {name}", flushes, idle)
    return figures


Flush = tuple[float, list[float]]
"""Seconds it took, and what each tick was late by, in ms."""


def _figures(what: str, flushes: list[Flush], idle: list[Flush]) -> list[Figure]:
    def spread(of: Callable[[list[float]], float], found: list[Flush]) -> dict[str, Spread]:
        return {OURS: Spread.of([of(lateness) for _, lateness in found])}

    limits = (Limit(LONGEST_STALL),)
    took = {OURS: Spread.of([seconds for seconds, _ in flushes])}
    p99 = spread(partial(percentile, share=0.99), flushes)
    return [
        Figure(f"{what}: longest stall of the loop", "ms", spread(max, flushes), limits),
        Figure(f"{what}: p99 of the loop's lateness", "ms", p99),
        Figure(f"{what}: longest stall without the flush", "ms", spread(max, idle)),
        Figure(f"{what}: the whole flush", "s", took),
    ]


async def _flush(store: Store, rows: int, repeat: int) -> Flush:
    return await _beside(partial(_write, store, rows, NOW + 1 + repeat))


async def _idle(seconds: float) -> Flush:
    """The same machine, a thread that sleeps: what is not ours."""
    return await _beside(partial(time.sleep, seconds))


async def _beside(work: Callable[[], None]) -> Flush:
    lateness: list[float] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_tick, lateness)
        began = time.perf_counter()
        await trio.to_thread.run_sync(work)
        took = time.perf_counter() - began
        nursery.cancel_scope.cancel()
    return took, lateness


async def _tick(lateness: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await trio.sleep(TICK)
        lateness.append((time.perf_counter() - began - TICK) * 1e3)


def _write(store: Store, rows: int, moment: float) -> None:
    for start in range(0, rows, CHUNK):
        numbers = range(start, min(start + CHUNK, rows))
        store.update_last_seen([LastSeen(name_of(n), moment, "tcp", "", 1) for n in numbers])
