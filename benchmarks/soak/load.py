"""`python -m benchmarks.soak.load SETTINGS`: every client and watcher of a soak, in one process.

SETTINGS is JSON (`Crowd`). A line of JSON (`Report`) goes to standard output every `every` seconds,
until standard input ends.
"""

import gc
import sys
from functools import partial

import msgspec
import trio
from benchmarks.measure import percentile
from benchmarks.soak import lives
from benchmarks.soak.links import Beats, Count, LinkEndedError, read_stream, tcp_link, web_link

TELLING = "told"
"""How the ids of those begin of whom notifications are sent."""

BEAT_TIMEOUT = 30.0
"""Seconds that a client without a link asks the server to wait for its next call."""


class Crowd(msgspec.Struct, frozen=True):
    """How many clients, where the server listens, and how often to report (seconds).

    Attributes:
        watchers: Links that are sent every diff; `streams` are event streams.
    """

    tcp_port: int
    websocket_port: int
    http_port: int
    every: float
    clients: int = 5_000
    watchers: int = 20
    streams: int = 5

    @property
    def websockets(self) -> int:
        """Those of the clients who come by WebSocket."""
        return self.clients * 6 // 100

    @property
    def beats(self) -> int:
        """Those who call by HTTP."""
        return self.clients * 4 // 100

    @property
    def tcp(self) -> int:
        """All others."""
        return self.clients - self.websockets - self.beats

    @property
    def told(self) -> int:
        """Those by TCP of whom notifications are sent."""
        return self.clients * 2 // 100


class Report(msgspec.Struct, frozen=True):
    """What the crowd did and met since the last report; delays in seconds."""

    pings: int
    p50: float
    p99: float
    worst: float
    counts: dict[str, int]
    wrong: list[str]


def report_of(tally: lives.Tally) -> Report:
    """A report, after which the tally is empty."""
    delays = tally.delays or [0.0]
    report = Report(
        len(tally.delays),
        percentile(delays, 0.5),
        percentile(delays, 0.99),
        max(delays),
        dict(tally.counts),
        list(tally.wrong),
    )
    tally.delays.clear()
    tally.counts.clear()
    tally.wrong.clear()
    return report


async def run(crowd: Crowd) -> None:
    """Have them all live until standard input ends."""
    tally = lives.Tally()
    tcp, web = partial(tcp_link, crowd.tcp_port), partial(web_link, crowd.websocket_port)
    beats = Beats(crowd.http_port, BEAT_TIMEOUT)
    async with trio.open_nursery() as nursery:
        for number in range(crowd.tcp):
            name = TELLING if number < crowd.told else "tcp"
            nursery.start_soon(lives.live, f"{name}-{number}", tcp, tally)
        for number in range(crowd.websockets):
            nursery.start_soon(lives.live, f"web-{number}", web, tally)
        for number in range(crowd.beats):
            nursery.start_soon(lives.beat, f"cron-{number}", beats, tally)
        for _ in range(crowd.watchers):
            nursery.start_soon(lives.watch, tcp, tally)
        for _ in range(crowd.streams):
            nursery.start_soon(_read, crowd.http_port, tally)
        nursery.start_soon(_report, crowd.every, tally)
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel()


async def _read(port: int, tally: lives.Tally) -> None:
    while True:
        try:
            await read_stream(port, Count())
        except LinkEndedError as ended:
            tally.blame(f"a stream ended: {ended}")
        await trio.sleep(1)


async def _report(every: float, tally: lives.Tally) -> None:
    while True:
        await trio.sleep(every)
        sys.stdout.buffer.write(msgspec.json.encode(report_of(tally)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    gc.freeze()
    trio.run(run, msgspec.json.decode(sys.argv[1], type=Crowd))
