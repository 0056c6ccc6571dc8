"""How long a pong takes when the server has time: pings at 20 % of the most it could answer."""

from benchmarks.driver import Driver
from benchmarks.figures import Figure
from benchmarks.peers import Running
from benchmarks.run import Bench

LOAD = 0.2
"""Share of the most pings a second that this peer answers in a closed loop, just before."""


def run(bench: Bench) -> list[Figure]:
    """Median and 99th percentile of the time from when a ping was due until its pong."""
    scale = bench.scale

    def once(_: Running, load: Driver) -> dict[str, float]:
        load.do("connect", count=scale.connections)
        load.do("settle")
        most = load.do("closed_loop", active=scale.active, warm_up=scale.warm_up, seconds=1.0)
        rate = LOAD * most["pongs"] / most["seconds"]
        report = load.do("open_loop", active=scale.active, rate=rate, seconds=scale.seconds / 2)
        return report | {"rate": rate}

    found = bench.each(once)
    return [
        Figure.of("pings sent, 20 % of the most", "1/s", found, lambda report: report["rate"]),
        Figure.of("ping to pong, median", "µs", found, lambda report: report["p50"] * 1e6),
        Figure.of("ping to pong, 99 % within", "µs", found, lambda report: report["p99"] * 1e6),
    ]
