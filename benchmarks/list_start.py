"""What `lastseen list` costs from start to output: CPU time of the whole command."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.driver import load_on
from benchmarks.errors import BenchmarkError
from benchmarks.figures import OURS, Figure, Limit
from benchmarks.measure import Spread
from benchmarks.peers import LASTSEEN
from benchmarks.run import Bench

COMMAND = Path(sys.executable).parent / "lastseen"
CLIENTS = 10
ROUNDS = 7


def run(bench: Bench) -> list[Figure]:
    """CPU seconds of `lastseen list` beside a server that knows a few clients."""
    if not COMMAND.exists():
        bench.fail(f"{COMMAND.name} is not installed beside {sys.executable}")
        return []
    with LASTSEEN.running() as server, load_on(server) as load:
        load.do("connect", count=CLIENTS)
        _list(server.port)  # compiles what has never been imported
        took = [_list(server.port) for _ in range(ROUNDS)]
    return [Figure("`lastseen list`, CPU", "s", {OURS: Spread.of(took)}, (Limit(0.35),))]


def _list(port: int) -> float:
    process = subprocess.Popen(
        [COMMAND, "list", "--server", f"127.0.0.1:{port}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or b"client-00001" not in output:
        raise BenchmarkError(
            f"`lastseen list` exited {process.returncode}: {output.decode()[-500:]}"
        )
    return usage.ru_utime + usage.ru_stime
