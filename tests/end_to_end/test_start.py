"""Starting and steering a server as its operator does."""

import signal
import socket
import subprocess
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.ipv6 import HAS_IPV6

from lastseen.shared.address import format_address
from lastseen.shared.messages import Ping, Pong, Settings

Start = Callable[..., Any]


def test_it_listens_on_a_free_port_and_says_which(start: Start, wire: Callable[..., Any]):
    server = start()
    event = server.logged("listening")
    assert event["pid"] == server.process.pid
    assert event["settings"] == str(server.config)
    client = wire(server)
    client.say(Ping())
    assert client.hear() == Pong()


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")
def test_one_address_serves_ipv4_and_ipv6_on_every_port(start: Start):
    everywhere = {"host": "::"}
    server = start(
        server=everywhere | {"allow_anonymous": True},
        websocket=everywhere,
        http=everywhere | {"enabled": True},
    )
    page_port = int(server.logged("listening")["page"].rstrip("/").rpartition(":")[2])
    for address in ("127.0.0.1", "::1"):
        for port in (server.port, server.websocket_port):
            socket.create_connection((address, port), timeout=10).close()
        url = f"http://{format_address(address, page_port)}"
        record = httpx.post(f"{url}/api/clients/backup/heartbeat").json()
        assert record["address"].startswith(format_address(address, 0)[:-1])


def test_a_port_in_use_is_one_sentence_and_exit_code_1(start: Start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = start(ready=False, server={"port": port})
        assert server.wait() == 1
    (line,) = server.log_path.read_text().splitlines()
    assert f"127.0.0.1:{port}" in line
    assert "address already in use" in line


def test_a_wrong_setting_is_one_sentence_and_exit_code_2(start: Start):
    server = start(ready=False, server={"heartbeat_interval": "often"})
    assert server.wait() == 2
    (line,) = server.log_path.read_text().splitlines()
    for part in (str(server.config), "server.heartbeat_interval", "expected", "'often'"):
        assert part in line


def test_a_hang_up_reloads_what_can_change_live_and_names_what_cannot(
    start: Start, wire: Callable[..., Any]
):
    server = start()
    client = wire(server)
    assert client.register("web-01").heartbeat_interval == 0.5
    settings = {
        "server": {"port": 1, "heartbeat_interval": 0.75, "connection_timeout": 60},
        "limits": {"min_heartbeat_interval": 0.05},
        "log": {"format": "json"},
        "store": {"url": "none"},
        "websocket": {"port": 0},
        "http": {"enabled": False, "port": 0},
    }
    server.write(settings)
    server.signal(signal.SIGHUP)
    told = client.hear_only(Settings)
    assert (told.heartbeat_interval, told.connection_timeout) == (0.75, 60)
    event = server.logged("settings reloaded")
    assert "server.heartbeat_interval" in event["applied"]
    assert event["needs_restart"] == "server.port"
    assert wire(server).register("web-02").heartbeat_interval == 0.75


def test_a_hang_up_with_a_mistake_in_the_file_changes_nothing_and_says_so(
    start: Start, wire: Callable[..., Any]
):
    server = start()
    server.config.write_text("[server]\nport = true\n")
    server.signal(signal.SIGHUP)
    assert "server.port" in server.logged("settings not reloaded")["why"]
    assert wire(server).register("web-01").heartbeat_interval == 0.5


def test_the_settings_in_the_environment_win(tmp_path: Any):
    import os
    import sys

    shown = subprocess.run(
        [sys.executable, "-m", "lastseen.server", "show-config"],
        env=os.environ | {"LASTSEEN_SERVER__PORT": "9123"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert shown.returncode == 0
    assert "port = 9123" in shown.stdout
