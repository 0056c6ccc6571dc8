"""What a page's own ping costs the server: a JSON message there and one back, over WebSocket, with
1,000 of 5,000 connections in a closed loop.
"""

from benchmarks.figures import Figure, Limit
from benchmarks.ping_cpu import in_closed_loop, remark_on_idleness
from benchmarks.run import Bench
from benchmarks.web_peers import web_peers


def run(bench: Bench) -> list[Figure]:
    """CPU time per ping, and the rate that follows."""
    found = bench.each(in_closed_loop(bench.scale), web_peers())
    remark_on_idleness(bench, found)
    return [
        Figure.of(
            "WebSocket: server CPU per ping of a page",
            "µs",
            found,
            lambda report: report["cpu"] / report["pongs"] * 1e6,
            Limit(15.0),
        ),
        Figure.of(
            "WebSocket: pings of pages answered",
            "1/s",
            found,
            lambda report: report["pongs"] / report["seconds"],
        ),
    ]
