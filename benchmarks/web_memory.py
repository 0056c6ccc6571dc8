"""What a WebSocket client costs that is registered and says nothing, and what it costs to come."""

from benchmarks.figures import Figure, Limit
from benchmarks.idle_memory import growth_by
from benchmarks.run import Bench
from benchmarks.web_peers import COMPRESSING, web_peers


def run(bench: Bench) -> list[Figure]:
    """Growth of the resident memory for each client; clients a second while they came.

    The library is measured with compression, too, as it is by default: each of its connections
    then keeps what it has said. lastseen never compresses (docs/websocket.md).
    """
    peers = (*web_peers(), COMPRESSING)
    found = bench.each(growth_by(bench.scale.web_clients), peers)
    return [
        Figure.of(
            "WebSocket: memory per registered idle client",
            "KB",
            found,
            lambda report: report["bytes"] / 1000,
            Limit(8.0),
        ),
        Figure.of(
            "WebSocket: registrations (connect, shake hands, register, be answered)",
            "1/s",
            found,
            lambda report: report["clients"] / report["seconds"],
        ),
    ]
