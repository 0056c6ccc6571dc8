"""All parts of a server, wired together: what there is, how it starts, and how it ends."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from lastseen.server import descriptors
from lastseen.server.config import Config, LoadedConfig
from lastseen.server.config.sections.door import hosts_of
from lastseen.server.doors import Doors
from lastseen.server.http import stream
from lastseen.server.links.browsers import Browsers
from lastseen.server.links.codecs import JSON, MSGPACK
from lastseen.server.links.connection_limits import (
    UNLIMITED,
    ConnectionLimits,
    connection_limits,
    connections_wanted,
)
from lastseen.server.links.desk import Desk
from lastseen.server.links.doorkeeper import Doorkeeper
from lastseen.server.links.frames import FORMAT
from lastseen.server.links.idle_cuts import IdleCuts
from lastseen.server.links.pump import Pump
from lastseen.server.links.reception import Reception
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.presence import Presence
from lastseen.server.presence.reaper import reap
from lastseen.server.stats import Gauge
from lastseen.server.steering import Steering, policy_of
from lastseen.shared.messages import Stats
from lastseen.shared.wire import to_frame

if TYPE_CHECKING:
    from lastseen.server.http.serving import HttpServer
    from lastseen.server.keeping.memory import Memory
    from lastseen.server.links.lan import Lan
    from lastseen.server.notify.notifications import Notifications

SEEING_OFF = 3.0
"""Seconds that a shutdown waits at most for goodbyes to be read."""

ENCODERS = {
    FORMAT: to_frame,
    **{codec.subprotocol: codec.encode for codec in (JSON, MSGPACK)},
    stream.FORMAT: stream.encode_diff,
}
"""How watchers are told, by the name of the wire format that they speak."""


class Server:
    """All parts, wired together. Make it inside trio; `run` starts what never ends by itself."""

    def __init__(self, loaded: LoadedConfig) -> None:
        """A relative path in the settings is relative to their file.

        Raises:
            StoreUnusable: The database cannot be opened as it is.
            StartFailed: It cannot be a member of the LAN where it should.
        """
        config, folder = loaded.config, loaded.path.parent if loaded.path else Path()
        self.clock = AwakeClock()
        self.presence = Presence(policy_of(config), self.clock, dict(ENCODERS))
        self.steering = Steering(config, self.presence, loaded.configured, loaded.runtime)
        self.pump = Pump(self.clock)
        self.memory = _open_memory(config, folder, self.presence, self.steering)
        self.notifications = _open_notifications(self.memory, self.presence, self.steering)
        keeper = None if self.memory is None else self.memory.keeper
        idle_cuts = IdleCuts()
        self.gauge = gauge = Gauge(self.presence, keeper, idle_cuts.found)

        def stats(request_id: int | None) -> Stats:
            return gauge.read(connections=len(self.pump), request_id=request_id)

        archive = None if self.memory is None else self.memory.archive
        answering = None if self.notifications is None else self.notifications.answering
        self.limits, self._wanted, self._room = UNLIMITED, 0, 0
        self.steering.witnesses.append(self.limit_connections)

        def limits() -> ConnectionLimits:
            return self.limits

        doorkeeper = Doorkeeper()
        desk = Desk(
            self.presence, self.steering, doorkeeper, stats, archive, answering, limits, idle_cuts
        )
        self.reception = Reception(self.pump, desk)
        self.browsers = Browsers(self.reception, desk)
        self.lan = gauge.lan = _open_lan(self) if config.lan.enabled else None
        self.http = _open_http(self, lambda: stats(None)) if config.http.enabled else None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve what comes in, for ever; started when what was remembered is known again.

        Raises:
            StartFailed: The database does not answer.
        """
        async with trio.open_nursery() as nursery:
            if self.memory is not None:
                await self.memory.restore()
                nursery.start_soon(self.memory.run)
            if self.notifications is not None:
                await self.notifications.restore()
                nursery.start_soon(self.notifications.run)
            nursery.start_soon(self.pump.run)
            nursery.start_soon(self.presence.watchers.tell)
            nursery.start_soon(self.reception.see_to_deadlines)
            nursery.start_soon(self.reception.tell_settings)
            nursery.start_soon(reap, self.presence, self._reap_interval)
            if self.lan is not None:
                nursery.start_soon(self.lan.run)
            if self.http is not None:
                await nursery.start(self.http.run)
            nursery.start_soon(self.clock.run)  # last: what the start takes is no stall
            task_status.started()

    def limit_connections(self) -> None:
        """Bound the connections by what the settings and the limit of open files allow.

        Called at the start, and whenever a setting changes.
        """
        settings = self.steering.config.server
        wanted = connections_wanted(settings)
        if wanted != self._wanted:
            self._wanted, self._room = wanted, descriptors.allow(wanted)
        self.limits = connection_limits(settings, self._room, serves_http=self.http is not None)
        if self.http is not None:
            self.http.limit(self.limits.http)

    def open_doors(self) -> Doors:
        """Reserve the ports of the settings; `Doors.listen` opens them.

        Raises:
            StartFailed: An address is unknown, in use or not allowed.
        """
        config, doors = self.steering.config, Doors()
        doors.open(
            "tcp", hosts_of(config.server.host), config.server.port, self.reception.admit_tcp
        )
        if config.websocket.enabled:
            settings = config.websocket
            hosts = hosts_of(settings.host)
            doors.open("websocket", hosts, settings.port, self.browsers.admit)
        if self.http is not None:
            http = config.http
            self.http.port = doors.open("http", hosts_of(http.host), http.port, self.http.admit)
            self.gauge.page = self.http.url
        if self.lan is not None:
            self.lan.serve(doors.found)
        return doors

    async def finish(self) -> None:
        """See everyone off, send and write what is left, each within its bound; then there is
        nothing left to do but to cancel `run`.
        """
        if self.http is not None:
            await self.http.stop()
        with trio.move_on_after(SEEING_OFF):
            await self.reception.see_everyone_off()
        self.reception.close_all()
        if self.lan is not None:
            self.lan.finish()
        if self.notifications is not None:
            await self.notifications.finish()
        if self.memory is not None:
            await self.memory.finish()

    async def close_store(self) -> None:
        """Close the store, once nothing uses it any more; then its SQLite file is complete."""
        if self.memory is not None:
            await self.memory.close()

    def close_all(self) -> None:
        """Send nothing more to anybody."""
        self.reception.close_all()
        if self.http is not None:
            self.http.close_all()

    def _reap_interval(self) -> float:
        return self.steering.config.server.reap_interval


def _open_memory(
    config: Config, folder: Path, presence: Presence, steering: Steering
) -> "Memory | None":
    if config.store.url == "none":
        return None
    # Imported where it is needed: without a store, its libraries would be a third of the start.
    from lastseen.server.keeping.memory import open_memory

    return open_memory(config.store.url, folder, presence, steering)


def _open_notifications(
    memory: "Memory | None", presence: Presence, steering: Steering
) -> "Notifications | None":
    if memory is None:
        return None
    from lastseen.server.notify.notifications import Notifications

    return Notifications(memory.store.deliveries, memory.keeper, presence, steering)


def _open_lan(server: Server) -> "Lan":
    from lastseen.server.links.lan_opening import open_lan

    return open_lan(server.presence, server.steering)


def _open_http(server: Server, stats: Callable[[], Stats]) -> "HttpServer":
    # Imported where it is needed: its libraries take a third of a second.
    from lastseen.server.http.metrics import Parts
    from lastseen.server.http.opening import open_http

    memory, notifications = server.memory, server.notifications
    parts = Parts(
        server.pump,
        None if memory is None else memory.keeper,
        None if notifications is None else notifications.notifier,
    )
    past = None if memory is None else memory.reading
    telling = None if notifications is None else notifications.answering
    tester = None if notifications is None else notifications.tester
    settings = server.steering.config.http
    return open_http(
        settings, server.presence, server.steering, stats, past, telling, tester, parts
    )
