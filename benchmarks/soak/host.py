"""The server that is soaked, with a database and a channel, and the process of its clients."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import msgspec
import tomli_w
from benchmarks.errors import LoadError, NotStartedError
from benchmarks.soak.load import TELLING, Crowd, Report

ROOT = Path(__file__).resolve().parents[2]

COMPLAINTS = ('"level": "error"', '"level":"error"', "most clients fell silent")
"""Faults, and a mass loss that the server takes for its own: no soak should see either."""

START_WITHIN = 30.0
"""Seconds."""


class Host(msgspec.Struct, frozen=True):
    """A server that listens."""

    pid: int
    tcp_port: int
    websocket_port: int
    page: str
    database: Path
    log: Path

    @property
    def http_port(self) -> int:
        """Where the page is served."""
        return urlsplit(self.page).port or 80

    def complaints(self) -> list[str]:
        """Lines of its log that no soak should see."""
        with self.log.open() as lines:
            return [line.strip() for line in lines if any(word in line for word in COMPLAINTS)]


@contextmanager
def hosted(folder: Path, receiver: str) -> Iterator[Host]:
    """A server in a folder that tells a receiver; it is ended with the context.

    Raises:
        NotStartedError: It did not listen in time; with what it said.
    """
    config, log = folder / "config.toml", folder / "server.log"
    config.write_text(tomli_w.dumps(_settings(folder, receiver)))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LASTSEEN_")}
    command = [sys.executable, "-m", "lastseen.server", "--config", str(config)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stderr=output, env=environment)
    try:
        listening = _listening(process, log)
        yield Host(
            process.pid,
            int(listening["address"].rpartition(":")[2]),
            int(listening["websocket"].rpartition(":")[2]),
            listening["page"],
            folder / "soak.db",
            log,
        )
    finally:
        process.terminate()
        try:
            process.wait(60)
        finally:
            process.kill()


def _settings(folder: Path, receiver: str) -> dict[str, object]:
    telling = {"name": "soak", "url": receiver, "clients": [f"{TELLING}-*"]}
    return {
        "server": {"port": 0, "heartbeat_interval": 10, "connection_timeout": 30},
        "websocket": {"port": 0},
        "http": {"port": 0},
        "store": {"url": f"sqlite:///{folder}/soak.db"},
        "log": {"format": "json"},
        "notify": {"webhook": [telling]},
    }


def _listening(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text().splitlines():
            if '"listening"' in line:
                event: dict[str, str] = json.loads(line)
                return event
        time.sleep(0.1)
    raise NotStartedError(f"the server does not listen; it said: {log.read_text()[-2000:]}")


class Clients:
    """The reports of the clients' process, as they come."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101 - for mypy: we asked for a pipe
        self._reports: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reading = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._reading.start()

    def report(self, within: float) -> Report:
        """The next report.

        Raises:
            LoadError: There was none.
        """
        try:
            line = self._reports.get(timeout=within)
        except queue.Empty:
            line = b""
        if not line:
            raise LoadError("the clients report no more")
        return msgspec.json.decode(line, type=Report)

    def _read(self, lines: IO[bytes]) -> None:
        for line in lines:
            self._reports.put(line)
        self._reports.put(b"")


@contextmanager
def clients_of(crowd: Crowd) -> Iterator[Clients]:
    """A process of clients, which is ended with the context."""
    command = [sys.executable, "-m", "benchmarks.soak.load", msgspec.json.encode(crowd).decode()]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield Clients(process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
