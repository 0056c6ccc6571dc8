"""How a benchmark is run: how much of everything, and each peer in turn, in the same weather."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.driver import Driver, load_on
from benchmarks.errors import BenchmarkError, NotStartedError
from benchmarks.figures import Found
from benchmarks.peers import Peer, Running


@dataclass(frozen=True)
class Scale:
    """How much is measured, and for how long (seconds). The defaults are what is published."""

    repeats: int = 3
    connections: int = 5_000
    active: int = 1_000
    warm_up: float = 1.0
    seconds: float = 5.0
    idle_clients: int = 15_000
    watchers: int = 5_000
    simulated: int = 1_000_000
    expired: int = 10_000
    dirty: int = 100_000


QUICK = Scale(
    repeats=1,
    connections=2_000,
    active=1_000,
    warm_up=0.3,
    seconds=1.0,
    idle_clients=4_000,
    watchers=1_000,
    simulated=100_000,
    expired=1_000,
    dirty=10_000,
)
"""Enough to see that everything works; the figures are rough."""


@dataclass
class Bench:
    """One run of the benchmarks.

    Attributes:
        remarks: What a reader of the figures should know, gathered on the way.
        failed: Whether something could not be measured that should have been.
    """

    scale: Scale
    peers: list[Peer]
    remarks: list[str] = field(default_factory=list)
    failed: bool = False

    def each(
        self, once: Callable[[Running, Driver], dict[str, float]], *, repeats: int | None = None
    ) -> Found:
        """What `once` reports of each peer, freshly started, in each repeat; the peers in turn."""
        found: Found = {peer.name: [] for peer in self.peers}
        for _ in range(repeats or self.scale.repeats):
            for peer in list(self.peers):
                try:
                    with peer.running() as server, load_on(server) as load:
                        found[peer.name].append(once(server, load))
                except BenchmarkError as error:
                    self.fail(f"{peer.name} could not be measured: {error}")
                    if isinstance(error, NotStartedError):  # it will not start the next time either
                        self.peers.remove(peer)
        return found

    def remark(self, text: str) -> None:
        """Note something for the report, once."""
        if text not in self.remarks:
            self.remarks.append(text)
            print(f"  note: {text}", file=sys.stderr)

    def fail(self, text: str) -> None:
        """Note that something is missing from the report."""
        self.failed = True
        self.remark(text)
