"""The life of a server: everything is opened, runs in one nursery until a signal, and is closed in
order.
"""

import os
import signal
from collections.abc import AsyncIterator, Callable

import trio

from lastseen.server import allocator, collector, logs
from lastseen.server.config import LoadedConfig, changes
from lastseen.server.doors import Doors
from lastseen.server.errors import ConfigError
from lastseen.server.parts import Server
from lastseen.server.steering import Steering
from lastseen.server.systemd import ServiceManager
from lastseen.shared.version import VERSION

log = logs.get_logger()

Reload = Callable[[], LoadedConfig]


async def serve(loaded: LoadedConfig, *, reload: Reload) -> None:
    """Run a server with these settings until a signal stops it.

    SIGTERM and SIGINT stop it in order, a second one at once; SIGHUP has it read its settings
    again.

    Raises:
        StartFailed: It cannot listen where it should, or its database does not answer.
        StoreUnusable: Its database cannot be opened as it is.
    """
    allocator.spare()
    config, manager = loaded.config, ServiceManager(os.environ)
    server = Server(loaded)
    server.limit_connections()
    doors = server.open_doors()
    stop_signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    with trio.open_signal_receiver(*stop_signals) as signals:
        async with trio.open_nursery() as nursery:
            await nursery.start(server.run)
            collector.spare()
            doors.listen()  # only now: what was remembered is known again
            accepting = await nursery.start(doors.accept)
            heartbeat = (
                await nursery.start(server.browsers.heartbeat.run)
                if config.websocket.enabled
                else None
            )
            nursery.start_soon(manager.watchdog)
            _say_ready(loaded, server, doors, manager)
            await _until_stopped(signals, server, reload, manager)
            manager.stopping()
            if heartbeat is not None:
                heartbeat.cancel()
            accepting.cancel()
            await trio.lowlevel.checkpoint()  # those who are just being let in are in
            nursery.start_soon(_leave_at_once_on_another, signals, server, nursery.cancel_scope)
            await server.finish()
            nursery.cancel_scope.cancel()
        await server.close_store()
    log.info("stopped")


async def _until_stopped(
    signals: AsyncIterator[int], server: Server, reload: Reload, manager: ServiceManager
) -> None:
    async for number in signals:
        if number != signal.SIGHUP:
            log.info("stopping", signal=signal.Signals(number).name)
            return
        manager.reloading()
        _reload(server.steering, reload)
        manager.ready()


def _reload(steering: Steering, reload: Reload) -> None:
    try:
        loaded = reload()
    except ConfigError as error:
        log.error("settings not reloaded", why=str(error))  # noqa: TRY400 - a user's mistake
        return
    found = changes(steering.config, loaded.config)
    needs_restart = ", ".join(found.restart) or "nothing"
    try:
        steering.reload(loaded)
    except ConfigError as error:  # what is new does not fit what only a restart would change
        log.error("settings not reloaded", why=str(error), needs_restart=needs_restart)  # noqa: TRY400 - as above
        return
    logs.set_level(steering.config.log.level)
    applied = ", ".join(found.live) or "nothing"
    log.info("settings reloaded", applied=applied, needs_restart=needs_restart)


async def _leave_at_once_on_another(
    signals: AsyncIterator[int], server: Server, scope: trio.CancelScope
) -> None:
    async for number in signals:
        if number != signal.SIGHUP:
            log.warning("stopping at once", signal=signal.Signals(number).name)
            server.close_all()
            scope.cancel()


def _say_ready(loaded: LoadedConfig, server: Server, doors: Doors, manager: ServiceManager) -> None:
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
    manager.ready(f"Listening on {addresses}")
