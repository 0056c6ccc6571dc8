"""How fast clients can come: connections opened and registered, 64 under way at a time."""

from benchmarks.driver import Driver
from benchmarks.figures import Figure
from benchmarks.peers import Running
from benchmarks.run import Bench


def run(bench: Bench) -> list[Figure]:
    """Registrations a second, and what one costs the server."""

    def once(_: Running, load: Driver) -> dict[str, float]:
        return load.do("connect", count=bench.scale.connections)

    found = bench.each(once)
    return [
        Figure.of(
            "registrations (connect, register, be answered)",
            "1/s",
            found,
            lambda report: report["clients"] / report["seconds"],
        ),
        Figure.of(
            "server CPU per registration",
            "µs",
            found,
            lambda report: report["cpu"] / report["clients"] * 1e6,
        ),
    ]
