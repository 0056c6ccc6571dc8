"""The machine and the versions that the figures are of."""

import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks import cores

from lastseen.shared.version import VERSION


def description() -> dict[str, str]:
    """What someone needs to know to compare these figures with their own."""
    return {
        "CPU": f"{_cpu_model()}, {len(cores.available())} cores used",
        "kernel": platform.release(),
        "Python": platform.python_version(),
        "libraries": f"trio {version('trio')}, msgspec {version('msgspec')}",
        "lastseen": VERSION,
        "mosquitto": _first_number(["mosquitto", "-h"]),
        "nats-server": _first_number(["nats-server", "--version"]),
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
