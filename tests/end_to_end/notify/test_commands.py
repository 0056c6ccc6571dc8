"""The commands of notifications against a real server, which tells a real receiver."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lastseen.shared.messages import Goodbye, Leave

PATIENCE = 60.0
"""Seconds within which a command ends and a delivery arrives, on a busy machine too."""


class Receiver:
    """Takes webhooks, or answers otherwise.

    Attributes:
        status: What it answers from now on.
        taken: The id, type and client_id of each that it took, in order.
    """

    def __init__(self) -> None:
        self.status = 200
        self.taken: list[tuple[str, str, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if receiver.status == 200:
                    client_id = body["data"]["client"]["client_id"]
                    receiver.taken.append((self.headers["webhook-id"], body["type"], client_id))
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(kind, client_id) for _, kind, client_id in self.taken]

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def server(start: Any, tmp_path: Path, receiver: Receiver) -> Any:
    """A server that tells the receiver, and gives up at the first failure."""
    ops = {"name": "ops", "url": receiver.url, "max_attempts": 1}
    backups = {"name": "backups", "clients": ["nas-*"], "start": "00:00", "end": "00:00"}
    return start(
        store={"url": f"sqlite:///{tmp_path}/test.db", "flush_interval": 1},
        notify={
            "webhook": [ops, {"name": "quiet", "url": receiver.url, "enabled": False}],
            "maintenance": [backups],
        },
    )


@pytest.fixture
def run(server: Any) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `lastseen` to its end."""

    def run(*arguments: str, of: Any = server) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "lastseen.client", *arguments, "--server", of.address],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    return run


@pytest.fixture
def read(run: Any) -> Callable[..., Any]:
    """What `lastseen … --json` tells."""

    def read(*arguments: str) -> Any:
        done = run(*arguments, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return read


@pytest.fixture
def come_and_leave(server: Any, wire: Any) -> Callable[[str], None]:
    def come_and_leave(client_id: str) -> None:
        link = wire(server)
        link.register(client_id)
        link.say(Leave())
        link.hear_only(Goodbye)

    return come_and_leave


@pytest.fixture
def eventually(read: Any) -> Callable[..., Any]:
    """The deliveries in a state, once there are some."""

    def eventually(*wanted: str) -> Any:
        return _until(lambda: read("deliveries", *wanted), f"deliveries {wanted}")

    return eventually


def _until(condition: Callable[[], Any], what: str) -> Any:
    """As the others' `until`: each look may be a command."""
    deadline = time.monotonic() + PATIENCE
    while not (met := condition()):
        assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what}"
        time.sleep(0.05)
    return met


def test_what_is_still_offline_when_a_silence_is_ended_is_told_then(
    run, read, receiver, come_and_leave, eventually
):
    silence = read("silence", "web-*", "--for", "2h", "--reason", "new disks")
    shown = {s["reason"]: s for s in read("silences")}
    assert shown["new disks"] == silence
    assert shown["backups"]["id"] is None
    come_and_leave("web-01")
    come_and_leave("nas-01")
    come_and_leave("db-01")
    [told] = eventually("--state", "sent")
    assert told["client_id"] == "db-01"
    ended = run("unsilence", str(silence["id"]))
    assert (ended.returncode, ended.stdout) == (0, f"silence {silence['id']} is over\n")
    _until(lambda: len(receiver.taken) == 2, "the delivery that was held back")
    assert receiver.told == [("client.offline", "db-01"), ("client.offline", "web-01")]
    assert [s["reason"] for s in read("silences")] == ["backups"]
    again = run("unsilence", str(silence["id"]))
    assert (again.returncode, again.stderr) == (
        1,
        f"lastseen: there is no silence {silence['id']} (unknown_silence).\n",
    )


def test_a_delivery_that_was_given_up_is_sent_when_it_is_retried(
    run, receiver, come_and_leave, eventually
):
    receiver.status = 503
    come_and_leave("web-01")
    [failed] = eventually("--failed")
    assert (failed["channel"], failed["attempts"]) == ("ops", 1)
    assert "503" in failed["error"]
    assert "503" in run("deliveries", "--failed", "--client", "web-01").stdout
    receiver.status = 200
    done = run("retry", str(failed["id"]))
    assert (done.returncode, done.stdout) == (
        0,
        f"delivery {failed['id']} to ops is tried again\n",
    )
    _until(lambda: receiver.taken, "the delivery")
    assert receiver.taken == [(failed["key"], "client.offline", "web-01")]
    [sent] = eventually("--state", "sent")
    assert sent["id"] == failed["id"]
    again = run("retry", str(failed["id"]))
    assert again.returncode == 1
    assert "sent or withdrawn" in again.stderr


def test_what_waits_for_a_broken_channel_is_sent_when_it_is_enabled(
    run, read, receiver, come_and_leave
):
    def channel() -> Any:
        return next(c for c in read("channels") if c["name"] == "ops")

    receiver.status = 401
    come_and_leave("web-01")
    broken = _until(lambda: (c := channel())["state"] == "broken" and c, "a broken channel")
    assert "401" in broken["why"]
    assert (broken["pending"], broken["failed"], broken["sent"]) == (1, 0, 0)
    assert broken["since"] is not None
    receiver.status = 200
    done = run("enable", "ops")
    assert (done.returncode, done.stdout) == (0, "channel ops is used again\n")
    _until(lambda: receiver.taken, "the delivery")
    mended = _until(lambda: (c := channel())["sent"] == 1 and c, "a channel that works")
    assert (mended["state"], mended["pending"], mended["why"]) == ("working", 0, "")


def test_what_there_is_not_is_a_sentence_and_1(run):
    for arguments, words in (
        ("retry 4711", "there is no delivery 4711"),
        ("enable who", "the settings have no channel 'who'"),
        ("enable quiet", "have channel 'quiet' off"),
        ("unsilence 4711", "there is no silence 4711"),
    ):
        done = run(*arguments.split())
        assert (done.returncode, done.stdout) == (1, "")
        assert words in done.stderr


def test_a_server_that_remembers_nothing_says_so(start, run):
    done = run("silences", of=start())
    assert done.returncode == 1
    assert "remembers nothing" in done.stderr
