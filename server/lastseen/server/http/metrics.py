"""`/metrics`: what there is to count and to measure, in the words of Prometheus.

Nothing is counted for this: a scrape reads what the server's parts know of themselves, so no ping
costs more because somebody may look.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol, get_args

import trio
from litestar import Request, Response, get
from litestar.di import NamedDependency
from msgspec import Struct
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry

from lastseen.server.http.access import OBSERVER
from lastseen.server.http.desk import Desk
from lastseen.server.http.problems import REFUSALS
from lastseen.server.http.stream import Readers
from lastseen.shared.messages import ChannelRecord, LanStats, Reason, Stats, Via

_STORE_STATES = ("none", "working", "unavailable")
_PRESENT: tuple[Literal["online", "late"], ...] = ("online", "late")
_CHANNEL_STATES = ("working", "failing", "broken")


class Pump(Protocol):
    """What the pump tells of its turns."""

    batches: list[int]
    found: int


class Flushes(Protocol):
    """What the writer behind presence tells of its flushes."""

    flushes: int
    flushing: float


class Telling(Protocol):
    """What is told of notifications."""

    def outcomes(self) -> Mapping[tuple[str, str], int]:
        """How many deliveries became what, by the channel and `sent` or `failed`."""

    def channels(self) -> Sequence[ChannelRecord]:
        """All channels."""


class Parts(Struct, frozen=True):
    """The parts of a server that have something to tell besides its stats; None: not there."""

    pump: Pump | None = None
    flushes: Flushes | None = None
    telling: Telling | None = None


class Server(Collector):
    """Everything, at the moment of a scrape."""

    def __init__(self, desk: Desk, readers: Readers, parts: Parts) -> None:
        self._desk = desk
        self._readers = readers
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        stats = self._desk.stats()
        yield from _of_the_server(stats)
        yield from self._of_clients(stats)
        yield from _of_the_reaper(stats)
        yield from self._of_links(stats)
        yield from self._of_the_store(stats)
        if self._parts.telling is not None:
            yield from _of_channels(self._parts.telling)
        if stats.lan is not None:
            yield from _of_the_lan(stats.lan)

    def _of_clients(self, stats: Stats) -> Iterator[Metric]:
        clients = GaugeMetricFamily(
            "lastseen_clients", "Clients that are present.", labels=["status", "via"]
        )
        ways = self._desk.presence.registry.census.ways
        for via in get_args(Via):  # all of them: what is not there could not be summed up
            for status in _PRESENT:
                clients.add_metric([status, via], ways[via][status] if via in ways else 0)
        yield clients
        transitions = CounterMetricFamily(
            "lastseen_transitions", "Changes of a client's status.", labels=["reason"]
        )
        for reason in get_args(Reason):
            transitions.add_metric([reason], stats.transitions.get(reason, 0))
        yield transitions
        yield _counter("lastseen_forgotten_clients", "Clients cleaned up.", stats.forgotten)
        yield _gauge("lastseen_held_sessions", "Held back after a mass loss.", stats.held)
        about = "Client ids that several processes took over from each other within ten minutes."
        yield _gauge("lastseen_contested_clients", about, stats.contested)

    def _of_links(self, stats: Stats) -> Iterator[Metric]:
        yield _gauge("lastseen_connections", "Open TCP and WebSocket links.", stats.connections)
        yield _gauge("lastseen_watchers", "Links that are sent diffs.", stats.watchers)
        yield _gauge("lastseen_streams", "Open event streams.", len(self._readers))
        yield _counter("lastseen_pings", "Pings answered.", stats.pings)
        yield _counter("lastseen_beats", "Signs of life without a link.", stats.beats)
        yield _counter("lastseen_slow_closes", "Links that did not read.", stats.slow_closes)
        yield _counter("lastseen_refused", "Refused because of a limit.", stats.refused)
        about = "Connections, registrations and watches that limits refused."
        refusals = CounterMetricFamily("lastseen_refusals", about, labels=["code"])
        for code, count in stats.refusals.items():
            refusals.add_metric([code], count)
        yield refusals
        about = "Silence after which connections are cut on their way, in seconds; 0: they are not."
        cut_after = 0.0 if stats.idle_cut is None else stats.idle_cut.after
        yield _gauge("lastseen_idle_cut_seconds", about, cut_after)
        if self._parts.pump is not None:
            yield _of_batches(self._parts.pump)

    def _of_the_store(self, stats: Stats) -> Iterator[Metric]:
        state = GaugeMetricFamily("lastseen_store_state", "1: it is so.", labels=["state"])
        for name in _STORE_STATES:
            state.add_metric([name], stats.store == name)
        yield state
        yield _gauge("lastseen_store_queue", "Transitions not written yet.", stats.store_queued)
        yield _counter("lastseen_store_dropped", "Transitions given up.", stats.store_dropped)
        yield _counter("lastseen_store_failures", "Writes that failed.", stats.store_failures)
        if (flushes := self._parts.flushes) is not None:
            yield _counter("lastseen_store_flushes", "Flushes.", flushes.flushes)
            sentence = "Time that flushes took."
            yield _counter("lastseen_store_flush_seconds", sentence, flushes.flushing)


def _of_the_server(stats: Stats) -> Iterator[Metric]:
    yield InfoMetricFamily("lastseen_build", "What runs.", value={"version": stats.version})
    yield _gauge("lastseen_start_time_seconds", "In Unix time.", stats.started_at.timestamp())
    yield _gauge("lastseen_memory_bytes", "Resident memory.", stats.memory)
    tasks = trio.lowlevel.current_statistics().tasks_living
    yield _gauge("lastseen_tasks", "Trio's tasks: HTTP connections have some each.", tasks)
    yield _gauge("lastseen_revision", "Where the diffs of this run stand.", stats.revision)
    yield _counter("lastseen_stalls", "How often the server was late itself.", stats.stalls)
    yield _counter("lastseen_stalled_seconds", "For how long in all.", stats.stalled)
    if stats.last_heard is not None:
        moment = stats.last_heard.timestamp()
        yield _gauge("lastseen_last_heard_seconds", "Last sign of life, in Unix time.", moment)


def _of_the_reaper(stats: Stats) -> Iterator[Metric]:
    yield _counter("lastseen_reaper_passes", "Looks for the silent.", stats.reaper_passes)
    duration, lateness = stats.reaper_duration, stats.reaper_lateness
    yield _gauge("lastseen_reaper_duration_seconds", "Of the last look.", duration)
    yield _gauge("lastseen_reaper_lateness_seconds", "How late it was.", lateness)
    if stats.last_pass is not None:
        moment = stats.last_pass.timestamp()
        yield _gauge("lastseen_reaper_last_pass_seconds", "When, in Unix time.", moment)


def _of_batches(pump: Pump) -> Metric:
    """A number of n binary digits is at most 2^n - 1."""
    buckets: list[tuple[str, float]] = []
    passed = 0
    for digits, count in enumerate(pump.batches):
        passed += count
        buckets.append((str(2**digits - 1), passed))
    family = HistogramMetricFamily("lastseen_pump_batch", "Sockets found ready in one turn.")
    family.add_metric([], [*buckets, ("+Inf", passed)], pump.found)
    return family


def _of_channels(telling: Telling) -> Iterator[Metric]:
    deliveries = CounterMetricFamily(
        "lastseen_deliveries", "Notifications taken or given up.", labels=["channel", "outcome"]
    )
    for (channel, outcome), count in telling.outcomes().items():
        deliveries.add_metric([channel, outcome], count)
    yield deliveries
    state = GaugeMetricFamily("lastseen_channel_state", "1: it is so.", labels=["channel", "state"])
    for record in telling.channels():
        for name in _CHANNEL_STATES:
            state.add_metric([record.name, name], record.state == name)
    yield state


def _of_the_lan(lan: LanStats) -> Iterator[Metric]:
    yield _gauge("lastseen_lan_members", "Addresses of members that are known.", lan.members)
    yield _counter("lastseen_lan_heartbeats", "Announcements that left.", lan.heartbeats)
    if lan.last_heartbeat is not None:
        moment = lan.last_heartbeat.timestamp()
        yield _gauge("lastseen_lan_last_heartbeat_seconds", "The last one, in Unix time.", moment)
    packets = CounterMetricFamily("lastseen_lan_packets", "Datagrams.", labels=["kind"])
    for kind in ("sent", "failed", "received", "repeats", "unreadable", "dropped", "refused"):
        packets.add_metric([kind], getattr(lan, kind))
    yield packets


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _counter(name: str, about: str, value: float) -> Metric:
    return CounterMetricFamily(name, about, value=value)


class Exposition:
    """The registry of one server: not the library's global one, which other parts may fill."""

    def __init__(self, server: Server) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(server)

    def encode(self, accept: str) -> tuple[bytes, str]:
        """Everything in the format that is asked for, and its media type."""
        encoder, media_type = choose_encoder(accept)
        return encoder(self._registry), media_type


@get("/metrics", guards=[OBSERVER], responses=REFUSALS, tags=["server"], summary="For Prometheus")
async def metrics(
    request: Request[Any, Any, Any], exposition: NamedDependency[Exposition]
) -> Response[bytes]:
    """Everything that is counted and measured."""
    content, media_type = exposition.encode(request.headers.get("accept", ""))
    return Response(content, headers={"content-type": media_type})
