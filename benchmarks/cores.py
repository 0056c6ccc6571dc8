"""Which core runs what: the server alone on one, the load on another; neither slows the other."""

import os
from pathlib import Path


def available() -> list[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


SERVER, LOAD = available()[-1], available()[0]
"""With a single core both are the same, and the figures mean little: the report says so."""


def pinned_to(core: int, command: list[str]) -> list[str]:
    """The command line that runs `command`, with all the threads it will ever have, on one core."""
    return ["taskset", "--cpu-list", str(core), *command]


def idle_seconds(core: int) -> float:
    """How long a core has had nothing to do since the machine started; in steps of 10 ms."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            return int(ticks[3]) / os.sysconf("SC_CLK_TCK")
    raise RuntimeError(f"/proc/stat has no line `cpu{core}`")
