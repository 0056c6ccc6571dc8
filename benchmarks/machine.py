"""The machine and the versions that the figures are of."""

import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks import cores
from benchmarks.web_peers import ws_version

from lastseen.shared.version import VERSION

LIBRARIES = ("trio", "msgspec", "websockets")


def description() -> dict[str, str]:
    """What someone needs to know to compare these figures with their own."""
    return {
        "CPU": f"{_cpu_model()}, {len(cores.available())} cores used",
        "kernel": platform.release(),
        # And whose it is: with a profile of real work or without one makes a difference.
        "Python": f"{platform.python_version()}, {Path(sys.executable).resolve()}",
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        "lastseen": VERSION,
        "mosquitto": _first_number(["mosquitto", "-h"]),
        "nats-server": _first_number(["nats-server", "--version"]),
        "node": _first_number(["node", "--version"]),
        "npm ws": ws_version() or "not installed",
        "C compiler": _first_number(["cc", "-dumpfullversion"]),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _first_number(command: list[str]) -> str:
    try:
        said = subprocess.run(command, capture_output=True, text=True).stdout
    except FileNotFoundError:
        return "not installed"
    match = re.search(r"\d+(\.\d+)+", said)
    return match[0] if match else "unknown"
