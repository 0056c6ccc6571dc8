"""What it costs a server to ask a WebSocket whether it lives: a ping, and the pong that comes.

Each server asks all its connections once in `INTERVAL`, in its own way: lastseen spread over it,
`ws` in one go, `websockets` by a task for each. What the process does besides is in the figure, but
for the store: it writes each client's last sign of life every 10 s, however often it was asked.
"""

from benchmarks.driver import Driver
from benchmarks.figures import Figure, Limit
from benchmarks.peers import Running
from benchmarks.run import Bench
from benchmarks.web_peers import web_peers

INTERVAL = 1.0
"""Seconds: with 5,000 connections, as many pings a second as 150,000 that are asked every 30 s."""


def run(bench: Bench) -> list[Figure]:
    """CPU time for a ping and its pong."""
    scale = bench.scale

    def once(_: Running, load: Driver) -> dict[str, float]:
        return load.do(
            "be_asked",
            count=scale.connections,
            warm_up=scale.warm_up + INTERVAL,
            seconds=scale.seconds,
        )

    found = bench.each(once, web_peers(INTERVAL, store="none"))
    return [
        Figure.of(
            "WebSocket: server CPU per ping of its own and the pong",
            "µs",
            found,
            lambda report: report["cpu"] / report["pongs"] * 1e6,
            Limit(15.0),
        ),
        Figure.of(
            "WebSocket: pongs to them",
            "1/s",
            found,
            lambda report: report["pongs"] / report["seconds"],
        ),
    ]
