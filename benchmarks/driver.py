"""Our end of the load process: one call for each of its commands."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from benchmarks import cores
from benchmarks.errors import LoadError
from benchmarks.peers import Running


class Driver:
    """A running load process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def do(self, command: str, **arguments: Any) -> dict[str, float]:
        """Have the load carry out one command of `load.Load`, and wait for what it found.

        Raises:
            LoadError: The server refused, closed or fell silent.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise TypeError("the load process was started without pipes")
        stdin.write(msgspec.json.encode({"do": command, **arguments}) + b"\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise LoadError(f"{command}: the load process ended")
        answer = msgspec.json.decode(line, type=dict[str, Any])
        if "failed" in answer:
            raise LoadError(str(answer["failed"]))
        return answer


@contextmanager
def load_on(server: Running) -> Iterator[Driver]:
    """A load process for one running server, on a core of its own."""
    arguments = [server.wire, str(server.port), str(server.pid)]
    process = subprocess.Popen(
        cores.pinned_to(cores.LOAD, [sys.executable, "-m", "benchmarks.load", *arguments]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parent.parent,
    )
    try:
        yield Driver(process)
    finally:
        process.kill()
        process.wait()
