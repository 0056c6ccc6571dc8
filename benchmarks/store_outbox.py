"""An outbox of 1,000,000 deliveries: finding what is due should cost what is found, whatever was
sent before and whatever waits behind a receiver that is down.
"""

import time
from collections.abc import Callable
from functools import partial
from itertools import count

from benchmarks.figures import OURS, Figure
from benchmarks.measure import Spread
from benchmarks.run import Bench
from benchmarks.store_rows import NOW, name_of, stores

from lastseen.server.store.database import CHUNK
from lastseen.server.store.store import Store
from lastseen.server.store.telling import Attempt, Delivery, Telling

ROUNDS = 10
LATER = NOW + 1e6

WAITING_SHARE = 10
"""What is told of one in so many clients waits for a receiver that is down; the rest was sent."""

CLIENTS_SHARE = 100
"""As many deliveries are told of each client."""

UP, DOWN = "up", "down"
"""The channels."""


def run(bench: Bench) -> list[Figure]:
    """What the worker of a channel asks, and what telling costs, in each database."""
    figures = []
    told = bench.scale.simulated
    with stores(bench) as opened:
        for name, store in opened.items():
            began = time.perf_counter()
            _fill(store, told)
            bench.remark(f"{told:,} deliveries into {name}: {time.perf_counter() - began:.0f} s")
            figures += _figures(f"{told:,} deliveries in {name}", store)
    return figures


def _figures(what: str, store: Store) -> list[Figure]:
    outbox, numbers = store.deliveries, count()
    tell = partial(_tell, store, numbers)
    settle = partial(_settle, store, numbers)
    claim = partial(_claim, store, numbers)
    return [
        _figure(f"{what}: nothing is due", partial(outbox.due, UP, LATER)),
        _figure(f"{what}: when the next is due", partial(outbox.next_due, DOWN)),
        _figure(f"{what}: 100 of those due", partial(outbox.due, DOWN, LATER, 100)),
        _figure(f"{what}: an attempt of 100 settled, to be repeated", settle),
        _figure(f"{what}: 1,000 claimed for a digest, found again and sent", claim),
        _figure(f"{what}: 1,000 told of 1,000 clients", tell),
        _figure(f"{what}: counts", outbox.counts),
        _figure(
            f"{what}: the newest 100 that failed", partial(outbox.list, state="failed", limit=100)
        ),
    ]


def _figure(what: str, work: Callable[[], object]) -> Figure:
    took = [_seconds(work) * 1e3 for _ in range(ROUNDS)]
    return Figure(what, "ms", {OURS: Spread.of(took)})


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _fill(store: Store, told: int) -> None:
    clients = max(1, told // CLIENTS_SHARE)
    for start in range(0, told, CHUNK):
        some = (_delivery(number, number % clients) for number in range(start, start + CHUNK))
        store.tell(Telling(tuple(some)))


def _delivery(number: int, client: int) -> Delivery:
    client_id, waiting = name_of(client), client % WAITING_SHARE == 0
    return Delivery(
        key=f"delivery-{number}",
        channel=DOWN if waiting else UP,
        kind="offline",
        client_id=client_id,
        notice={"client": {"client_id": client_id, "name": "Workstation"}, "at": NOW},
        created_at=NOW + number,
        due_at=NOW,
        state="pending" if waiting else "sent",
    )


def _settle(store: Store, numbers: "count[int]") -> None:
    found = store.deliveries.due(DOWN, LATER, 100)
    keys = tuple(delivery.key for delivery in found)
    store.deliveries.settle([Attempt(keys, "pending", NOW, NOW + next(numbers) + 1, "refused")])


def _claim(store: Store, numbers: "count[int]") -> None:
    store.deliveries.claim(DOWN, LATER, f"message-{next(numbers)}")
    keys = tuple(delivery.key for delivery in store.deliveries.claimed(DOWN))
    store.deliveries.settle([Attempt(keys, "sent", NOW, NOW)])


def _tell(store: Store, numbers: "count[int]") -> None:
    round_ = next(numbers)
    some = [
        Delivery(
            key=f"new-{round_}-{n}",
            channel=UP,
            kind="offline",
            client_id=f"new-{n}",
            notice={"client": {"client_id": f"new-{n}"}, "at": NOW},
            created_at=NOW,
            due_at=LATER,
        )
        for n in range(CHUNK)
    ]
    store.tell(Telling(tuple(some)))
