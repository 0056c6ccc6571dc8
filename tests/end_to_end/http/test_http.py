"""The HTTP API of a real server, with real clients beside it."""

import signal
import socket
import subprocess
import time
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import pytest

HTTP = {"enabled": True, "port": 0}
SOON = 9.0
"""Seconds: less than a server waits for one that does not read, while it runs."""


@pytest.fixture
def server(start: Any) -> Any:
    return start(http=HTTP)


def test_the_one_liner_for_scripts_works(server: Any, page_of: Any, api: Any):
    url = f"{page_of(server)}api/clients/backup/heartbeat?timeout=90"
    done = subprocess.run(["curl", "-s", "-X", "POST", url], capture_output=True, check=True)
    assert b'"status":"online"' in done.stdout
    assert api(page_of(server)).get("/api/clients/backup").json()["timeout"] == 90


def test_one_that_beats_no_more_is_late_then_offline(
    server: Any, page_of: Any, api: Any, stream: Any
):
    asking, reader = api(page_of(server)), stream(page_of(server))
    asking.post("/api/clients/script/heartbeat", params={"every": 2, "grace": 2})
    reader.until(lambda view: view.get("script", {}).get("status") == "online")
    reader.until(lambda view: view["script"]["status"] == "late")
    reader.until(lambda view: "script" not in view)
    assert asking.get("/api/clients/script").json()["reason"] == "timeout"


def test_a_client_that_is_killed_is_seen_to_go(
    server: Any, page_of: Any, api: Any, stream: Any, start_client: Any
):
    client = start_client(server, "web-01")
    reader = stream(page_of(server))
    reader.until(lambda view: "web-01" in view)
    assert api(page_of(server)).get("/api/counts").json()["online"] == 1
    client.signal(signal.SIGKILL)
    reader.until(lambda view: view.get("web-01", {}).get("status") == "late")
    reader.until(lambda view: "web-01" not in view)
    assert api(page_of(server)).get("/api/counts").json()["online"] == 0


def test_a_reader_resumes_across_a_cut(server: Any, page_of: Any, stream: Any, wire: Any):
    reader = stream(page_of(server))
    first = wire(server)
    first.register("a")
    reader.until(lambda view: "a" in view)
    reader.close()
    wire(server).register("b")
    again = stream(page_of(server), last_id=reader.last_id)
    name, data = again.event()
    assert (name, data.get("joins")) == ("diff", None)  # the answer, empty: no snapshot
    again.until(lambda view: view.keys() == {"b"})  # only what it missed


def test_after_a_restart_a_reader_begins_anew(start: Any, page_of: Any, stream: Any, wire: Any):
    old = start(http=HTTP)
    reader = stream(page_of(old))
    reader.event()
    old.signal(signal.SIGTERM)
    while (event := reader.event()) is not None:
        last = event
    assert last[0] == "goodbye"
    assert last[1]["reason"] == "shutdown"
    assert old.wait() == 0
    new = start(http=HTTP)
    wire(new).register("b")
    again = stream(page_of(new), last_id=reader.last_id)
    name, data = again.event()
    assert (name, data["first"]) == ("clients", True)


def test_settings_reach_clients_at_once_and_a_restart_keeps_them(
    start: Any, page_of: Any, api: Any, wire: Any, stream: Any, tmp_path: Path
):
    url = f"sqlite:///{tmp_path / 'seen.db'}"
    server = start(http=HTTP, store={"url": url})
    client, reader = wire(server), stream(page_of(server))
    client.register("web-01")
    answer = api(page_of(server)).patch("/api/settings", json={"heartbeat_interval": 1})
    assert answer.status_code == 200
    assert client.hear_only(_settings()).heartbeat_interval == 1
    while (event := reader.event())[0] != "settings":
        pass
    assert event[1]["heartbeat_interval"] == 1
    server.signal(signal.SIGTERM)
    server.wait()
    again = start(http=HTTP, store={"url": url})
    assert api(page_of(again)).get("/api/settings").json()["heartbeat_interval"] == 1
    again.signal(signal.SIGHUP)  # config.toml says 0.5, and is not heard
    assert again.logged("settings reloaded")["applied"] == "nothing"
    assert wire(again).register("web-01").heartbeat_interval == 1
    api(page_of(again)).delete("/api/settings")
    assert api(page_of(again)).get("/api/settings").json()["heartbeat_interval"] == 0.5


def test_a_reader_that_stopped_reading_does_not_hold_up_the_end(
    server: Any, page_of: Any, api: Any, stream: Any
):
    said = {"meta": {f"key-{number}": "x" * 250 for number in range(16)}}
    asking = api(page_of(server))
    for number in range(400):  # a snapshot of some 1.7 MB: more than any buffer holds
        asking.post(f"/api/clients/big-{number}/heartbeat", json=said)
    stream(page_of(server), receive_buffer=4096)
    time.sleep(0.5)
    began = time.monotonic()
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert time.monotonic() - began < SOON


HEAD = b"GET /api/events HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\n"
KEY = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
POST = b"POST /api/clients/x/heartbeat HTTP/1.1\r\nHost: localhost\r\n"
GARBAGE = [
    b"\x00\xff" * 100,
    b"GET / HTTP/1.1\r\n\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 50,
    b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET http://[ HTTP/1.1\r\nHost: [\r\n\r\n",
    POST + b"Content-Length: 99\r\n\r\n{",
    POST + b"Content-Length: 99999999\r\n\r\n" + b"x" * 500_000,
    POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    HEAD + b"Upgrade: h2c\r\n\r\n",
    HEAD + b"Upgrade: websocket\r\n" + KEY,
]


def test_garbage_and_resets_hurt_nobody_else(server: Any, page_of: Any, api: Any):
    page = page_of(server)
    port = int(page.rpartition(":")[2].rstrip("/"))
    for data, resets in product(GARBAGE, (b"\0", b"\1")):
        with socket.create_connection(("127.0.0.1", port)) as hostile, suppress(OSError):
            linger = resets + b"\0" * 7
            hostile.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            hostile.sendall(data)
        assert api(page).get("/healthz").status_code == 200
    assert server.events("an HTTP connection crashed") == []


def test_a_port_in_use_is_a_sentence(start: Any):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = start(ready=False, http={"enabled": True, "port": port})
        assert server.wait() == 1
    told = server.log_path.read_text()
    assert f"cannot listen on 127.0.0.1:{port}: address already in use" in told
    assert "Traceback" not in told


def _settings() -> type:
    from lastseen.shared.messages import Settings

    return Settings
