"""What a client costs that is registered and says nothing: memory of the server process.

The kernel's share (6 to 10 KB a connection, for both ends) is the same for all and not in it.
"""

from collections.abc import Callable

from benchmarks.driver import Driver
from benchmarks.figures import Figure, Limit
from benchmarks.measure import resident_bytes
from benchmarks.peers import Running
from benchmarks.run import Bench

WARM_UP = 100
"""Clients that come first and are not counted: with them comes what the server makes once."""


def run(bench: Bench) -> list[Figure]:
    """Growth of the resident memory, divided by the clients that it grew by."""
    once = growth_by(bench.scale.idle_clients)
    found = bench.each(once)
    return [
        Figure.of(
            "memory per registered idle client",
            "KB",
            found,
            lambda report: report["bytes"] / 1000,
            Limit(1.5),
            Limit(0.06, "nats-server"),
        )
    ]


def growth_by(clients: int) -> Callable[[Running, Driver], dict[str, float]]:
    """What is done once: so many come. Reports `bytes` for each, and what `connect` reports."""

    def once(server: Running, load: Driver) -> dict[str, float]:
        load.do("connect", count=WARM_UP)
        before = resident_bytes(server.pid)
        report = load.do("connect", count=clients)
        load.do("settle")
        return report | {"bytes": (resident_bytes(server.pid) - before) / clients}

    return once
