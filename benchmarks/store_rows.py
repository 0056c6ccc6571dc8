"""Clients for the store's benchmarks, and the databases that they go into."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.run import Bench

from lastseen.server.store.model import Event, KnownClient
from lastseen.server.store.opening import open_store
from lastseen.server.store.store import Store

NOW = 1.8e9
BATCH = 10_000
"""Clients made at a time: a million would take a gigabyte."""

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"


@contextmanager
def stores(bench: Bench) -> Iterator[dict[str, Store]]:
    """An empty store of each kind that is installed, on the disk that holds temporary files."""
    folder = Path(tempfile.mkdtemp(prefix="lastseen-bench-"))
    try:
        with _postgresql(folder, bench) as urls:
            urls[SQLITE] = f"sqlite:///{folder}/bench.db"
            opened = {name: open_store(url) for name, url in urls.items()}
            try:
                yield opened
            finally:
                for store in opened.values():
                    store.close()
    finally:
        shutil.rmtree(folder)


def fill(store: Store, count: int, online: int) -> None:
    """`count` clients; every so many of them online, `online` in all."""
    every = count // online
    for start in range(0, count, BATCH):
        clients = [_client(number) for number in range(start, min(start + BATCH, count))]
        store.upsert_many(clients)
        store.record([_event(n) for n in range(start, start + len(clients)) if n % every == 0])


def name_of(number: int) -> str:
    """The id of a client; numbers and ids have the same order."""
    return f"client-{number:07}"


def _client(number: int) -> KnownClient:
    return KnownClient(
        client_id=name_of(number),
        name=f"Workstation {number}",
        hostname=f"ws-{number}.office.example",
        ip=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        port=50_000,
        via="tcp",
        user_name="",
        nickname="",
        avatar="",
        groups=("office",),
        meta={"os": "linux"},
        availability="available",
        note="",
        last_seen=NOW,
        first_seen=NOW,
        updated_at=NOW,
    )


def _event(number: int) -> Event:
    return Event(name_of(number), "offline", "online", "registered", NOW, NOW, None, "bench", "")


@contextmanager
def _postgresql(folder: Path, bench: Bench) -> Iterator[dict[str, str]]:
    """The URL of a server in the folder, set up as it comes; nothing where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        bench.remark("PostgreSQL is not installed: not measured")
        yield {}
        return
    _run(folder, found[-1] / "initdb", "-D", "data", "-U", "bench", "-A", "trust", "-E", "UTF8")
    options = f"-c listen_addresses='' -k {folder}"
    _run(folder, found[-1] / "pg_ctl", "-D", "data", "-l", "log", "-w", "-o", options, "start")
    try:
        yield {POSTGRESQL: f"postgresql+psycopg://bench@/postgres?host={folder}"}
    finally:
        _run(folder, found[-1] / "pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")


def _run(folder: Path, *command: str | Path) -> None:
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        user = {"user": "postgres", "group": "postgres", "extra_groups": []}
    with (folder / "output").open("w+") as output:  # a pipe would be kept open by the server
        done = subprocess.run(command, cwd=folder, stdout=output, stderr=output, **user)
        if done.returncode != 0:
            output.seek(0)
            raise BenchmarkError(f"{Path(command[0]).name} failed: {output.read()[-500:]}")
