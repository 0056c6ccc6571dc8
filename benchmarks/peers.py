"""The servers that are measured: each on a free port of loopback, on one core, gone afterwards."""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import cores
from benchmarks.errors import NotStartedError

START_WITHIN = 15.0
"""Seconds a server has until it accepts connections."""

LASTSEEN_SERVER = Path(sys.executable).parent / "lastseen-server"

# What would refuse or end a connection of the load is out of the way; the rest is the default.
_LASTSEEN_CONFIG = """\
[server]
port = {port}
max_clients = 100000
heartbeat_interval = 60
connection_timeout = 120

[websocket]
enabled = false

[http]
port = 0

[log]
level = "warning"
"""

_MOSQUITTO_CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
max_connections -1
persistence false
log_type error
user root
"""

_NATS_CONFIG = """\
listen: "127.0.0.1:{port}"
max_connections: 100000
ping_interval: "1h"
"""


@dataclass(frozen=True)
class Running:
    """A server that accepts connections."""

    pid: int
    port: int
    wire: str


@dataclass(frozen=True)
class Peer:
    """A kind of server.

    Attributes:
        program: What must be there for it to be measured at all, and
        lacks: what else it lacks here, as words for the report; None: nothing.
        wire: The name of what it speaks, of `wires.WIRES`.
        config: What its configuration file says, with `{port}` to fill in; may be empty.
        command: The command line, from the configuration file and the port.
    """

    name: str
    program: str
    wire: str
    config: str
    command: Callable[[Path, int], list[str]]
    lacks: Callable[[], str | None] = lambda: None

    def missing(self) -> str | None:
        """Why it cannot be started here, as words for the report; None: it can."""
        if shutil.which(self.program) is None:
            return f"{Path(self.program).name} is not installed"
        return self.lacks()

    @contextmanager
    def running(self) -> Iterator[Running]:
        """Start it; it is killed in the end, as it holds nothing worth keeping.

        Raises:
            NotStartedError: It did not accept connections in time; with what it said.
        """
        port = _free_port()
        with tempfile.TemporaryDirectory(prefix="lastseen-bench-") as folder:
            config, log = Path(folder, "config"), Path(folder, "log")
            config.write_text(self.config.format(port=port))
            command = cores.pinned_to(cores.SERVER, self.command(config, port))
            with log.open("wb") as output:
                process = subprocess.Popen(command, stdout=output, stderr=output, cwd=_ROOT)
            try:
                _wait_until_accepting(port, process, log)
                yield Running(process.pid, port, self.wire)
            finally:
                process.kill()
                process.wait()


_FOLDER = Path(__file__).resolve().parent
_ROOT = _FOLDER.parent

LASTSEEN = Peer(
    "lastseen",
    str(LASTSEEN_SERVER),
    "lastseen",
    _LASTSEEN_CONFIG,
    lambda config, _: [str(LASTSEEN_SERVER), "--config", str(config)],
)
PLAIN_TRIO = Peer(
    "plain trio",
    sys.executable,
    "lastseen",
    "",
    lambda _, port: [sys.executable, "-m", "benchmarks.plain_trio_server", str(port)],
)
MOSQUITTO = Peer(
    "mosquitto",
    "mosquitto",
    "mqtt",
    _MOSQUITTO_CONFIG,
    lambda config, _: ["mosquitto", "-c", str(config)],
)
NATS = Peer(
    "nats-server",
    "nats-server",
    "nats",
    _NATS_CONFIG,
    lambda config, _: ["nats-server", "--config", str(config)],
)
FLOOR = Peer("floor", "cc", "echo", "", lambda config, port: [_compiled(config.parent), str(port)])

PEERS = (LASTSEEN, PLAIN_TRIO, MOSQUITTO, NATS)
"""What a user would pick instead. The floor is none of these: it does nothing."""


def _compiled(folder: Path) -> str:
    """The program of the floor, compiled.

    Raises:
        NotStartedError: The compiler does not take it; with what it said.
    """
    program = str(folder / "epoll_echo")
    source = str(_FOLDER / "epoll_echo.c")
    compiler = subprocess.run(["cc", "-O2", "-o", program, source], capture_output=True, text=True)
    if compiler.returncode != 0:
        raise NotStartedError(f"{source} does not compile: {compiler.stderr.strip()}")
    return program


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def _wait_until_accepting(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_WITHIN
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    said = log.read_text(errors="replace").strip().splitlines() or ["nothing"]
    raise NotStartedError(
        f"it does not accept connections on port {port}; it said last: {said[-1]}"
    )
