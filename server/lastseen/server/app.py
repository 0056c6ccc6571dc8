"""The composition root: opens everything, runs it in one nursery, and closes it in order."""

import os
import resource
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from lastseen.server import collector, logs
from lastseen.server.config import Config, LoadedConfig, changes
from lastseen.server.doors import Doors
from lastseen.server.errors import ConfigError
from lastseen.server.http import stream
from lastseen.server.links.browsers import Browsers
from lastseen.server.links.codecs import JSON, MSGPACK
from lastseen.server.links.desk import Desk
from lastseen.server.links.doorkeeper import Doorkeeper
from lastseen.server.links.frames import FORMAT
from lastseen.server.links.pump import Pump
from lastseen.server.links.reception import Reception
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.presence import Presence
from lastseen.server.presence.reaper import reap
from lastseen.server.stats import Gauge
from lastseen.server.steering import Steering, policy_of
from lastseen.server.systemd import Notifier
from lastseen.shared.messages import Stats
from lastseen.shared.version import VERSION
from lastseen.shared.wire import to_frame

if TYPE_CHECKING:
    from lastseen.server.http.serving import HttpServer
    from lastseen.server.keeping.memory import Memory
    from lastseen.server.links.lan import Lan
    from lastseen.server.notify.notifications import Notifications

SEEING_OFF = 3.0
"""Seconds that a shutdown waits at most for goodbyes to be read."""

SPARE_DESCRIPTORS = 100
"""Open files besides clients: listeners, the poll sets, the log, links on their way in or out."""

ENCODERS = {
    FORMAT: to_frame,
    **{codec.subprotocol: codec.encode for codec in (JSON, MSGPACK)},
    stream.FORMAT: stream.encode_diff,
}
"""How watchers are told, by the name of the wire format that they speak."""

log = logs.get_logger()

Reload = Callable[[], LoadedConfig]


class Server:
    """All parts, wired together. Make it inside trio; `run` starts what never ends by itself."""

    def __init__(self, loaded: LoadedConfig) -> None:
        """A relative path in the settings is relative to their file.

        Raises:
            StoreUnusable: The database cannot be opened as it is.
            StartFailed: It cannot be a member of the LAN where it should.
        """
        _import_parts(loaded.config)
        config, folder = loaded.config, loaded.path.parent if loaded.path else Path()
        self.clock = AwakeClock()
        self.presence = Presence(policy_of(config), self.clock, dict(ENCODERS))
        self.steering = Steering(config, self.presence, loaded.configured, loaded.runtime)
        self.pump = Pump(self.clock)
        self.memory = _open_memory(config, folder, self.presence, self.steering)
        self.notifications = _open_notifications(self.memory, self.presence, self.steering)
        keeper = None if self.memory is None else self.memory.keeper
        self.gauge = gauge = Gauge(self.presence, keeper)

        def stats(request_id: int | None) -> Stats:
            return gauge.read(connections=len(self.pump), request_id=request_id)

        archive = None if self.memory is None else self.memory.archive
        answering = None if self.notifications is None else self.notifications.answering
        desk = Desk(self.presence, self.steering, Doorkeeper(), stats, archive, answering)
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
            nursery.start_soon(self.presence.tell_watchers)
            nursery.start_soon(self.reception.see_to_deadlines)
            nursery.start_soon(self.reception.tell_settings)
            nursery.start_soon(reap, self.presence, self._reap_interval)
            if self.lan is not None:
                nursery.start_soon(self.lan.run)
            if self.http is not None:
                await nursery.start(self.http.run)
            nursery.start_soon(self.clock.run)  # last: what the start takes is no stall
            task_status.started()

    def _reap_interval(self) -> float:
        return self.steering.config.server.reap_interval


async def serve(loaded: LoadedConfig, *, reload: Reload) -> None:
    """Run a server with these settings until a signal stops it.

    SIGTERM and SIGINT stop it in order, a second one at once; SIGHUP has it read its settings
    again.

    Raises:
        StartFailed: It cannot listen where it should, or its database does not answer.
        StoreUnusable: Its database cannot be opened as it is.
    """
    config, notifier = loaded.config, Notifier(os.environ)
    _allow_descriptors(config.server.max_clients)
    server = Server(loaded)
    doors = _open_doors(config, server)
    stop_signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    with trio.open_signal_receiver(*stop_signals) as signals:
        async with trio.open_nursery() as nursery:
            await nursery.start(server.run)
            collector.spare()
            accepting = await nursery.start(doors.accept)
            heartbeat = (
                await nursery.start(server.browsers.heartbeat.run)
                if config.websocket.enabled
                else None
            )
            nursery.start_soon(notifier.watchdog)
            _say_ready(loaded, server, doors, notifier)
            await _until_stopped(signals, server, reload, notifier)
            notifier.stopping()
            if heartbeat is not None:
                heartbeat.cancel()
            accepting.cancel()
            await trio.lowlevel.checkpoint()  # those who are just being let in are in
            nursery.start_soon(_leave_at_once_on_another, signals, server, nursery.cancel_scope)
            if server.http is not None:
                await server.http.stop()
            with trio.move_on_after(SEEING_OFF):
                await server.reception.see_everyone_off()
            server.reception.close_all()
            if server.lan is not None:
                server.lan.finish()
            if server.notifications is not None:
                await server.notifications.finish()
            if server.memory is not None:
                await server.memory.finish()
            nursery.cancel_scope.cancel()
    log.info("stopped")


def _open_doors(config: Config, server: Server) -> Doors:
    """Listen wherever the settings say.

    Raises:
        StartFailed: An address is unknown, in use or not allowed.
    """
    doors = Doors()
    doors.open("tcp", config.server.host, config.server.port, server.reception.admit_tcp)
    if config.websocket.enabled:
        settings = config.websocket
        doors.open("websocket", settings.host, settings.port, server.browsers.admit)
    if server.http is not None:
        server.http.port = doors.open("http", config.http.host, config.http.port, server.http.admit)
        server.gauge.page = server.http.url
    if server.lan is not None:
        server.lan.serve(doors.found)
    return doors


def _import_parts(config: Config) -> None:
    """Import what takes long before anything has a clock: it would be a stall of the server's."""
    if config.store.url != "none":
        import lastseen.server.keeping.memory
    if config.http.enabled:
        import lastseen.server.http.opening  # noqa: F401 - to have it


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
    settings = server.steering.config.http
    return open_http(settings, server.presence, server.steering, stats, past, telling, parts)


async def _until_stopped(
    signals: AsyncIterator[int], server: Server, reload: Reload, notifier: Notifier
) -> None:
    async for number in signals:
        if number != signal.SIGHUP:
            log.info("stopping", signal=signal.Signals(number).name)
            return
        notifier.reloading()
        _reload(server.steering, reload)
        notifier.ready()


def _reload(steering: Steering, reload: Reload) -> None:
    try:
        loaded = reload()
    except ConfigError as error:
        log.error("settings not reloaded", why=str(error))  # noqa: TRY400 - a user's mistake
        return
    found = changes(steering.config, loaded.config)
    steering.reload(loaded)
    logs.set_level(steering.config.log.level)
    log.info(
        "settings reloaded",
        applied=", ".join(found.live) or "nothing",
        needs_restart=", ".join(found.restart) or "nothing",
    )


async def _leave_at_once_on_another(
    signals: AsyncIterator[int], server: Server, scope: trio.CancelScope
) -> None:
    async for number in signals:
        if number != signal.SIGHUP:
            log.warning("stopping at once", signal=signal.Signals(number).name)
            server.reception.close_all()
            if server.http is not None:
                server.http.close_all()
            scope.cancel()


def _say_ready(loaded: LoadedConfig, server: Server, doors: Doors, notifier: Notifier) -> None:
    addresses = doors.addresses("tcp")
    source = str(loaded.path) if loaded.path else "no config.toml here: the defaults"
    log.info(
        "listening",
        address=addresses,
        websocket=doors.addresses("websocket") or "off",
        page="off" if server.http is None else server.http.url,
        version=VERSION,
        settings=source,
        pid=os.getpid(),
    )
    if loaded.config.websocket.enabled and (url := loaded.config.websocket.public_url):
        log.info("web pages connect to", url=url)
    for warning in loaded.warnings:
        log.warning(warning)
    notifier.ready(f"Listening on {addresses}")


def _allow_descriptors(max_clients: int) -> None:
    """Raise this process's limit of open files as far as it may go."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = max_clients + SPARE_DESCRIPTORS
    if soft < needed:
        allowed = needed if hard == resource.RLIM_INFINITY else max(soft, min(needed, hard))
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        except (ValueError, OSError):  # "infinity" may be more than the system lets anyone have
            allowed = soft
        if allowed < needed:
            log.warning(
                "fewer open files are allowed than max_clients needs",
                allowed=allowed,
                needed=needed,
                hint="raise LimitNOFILE or `ulimit -n`",
            )
