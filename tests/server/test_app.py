"""The server as a whole, in this process: it opens, follows signals, and closes in order."""

import os
import re
import signal
import socket
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from lastseen.server import app, parts
from lastseen.server.config import Config, ConfigError, LoadedConfig
from lastseen.server.config.sections.kinds import Command
from lastseen.server.config.sections.notify import Notify
from lastseen.server.errors import StartFailed
from lastseen.shared.framing import Framer
from lastseen.shared.messages import Goodbye, Message, Ping, Pong, Register, Settings
from lastseen.shared.wire import from_server, to_frame

SOON = 60  # seconds: no test takes so long, unless it hangs


class Peer:
    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._framer = Framer()
        self._arrived: list[Any] = []

    async def say(self, message: Message) -> None:
        await self._stream.send_all(to_frame(message))

    async def hear(self) -> Any:
        """The next message; None at the end."""
        while not self._arrived:
            data = await self._stream.receive_some()
            if not data:
                return None
            self._arrived += [from_server.decode(p) for p in self._framer.feed(bytes(data))]
        return self._arrived.pop(0)

    async def aclose(self) -> None:
        await self._stream.aclose()


class Running:
    """A server that runs in a task.

    Attributes:
        settings: What it reads when it reloads; an error is raised.
        ended: Set when `serve` has returned.
    """

    def __init__(self, config: Config, capsys: pytest.CaptureFixture[str]) -> None:
        self.settings: Config | ConfigError = config
        self.ended = trio.Event()
        self._config = config
        self._capsys = capsys
        self._log = ""
        self.peers: list[Peer] = []

    async def serve(self) -> None:
        await app.serve(_loaded(self._config), reload=self._reload)
        self.ended.set()

    @property
    def log(self) -> str:
        self._log += self._capsys.readouterr().err
        return self._log

    async def logged(self, pattern: str) -> re.Match[str]:
        with trio.fail_after(SOON):
            while (match := re.search(pattern, self.log)) is None:  # noqa: ASYNC110 - it tells nobody
                await trio.sleep(0.005)
        return match

    async def port(self) -> int:
        return int((await self.logged(r"listening .*address=127\.0\.0\.1:(\d+)"))[1])

    async def connect(self) -> Peer:
        peer = Peer(await trio.open_tcp_stream("127.0.0.1", await self.port()))
        self.peers.append(peer)
        return peer

    async def register(self, client_id: str) -> Peer:
        peer = await self.connect()
        await peer.say(Register(client_id))
        assert (await peer.hear()).client_id == client_id
        return peer

    def _reload(self) -> LoadedConfig:
        if isinstance(self.settings, ConfigError):
            raise self.settings
        return _loaded(self.settings)


def _loaded(config: Config) -> LoadedConfig:
    return LoadedConfig(config, {}, None, [])


def config_with(**server: Any) -> Config:
    config = Config()
    return replace(
        config,
        server=replace(config.server, **({"port": 0} | server)),
        store=replace(config.store, url="none"),
        websocket=replace(config.websocket, port=0),
        http=replace(config.http, enabled=False),
    )


@pytest.fixture
async def running(nursery: trio.Nursery, capsys: pytest.CaptureFixture[str]) -> Any:
    """A server on a free port."""
    running = Running(config_with(), capsys)
    nursery.start_soon(running.serve)
    with trio.fail_after(SOON):
        await running.port()
        yield running
        for peer in running.peers:
            await peer.aclose()
        if not running.ended.is_set():
            os.kill(os.getpid(), signal.SIGTERM)
        await running.ended.wait()


def tell(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


async def test_it_says_where_it_listens_and_with_which_settings(running: Running):
    line = (await running.logged("listening.*"))[0]
    assert f"address=127.0.0.1:{await running.port()}" in line
    assert f"pid={os.getpid()}" in line
    assert "the defaults" in line


async def test_it_warns_of_what_is_risky(capsys: pytest.CaptureFixture[str], nursery: trio.Nursery):
    running = Running(config_with(), capsys)
    loaded = LoadedConfig(config_with(), {}, None, ["that is risky"])
    nursery.start_soon(partial(app.serve, loaded, reload=lambda: loaded))
    await running.logged("warning.*that is risky")


async def test_it_answers(running: Running):
    peer = await running.register("web-01")
    await peer.say(Ping())
    assert await peer.hear() == Pong()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_in_order(running: Running, number: signal.Signals):
    peer = await running.register("web-01")
    tell(number)
    goodbye = await peer.hear()
    assert isinstance(goodbye, Goodbye)
    assert (goodbye.reason, goodbye.reconnect) == ("shutdown", True)
    assert goodbye.retry_after is not None
    assert await peer.hear() is None
    await peer.aclose()
    await running.ended.wait()
    assert re.search(f"(?s)stopping .*signal={number.name}.*saying goodbye.*stopped", running.log)


async def test_nobody_is_let_in_once_it_stops(running: Running):
    peer = await running.register("web-01")
    tell(signal.SIGTERM)
    await peer.hear()
    with pytest.raises(OSError, match="all attempts to connect"):
        await trio.open_tcp_stream("127.0.0.1", await running.port())


async def test_a_peer_that_does_not_leave_holds_it_up_for_a_bounded_time(
    running: Running, monkeypatch: pytest.MonkeyPatch
):
    assert parts.SEEING_OFF <= 3
    monkeypatch.setattr(parts, "SEEING_OFF", 0.1)
    await running.register("web-01")
    tell(signal.SIGTERM)
    await running.ended.wait()


async def test_a_second_signal_leaves_at_once(running: Running, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parts, "SEEING_OFF", 1000)
    await running.register("web-01")
    tell(signal.SIGTERM)
    await running.logged("saying goodbye")
    tell(signal.SIGHUP)  # means nothing now
    tell(signal.SIGTERM)
    await running.ended.wait()
    assert "stopping at once" in running.log


async def test_what_can_change_live_is_reloaded_and_told_to_clients_and_the_rest_is_named(
    running: Running,
):
    peer = await running.register("web-01")
    running.settings = config_with(heartbeat_interval=30, port=1)
    tell(signal.SIGHUP)
    settings = await peer.hear()
    assert isinstance(settings, Settings)
    assert settings.heartbeat_interval == 30
    line = (await running.logged("settings reloaded.*"))[0]
    assert "applied=server.heartbeat_interval" in line
    assert "needs_restart=server.port" in line
    tell(signal.SIGHUP)  # and still does
    await running.logged("applied=nothing needs_restart=server.port")
    other = await running.connect()  # where it always was
    await other.say(Ping())
    assert await other.hear() == Pong()


async def test_a_reload_that_changes_nothing_says_so_and_tells_nobody(running: Running):
    peer = await running.register("web-01")
    tell(signal.SIGHUP)
    line = (await running.logged("settings reloaded.*"))[0]
    assert "applied=nothing" in line
    assert "needs_restart=nothing" in line
    await peer.say(Ping())
    assert await peer.hear() == Pong()


async def test_a_mistake_in_the_settings_is_said_and_the_old_ones_stay(running: Running):
    peer = await running.register("web-01")
    running.settings = ConfigError("server.port: expected an integer, got 'x'")
    tell(signal.SIGHUP)
    line = (await running.logged("settings not reloaded.*"))[0]
    assert "server.port: expected an integer" in line
    await peer.say(Ping())
    assert await peer.hear() == Pong()


async def test_settings_that_do_not_fit_what_needs_a_restart_are_said_and_the_old_ones_stay(
    running: Running,
):
    peer = await running.register("web-01")
    wanted = config_with(heartbeat_interval=30)
    running.settings = replace(
        wanted,
        store=replace(wanted.store, url="sqlite:///new.db"),
        notify=Notify(command=(Command(name="ops", argv=("true",)),)),
    )
    tell(signal.SIGHUP)
    line = (await running.logged("settings not reloaded.*"))[0]
    assert 'store.url: expected a database, got "none"' in line
    assert "needs_restart=store.url" in line
    await peer.say(Ping())
    assert await peer.hear() == Pong()  # nor was it told of another heartbeat_interval


async def test_the_level_of_the_log_is_reloaded(running: Running):
    from lastseen.server import logs

    quiet = config_with()
    running.settings = replace(quiet, log=replace(quiet.log, level="error"))
    tell(signal.SIGHUP)
    try:
        with trio.fail_after(SOON):
            while logs.Logger.info is not logs.Logger.debug:  # noqa: ASYNC110 - nor does a level
                await trio.sleep(0.005)
    finally:
        logs.set_level("info")


async def test_a_port_in_use_is_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartFailed, match=f"^cannot listen on 127.0.0.1:{port}: address alre"):
            await app.serve(_loaded(config_with(port=port)), reload=lambda: _loaded(Config()))


async def test_systemd_is_told_when_it_is_ready_reloads_and_stops(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    nursery: trio.Nursery,
    capsys: pytest.CaptureFixture[str],
):
    with trio.socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        await manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        running = Running(config_with(), capsys)
        with trio.fail_after(SOON):
            nursery.start_soon(running.serve)
            assert (await manager.recv(1000)).startswith(b"READY=1\nSTATUS=Listening on 127.0.0.1:")
            tell(signal.SIGHUP)
            assert (await manager.recv(1000)).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert await manager.recv(1000) == b"READY=1"
            tell(signal.SIGTERM)
            assert await manager.recv(1000) == b"STOPPING=1"
            await running.ended.wait()
