"""What a process has used, asked of the kernel from outside, and what several runs of it say."""

import statistics
import time
from pathlib import Path

from msgspec import Struct

_PROCESS_CPU_CLOCK = 2  # CPUCLOCK_SCHED of the kernel: see clock_getcpuclockid(3)


def cpu_seconds(pid: int) -> float:
    """CPU time, user and system, of all threads of a process so far. Exact to the nanosecond.

    Raises:
        OSError: There is no such process.
    """
    return time.clock_gettime((~pid << 3) | _PROCESS_CPU_CLOCK)


def resident_bytes(pid: int) -> int:
    """Memory that a process holds; what the kernel holds for its sockets is not in it."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/{pid}/smaps_rollup has no line `Rss:`")


class Spread(Struct, frozen=True):
    """Several measurements of one thing: the middle one, and how far they lie apart."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        """The spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
