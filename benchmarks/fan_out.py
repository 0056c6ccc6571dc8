"""One change that 5,000 watchers are told of: how long, at what cost, and who waits meanwhile.

lastseen gathers changes for one tick (50 ms) before it tells anyone; the others tell at once.
"""

from statistics import median

from benchmarks.driver import Driver
from benchmarks.figures import Figure
from benchmarks.peers import Running
from benchmarks.run import Bench

ROUNDS = 5
"""Changes with a bystander pinging, and as many without: its pings cost the server CPU too."""


def run(bench: Bench) -> list[Figure]:
    """Time until the last watcher was told, the server's CPU time, a bystander's longest wait."""

    def once(_: Running, load: Driver) -> dict[str, float]:
        load.do("watch", count=bench.scale.watchers)
        load.do("settle")
        load.do("change", number=0, pinging=False)  # the first one comes with what is made once
        quiet = [load.do("change", number=1 + n, pinging=False) for n in range(ROUNDS)]
        pinged = [load.do("change", number=101 + n, pinging=True) for n in range(ROUNDS)]
        return {
            "seconds": median(report["seconds"] for report in quiet),
            "cpu": median(report["cpu"] for report in quiet),
            "longest": max(report["longest"] for report in pinged),
        }

    found = bench.each(once)
    watchers = f"{bench.scale.watchers:,}"
    return [
        Figure.of(
            f"change to the last of {watchers} watchers told",
            "ms",
            found,
            lambda report: report["seconds"] * 1e3,
        ),
        Figure.of(
            f"server CPU to tell {watchers} watchers",
            "ms",
            found,
            lambda report: report["cpu"] * 1e3,
        ),
        Figure.of(
            "longest ping of a bystander meanwhile",
            "ms",
            found,
            lambda report: report["longest"] * 1e3,
        ),
    ]
