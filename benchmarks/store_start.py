"""A real server on an SQLite file that knows 1,000,000 clients: how long until it listens, and what
a page of `lastseen list --all` takes at the beginning, in the middle and at the end.
"""

import os
import socket
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.errors import BenchmarkError
from benchmarks.figures import OURS, Figure, Limit
from benchmarks.measure import Spread
from benchmarks.peers import LASTSEEN_SERVER
from benchmarks.run import Bench
from benchmarks.store_pages import LONGEST_START, ONLINE_SHARE
from benchmarks.store_rows import NOW, fill, name_of

from lastseen.server.store.opening import open_store
from lastseen.shared.framing import HEADER
from lastseen.shared.messages import List
from lastseen.shared.wire import from_server, to_frame

ROUNDS = 20
PAGE = 500

CONFIG = """\
[server]
port = 0
max_clients = {online}

[store]
url = "sqlite:///bench.db"

[websocket]
enabled = false

[log]
format = "json"
"""


def run(bench: Bench) -> list[Figure]:
    """Start and pages, with one of a hundred to be awaited after the start."""
    known = bench.scale.simulated
    with TemporaryDirectory(prefix="lastseen-bench-") as name:
        folder = Path(name)
        _prepare(folder, known)
        starts = [_start(folder) for _ in range(bench.scale.repeats)]
        took = {OURS: Spread.of([seconds for seconds, _ in starts])}
        pages = _pages(folder, known)
    what = f"a server that knows {known:,} clients"
    return [
        Figure(f"{what}: until it listens", "s", took, (Limit(LONGEST_START),)),
        *(Figure(f"{what}: {place} of {PAGE}", "ms", {OURS: s}) for place, s in pages.items()),
    ]


def _prepare(folder: Path, known: int) -> None:
    store = open_store(f"sqlite:///{folder}/bench.db")
    store.begin_run("before", NOW, 0.0)
    fill(store, known, known // ONLINE_SHARE)
    store.close()
    (folder / "config.toml").write_text(CONFIG.format(online=known // ONLINE_SHARE))


def _pages(folder: Path, known: int) -> dict[str, Spread]:
    places = {
        "the first page": None,
        "a page in the middle": name_of(known // 2),
        "the last page": name_of(known - PAGE - 1),
    }
    found: dict[str, Spread] = {}

    def ask(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as link:
            for place, after in places.items():
                took = [_milliseconds(partial(_page, link, after)) for _ in range(ROUNDS)]
                found[place] = Spread.of(took)

    _start(folder, ask)
    return found


def _start(folder: Path, meanwhile: Callable[[int], None] | None = None) -> tuple[float, int]:
    """Seconds until a server listens, and its port; it is killed, so that the next finds the same
    clients awaited.
    """
    log = folder / "server.log"
    began = time.perf_counter()
    with log.open("w") as output:
        command = [str(LASTSEEN_SERVER), "--config", str(folder / "config.toml")]
        server = subprocess.Popen(command, stderr=output, env=os.environ | {"LC_ALL": "C.UTF-8"})
    try:
        port = _wait(log, server)
        took = time.perf_counter() - began
        if meanwhile is not None:
            meanwhile(port)
        return took, port
    finally:
        server.kill()
        server.wait()


def _wait(log: Path, server: subprocess.Popen[bytes]) -> int:
    while server.poll() is None:
        for line in log.read_text().splitlines():
            if '"event": "listening"' in line and line.endswith("}"):
                return int(line.partition("127.0.0.1:")[2].partition('"')[0])
        time.sleep(0.005)
    raise BenchmarkError(f"the server ended: {log.read_text()[-500:]}")


def _page(link: socket.socket, after: str | None) -> None:
    link.sendall(to_frame(List(status="all", limit=PAGE, after=after)))
    length = int.from_bytes(_exactly(link, HEADER), "big")
    answer = from_server.decode(_exactly(link, length))
    if not getattr(answer, "clients", None):
        raise BenchmarkError(f"expected a page of clients, got {answer!r}")


def _exactly(link: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += link.recv(size - len(data))
    return data


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3
