"""How the server is, in one message."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from lastseen.server.presence.presence import Presence
from lastseen.shared.messages import IdleCut, LanStats, Stats
from lastseen.shared.version import VERSION

_STATM = Path("/proc/self/statm")


class Keeping(Protocol):
    """What stats tell of the store."""

    failures: int
    dropped: int

    @property
    def queued(self) -> int:
        """Transitions that are not in the store yet."""

    @property
    def state(self) -> Literal["working", "unavailable"]:
        """Whether the last write went well."""


class Lan(Protocol):
    """What stats tell of the LAN."""

    def stats(self) -> LanStats:
        """How the server fares as a member."""


class Gauge:
    """Reads everything that stats tell. One a server.

    Attributes:
        lan: The server as a member of the LAN; None: it is none.
        page: The address of the page; empty where HTTP is not served.
    """

    def __init__(
        self,
        presence: Presence,
        keeper: Keeping | None = None,
        idle_cut: Callable[[float], IdleCut | None] = lambda _: None,
    ) -> None:
        """`keeper` is who writes to the store; None where nothing is remembered.

        `idle_cut` finds the cut that clients meet which are heard every so many seconds.
        """
        self._presence = presence
        self._keeper = keeper
        self._idle_cut = idle_cut
        self.lan: Lan | None = None
        self.page = ""
        self._started_at = datetime.now(UTC)
        self._started = time.monotonic()

    def read(self, connections: int, request_id: int | None = None) -> Stats:
        """The stats now; `connections` is how many links are open."""
        presence = self._presence
        presence.publish()  # whoever is late by now is counted so
        registry, counts = presence.registry, presence.counts
        return Stats(
            version=VERSION,
            started_at=self._started_at,
            uptime=time.monotonic() - self._started,
            epoch=presence.epoch,
            revision=presence.journal.revision,
            online=registry.counts["online"],
            late=registry.counts["late"],
            remembered=registry.remembered,
            connections=connections,
            watchers=len(presence.watchers),
            pings=counts.pings,
            transitions=dict(presence.transitions),
            reaper_passes=counts.reaper_passes,
            reaper_duration=counts.reaper_duration,
            reaper_lateness=counts.reaper_lateness,
            stalls=presence.clock.stalls,
            stalled=presence.clock.stalled,
            held=registry.detector.held,
            slow_closes=counts.slow_closes,
            refused=counts.refused,
            memory=_resident_memory(),
            beats=counts.beats,
            store="none" if self._keeper is None else self._keeper.state,
            store_queued=self._keeper.queued if self._keeper is not None else 0,
            store_dropped=self._keeper.dropped if self._keeper is not None else 0,
            store_failures=self._keeper.failures if self._keeper is not None else 0,
            lan=None if self.lan is None else self.lan.stats(),
            last_heard=_moment(registry.last_heard()),
            last_pass=_moment(counts.last_pass),
            forgotten=counts.forgotten,
            page=self.page,
            refusals=dict(presence.refusals.counts),
            idle_cut=self._idle_cut(presence.policy.heartbeat_interval),
            contested=registry.takeovers.contested(presence.clock.now().awake),
            request_id=request_id,
        )


def _moment(unix: float | None) -> datetime | None:
    return None if unix is None else datetime.fromtimestamp(unix, UTC)


def _resident_memory() -> int:
    """Bytes of memory in use; the peak where the system tells no more."""
    with suppress(OSError):  # not Linux, or no descriptor left to open it with
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
