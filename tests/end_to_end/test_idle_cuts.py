"""A real proxy that cuts idle connections: server and client find out, and the client pings more
often.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end import conftest as base

CUT_AFTER = 1.2
"""Seconds; `timeout client` of the proxy. The shortest silence that counts is one second."""

CONFIG = """
defaults
    mode tcp
    timeout connect 2s
    timeout client {cut_after_ms}ms
    timeout server 1h
listen lastseen
    bind 127.0.0.1:{port}
    server lastseen 127.0.0.1:{server_port}
"""

CLIENT = (sys.executable, "-m", "lastseen.client", "connect", "--id", "web-01", "--json")


@pytest.fixture
def proxied(
    start: Callable[..., Any], tmp_path: Path
) -> Iterator[tuple[base.Server, Callable[[], list[dict[str, Any]]]]]:
    """A server behind HAProxy, and what a client says of its connection through it."""
    haproxy = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
    if haproxy is None:
        reason = "haproxy is not installed: on Debian and Ubuntu, apt-get install haproxy"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    server = start(
        server={"heartbeat_interval": 20, "connection_timeout": 60}, http={"enabled": True}
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = tmp_path / "haproxy.cfg"
    values = {"port": port, "server_port": server.port, "cut_after_ms": int(1000 * CUT_AFTER)}
    config.write_text(CONFIG.format(**values))
    proxy = base.Process(haproxy, "-db", "-f", str(config), stderr=subprocess.DEVNULL)
    said = tmp_path / "client.jsonl"
    with said.open("w") as output:
        client = base.Process(*CLIENT, "--wait", "--server", f"127.0.0.1:{port}", stdout=output)
    try:
        yield server, lambda: [json.loads(line) for line in said.read_text().splitlines()]
    finally:
        client.end()
        proxy.end()


def test_a_proxy_that_cuts_idle_connections_is_named_and_the_client_pings_more_often(
    proxied: tuple[base.Server, Callable[[], list[dict[str, Any]]]],
):
    server, said = proxied

    def lowered() -> list[dict[str, Any]]:
        return [event for event in said() if event["type"] == "interval_lowered"]

    base.until(lowered, "the client has lowered its interval")
    (event,) = lowered()
    assert event["cut_after"] == pytest.approx(CUT_AFTER, abs=0.2)
    assert event["heartbeat_interval"] == pytest.approx(0.75 * event["cut_after"])
    logged = server.logged("idle connections are cut")
    assert logged["client_id"] == "web-01"
    assert logged["after"] == pytest.approx(CUT_AFTER, abs=0.2)
    doctor = subprocess.run(
        [sys.executable, "-m", "lastseen.client", "doctor", "--server", server.address],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert doctor.returncode == 1
    assert "PROBLEM  connections are cut after 1.2 s of silence" in doctor.stdout

    def stands() -> bool:
        *_, last = said()
        age = (datetime.now(UTC) - datetime.fromisoformat(last["time"])).total_seconds()
        return last["type"] != "disconnected" and age > 2 * CUT_AFTER

    base.until(stands, "its connection is not cut any more")
    assert len(server.events("idle connections are cut")) == 1
