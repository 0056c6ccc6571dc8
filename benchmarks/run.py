"""How a benchmark is run: how much of everything, and each peer in turn, in the same weather."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.driver import Driver, load_on
from benchmarks.errors import BenchmarkError, NotStartedError
from benchmarks.figures import Found
from benchmarks.peers import PEERS, Peer, Running


@dataclass(frozen=True)
class Scale:
    """How much is measured, and for how long (seconds). The defaults are what is published."""

    repeats: int = 5
    connections: int = 5_000
    active: int = 1_000
    warm_up: float = 1.0
    seconds: float = 5.0
    idle_clients: int = 15_000
    web_clients: int = 10_000
    silent: int = 200
    cut: int = 100
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
    web_clients=2_000,
    silent=20,
    cut=10,
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
    remarks: list[str] = field(default_factory=list)
    failed: bool = False
    _unable: set[Peer] = field(default_factory=set)  # those that did not start

    def each(
        self,
        once: Callable[[Running, Driver], dict[str, float]],
        among: Sequence[Peer] = PEERS,
        *,
        repeats: int | None = None,
    ) -> Found:
        """What `once` reports of each peer, freshly started, in each repeat; the peers in turn."""
        able = self.able(among)
        found: Found = {peer.name: [] for peer in able}
        for _ in range(repeats or self.scale.repeats):
            for peer in able:
                if peer not in self._unable:
                    found[peer.name] += self._reports(once, peer)
        return found

    def able(self, peers: Sequence[Peer]) -> list[Peer]:
        """Those that can be started here, with a remark on each other."""
        able = []
        for peer in peers:
            missing = peer.missing()
            if missing is None:
                able.append(peer)
            else:
                self.remark(f"{peer.name} is not measured: {missing}")
        return able

    def _reports(
        self, once: Callable[[Running, Driver], dict[str, float]], peer: Peer
    ) -> list[dict[str, float]]:
        """What `once` reports, or nothing and a note on why."""
        try:
            with peer.running() as server, load_on(server) as load:
                return [once(server, load)]
        except BenchmarkError as error:
            self.fail(f"{peer.name} could not be measured: {error}")
            if isinstance(error, NotStartedError):  # it will not start the next time either
                self._unable.add(peer)
            return []

    def remark(self, text: str) -> None:
        """Note something for the report, once."""
        if text not in self.remarks:
            self.remarks.append(text)
            print(f"  note: {text}", file=sys.stderr)

    def fail(self, text: str) -> None:
        """Note that something is missing from the report."""
        self.failed = True
        self.remark(text)
