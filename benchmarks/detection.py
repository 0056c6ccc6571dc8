"""How much later than promised a silent client is told to be gone, and how soon a cut link.

Beside mosquitto, which publishes a client's will when half again its keep alive has run out.
Neither looks at everyone at every moment: lastseen's reaper looks every `reap_interval`, so up to
so much later is as promised.
"""

from benchmarks.detection_wires import TIMEOUT
from benchmarks.driver import Driver
from benchmarks.figures import Figure, Found, Limit
from benchmarks.measure import Spread
from benchmarks.peers import LASTSEEN_SERVER, MOSQUITTO, Peer, Running
from benchmarks.run import Bench

REAP_INTERVAL = 10
"""The default, in seconds. Clients come spread over as long: each moment between looks has some."""

SHORT_REAP_INTERVAL = 1

ALLOWED = 0.2
"""Seconds besides: the tick in which changes are gathered (50 ms), and what machines take."""

# Here most clients fall silent at once, which would be held back as a mass loss.
_CONFIG = """\
[server]
port = {{port}}
heartbeat_interval = 10
connection_timeout = {timeout}
reap_interval = {reap_interval}

[detector]
mass_loss_hold = 0

[websocket]
enabled = false

[http]
port = 0

[log]
level = "error"
"""


def _lastseen(name: str, reap_interval: float) -> Peer:
    return Peer(
        name,
        str(LASTSEEN_SERVER),
        "lastseen",
        _CONFIG.format(timeout=TIMEOUT, reap_interval=reap_interval),
        lambda config, _: [str(LASTSEEN_SERVER), "--config", str(config)],
    )


PEERS = (
    _lastseen("lastseen", REAP_INTERVAL),
    _lastseen(f"lastseen, reap_interval {SHORT_REAP_INTERVAL} s", SHORT_REAP_INTERVAL),
    MOSQUITTO,
)


def run(bench: Bench) -> list[Figure]:
    """Seconds past the deadline until a watcher is told; milliseconds from a cut until it is."""

    def silence(_: Running, load: Driver) -> dict[str, float]:
        return load.do("silence", count=bench.scale.silent, over=REAP_INTERVAL)

    def cut(_: Running, load: Driver) -> dict[str, float]:
        return load.do("cut", count=bench.scale.cut)

    silent = bench.each(silence, PEERS, repeats=1)  # its spread is that of many clients
    links = bench.each(cut, PEERS[::2], repeats=1)
    latest = Limit(REAP_INTERVAL + ALLOWED)
    return [
        Figure("silent client: told to be gone, after its deadline", "s", _spreads(silent, 1)),
        Figure.of(
            "silent client: the latest to be told, after its deadline",
            "s",
            silent,
            lambda report: report["highest"],
            latest,
        ),
        Figure("cut link: until a watcher is told", "ms", _spreads(links, 1e3)),
    ]


def _spreads(found: Found, times: float) -> dict[str, Spread]:
    """The spread over the clients of the one repeat."""
    return {
        peer: Spread(*(report[name] * times for name in ("median", "lowest", "highest")))
        for peer, reports in found.items()
        for report in reports
    }
