"""A pass of the reaper over 1,000,000 clients: what it costs to find nobody, or to give up on some.

In this process and without sockets: the registry alone. Beside it, the pass of the plain server,
which looks at everyone.
"""

import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from benchmarks.errors import BenchmarkError
from benchmarks.figures import OURS, Figure, Limit
from benchmarks.measure import Spread
from benchmarks.peers import PLAIN_TRIO
from benchmarks.plain_trio_server import Client, silent_since
from benchmarks.run import Bench

from lastseen.server.presence.model import Moment, Policy, Registration
from lastseen.server.presence.registry import Registry
from lastseen.shared.messages import Register

PASSES = 3
"""Passes that find someone, each a batch of its own."""

ROUNDS = 100
"""Passes that find nobody, which change nothing."""

# Awake time in seconds: each batch is past its deadline in its own pass, the rest in none.
TIMEOUT, BATCHES_APART, REST_CAME, FIRST_PASS = 120, 10, 60, 121


def run(bench: Bench) -> list[Figure]:
    """Duration of a pass with nothing expired, and with some expired."""
    clients, expired = bench.scale.simulated, bench.scale.expired
    gc.disable()  # a million objects would be looked at again and again while they are made
    try:
        return _figures(clients, expired)
    finally:
        gc.enable()


def _figures(clients: int, expired: int) -> list[Figure]:
    registry = _registry(clients, expired)
    nothing = [_milliseconds(partial(_pass, registry, REST_CAME)) for _ in range(ROUNDS)]
    some = _expiring_passes(registry, expired)
    del registry
    plain = _plain(clients)
    looks = [_milliseconds(partial(silent_since, -1.0, plain)) for _ in range(PASSES)]
    quantity = f"reaper pass over {clients:,} clients"
    values = {OURS: Spread.of(nothing), PLAIN_TRIO.name: Spread.of(looks)}
    return [
        Figure(f"{quantity}, nothing expired", "ms", values, (Limit(1.0),)),
        Figure(f"{quantity}, {expired:,} expired", "ms", {OURS: Spread.of(some)}),
    ]


def _registry(clients: int, expired: int) -> Registry:
    """Batches of `expired` clients that came one after the other, then everyone else."""
    registry = Registry(Policy(connection_timeout=TIMEOUT, max_clients=clients))
    for number in range(clients):
        batch = number // expired
        came = batch * BATCHES_APART if batch < PASSES else REST_CAME
        message = Register(f"client-{number:07}", name=f"Workstation {number}", groups=("office",))
        registration = Registration(message, "tcp", f"127.0.0.1:{number % 60_000}")
        registry.register(registration, None, Moment(float(came), 1.7e9 + came))
    return registry


def _expiring_passes(registry: Registry, expired: int) -> list[float]:
    _pass(registry, FIRST_PASS - 2)  # calls all batches late, as earlier passes would have
    took = []
    for number in range(PASSES):
        before = len(registry)
        took.append(_milliseconds(partial(_pass, registry, FIRST_PASS + number * BATCHES_APART)))
        if before - len(registry) != expired:
            raise BenchmarkError(f"{before - len(registry)} clients expired, not {expired}")
    return took


def _pass(registry: Registry, awake: float) -> None:
    """What the reaper has the registry do (`presence.due`, `reaper.reap_once`)."""
    now = Moment(float(awake), 1.7e9 + awake)
    registry.turn_late(now)
    for session in registry.detector.due(now).expired:
        registry.give_up(session, now)


def _plain(clients: int) -> dict[str, Client]:
    register, now = Register("client"), datetime.now(UTC)
    nowhere = cast("Any", None)  # a pass looks at no stream
    return {f"client-{n:07}": Client(register, nowhere, "", now, float(n)) for n in range(clients)}


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3
