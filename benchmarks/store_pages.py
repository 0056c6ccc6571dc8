"""Pages of 1,000,000 known clients: the last one should cost what the first did."""

import time
from collections.abc import Callable
from functools import partial

from benchmarks.figures import OURS, Figure, Limit
from benchmarks.measure import Spread
from benchmarks.run import Bench
from benchmarks.store_rows import fill, name_of, stores

from lastseen.server import collector
from lastseen.server.store.model import KnownClient, Page
from lastseen.server.store.store import Store

ROUNDS = 20

PAGE = 500
"""Clients that a list has by default."""

ONLINE_SHARE = 100
"""One of so many is online: 10,000 of a million."""

LONGEST_START = 10.0  # s: what the project asks for

Find = Callable[..., Page[KnownClient]]


def run(bench: Bench) -> list[Figure]:
    """A page at the start, in the middle and at the end, and all who were online."""
    figures = []
    known = bench.scale.simulated
    with stores(bench) as opened:
        collector.spare()  # as the server does once it has started
        for name, store in opened.items():
            began = time.perf_counter()
            fill(store, known, known // ONLINE_SHARE)
            bench.remark(f"{known:,} clients into {name}: {time.perf_counter() - began:.0f} s")
            figures += _figures(f"{known:,} known clients in {name}", store, known)
    return figures


def _figures(what: str, store: Store, known: int) -> list[Figure]:
    places = {"first": None, "middle": name_of(known // 2), "last": name_of(known - 501)}
    figures = [
        _figure(f"{what}: the {place} page of 500", "ms", partial(store.find_all, after=after))
        for place, after in places.items()
    ]
    search = partial(store.find_all, search="not to be found")
    online = partial(_all, store.were_online)
    everyone = partial(_all, store.find_all)
    return [
        *figures,
        _figure(f"{what}: a page of a search that finds nobody", "ms", search),
        _figure(f"{what}: all {known // ONLINE_SHARE:,} who were online", "ms", online),
        _figure(f"{what}: everyone, in pages of 500", "s", everyone, rounds=5, most=LONGEST_START),
        _figure(f"{what}: counts", "ms", store.counts, rounds=5),
    ]


def _figure(
    what: str,
    unit: str,
    work: Callable[[], object],
    rounds: int = ROUNDS,
    most: float | None = None,
) -> Figure:
    scale = 1.0 if unit == "s" else 1e3
    took = [_seconds(work) * scale for _ in range(rounds)]
    return Figure(what, unit, {OURS: Spread.of(took)}, () if most is None else (Limit(most),))


def _all(find: Find) -> None:
    """Each page is let go before the next is read, as a server's answers are."""
    after = find(limit=PAGE).after
    while after is not None:
        after = find(after=after, limit=PAGE).after


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
