"""What one ping costs the server: CPU time, with 1,000 of 5,000 connections in a closed loop.

Beside the peers, the floor: what the kernel alone takes for it (`epoll_echo.c`).
"""

from collections.abc import Callable

from benchmarks.driver import Driver
from benchmarks.figures import Figure, Found, Limit
from benchmarks.peers import FLOOR, PEERS, Running
from benchmarks.run import Bench, Scale

SATURATED = 0.9
"""Below this share of its core a server was not kept busy: smaller batches cost more a ping."""


def run(bench: Bench) -> list[Figure]:
    """CPU time per ping, and the rate that follows."""
    found = bench.each(in_closed_loop(bench.scale), (*PEERS, FLOOR))
    remark_on_idleness(bench, found)
    return [
        Figure.of(
            "server CPU per ping",
            "µs",
            found,
            lambda report: report["cpu"] / report["pongs"] * 1e6,
            Limit(0.25, "plain trio"),
            Limit(0.95, "mosquitto"),
            Limit(0.65, "nats-server"),
            Limit(1.5, "floor"),
        ),
        Figure.of(
            "pings answered", "1/s", found, lambda report: report["pongs"] / report["seconds"]
        ),
        Figure.of(
            "share of its core that the server used meanwhile",
            "%",
            found,
            lambda report: report["cpu"] / report["seconds"] * 100,
        ),
    ]


def in_closed_loop(scale: Scale) -> Callable[[Running, Driver], dict[str, float]]:
    """What is done once: all connect, and some of them ping as fast as they are answered."""

    def once(_: Running, load: Driver) -> dict[str, float]:
        load.do("connect", count=scale.connections)
        load.do("settle")
        return load.do(
            "closed_loop", active=scale.active, warm_up=scale.warm_up, seconds=scale.seconds
        )

    return once


def remark_on_idleness(bench: Bench, found: Found) -> None:
    """Say where a server was not kept busy."""
    for peer, reports in found.items():
        for report in reports:
            used = report["cpu"] / report["seconds"]
            idle = report["idle"] / report["seconds"]
            if used < SATURATED:
                bench.remark(
                    f"{peer} used only {used:.0%} of its core in one repeat of the closed loop "
                    f"(idle {idle:.0%}; other processes had the rest): less certain"
                )
