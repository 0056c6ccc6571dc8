"""How the server is: every figure from where it is kept."""

import os
import time
from datetime import UTC, datetime

import pytest

from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.model import Moment, Policy, Registration
from lastseen.server.presence.presence import Presence
from lastseen.server.stats import Gauge
from lastseen.shared.messages import LanStats, Register
from lastseen.shared.version import VERSION
from lastseen.shared.wire import from_server, pack, to_frame


class Still:
    """A presence whose clock stands, unless it is turned."""

    def __init__(self) -> None:
        self.monotonic = 0.0
        self.clock = AwakeClock(lambda: self.monotonic, lambda: 1_800_000_000.0)
        self.clock.sample()
        self.presence = Presence(Policy(), self.clock, {"msgpack": to_frame})
        self.gauge = Gauge(self.presence)

    def register(self, client_id: str) -> None:
        registration = Registration(Register(client_id), "tcp", "127.0.0.1:5")
        self.session = self.presence.register(registration, None, self.clock.now())  # type: ignore[arg-type]  # no link is needed


@pytest.fixture
def still() -> Still:
    return Still()


def test_a_new_server_has_nothing_to_count(still: Still):
    stats = still.gauge.read(connections=0)
    assert (stats.online, stats.late, stats.remembered, stats.watchers) == (0, 0, 0, 0)
    assert (stats.transitions, stats.revision, stats.version) == ({}, 0, VERSION)
    assert stats.epoch == still.presence.epoch


def test_clients_are_counted_by_status_and_transitions_by_reason(still: Still):
    for client_id in "abc":
        still.register(client_id)
    still.presence.leave(still.session, still.clock.now())
    still.register("d")
    still.presence.broke(still.session, still.clock.now())
    still.presence.publish()
    stats = still.gauge.read(connections=9, request_id=3)
    assert (stats.online, stats.late, stats.remembered) == (2, 1, 1)
    assert stats.transitions == {"registered": 4, "left": 1, "closed": 1}
    assert (stats.connections, stats.request_id, stats.revision) == (9, 3, 1)


def test_what_presence_counts_is_told_as_it_is(still: Still):
    counts = still.presence.counts
    counts.pings, counts.refused, counts.slow_closes = 11, 12, 13
    counts.reaper_passes, counts.reaper_duration, counts.reaper_lateness = 14, 1.5, 2.5
    counts.beats = 15
    stats = still.gauge.read(connections=0)
    assert (stats.pings, stats.refused, stats.slow_closes) == (11, 12, 13)
    assert stats.beats == 15
    assert (stats.reaper_passes, stats.reaper_duration, stats.reaper_lateness) == (14, 1.5, 2.5)


def test_stalls_and_held_clients_are_told(still: Still):
    for n in range(20):
        still.register(f"{n}")
    still.monotonic += 31.25
    assert still.clock.now().awake == 1.25
    still.presence.due(Moment(200, 0))
    stats = still.gauge.read(connections=0)
    assert (stats.stalls, stats.stalled, stats.held) == (1, 30, 20)


def test_uptime_and_memory_are_those_of_this_process(still: Still):
    before = time.monotonic()
    stats = Gauge(still.presence).read(connections=0)
    assert 0 <= stats.uptime <= time.monotonic() - before
    assert abs((datetime.now(UTC) - stats.started_at).total_seconds()) < 60
    assert stats.memory % os.sysconf("SC_PAGE_SIZE") == 0
    assert 2**20 < stats.memory < 2**36


def test_who_is_a_member_of_the_lan_tells_of_that(still: Still):
    class Member:
        def stats(self) -> LanStats:
            return LanStats(members=3, last_heartbeat=datetime.now(UTC))

    assert still.gauge.read(connections=0).lan is None
    still.gauge.lan = Member()
    stats = still.gauge.read(connections=0)
    assert stats.lan is not None
    assert stats.lan.members == 3
    assert from_server.decode(pack(stats)) == stats


def test_stats_can_travel(still: Still):
    stats = still.gauge.read(connections=1, request_id=1)
    assert from_server.decode(pack(stats)) == stats
