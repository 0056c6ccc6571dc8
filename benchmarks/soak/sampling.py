"""What is sampled of a server from outside: of its process, its metrics and its database."""

import sqlite3
import time
import urllib.request
from contextlib import closing
from pathlib import Path

from benchmarks.measure import cpu_seconds, resident_bytes
from prometheus_client.parser import text_string_to_metric_families

MEGABYTE = 2**20

METRICS = {
    "lastseen_tasks": "tasks",
    "lastseen_connections": "connections",
    "lastseen_streams": "event streams",
    "lastseen_store_queue": "transitions not written yet",
    "lastseen_held_sessions": "held after a mass loss",
    "lastseen_reaper_lateness_seconds": "reaper's lateness",
    "lastseen_reaper_duration_seconds": "reaper's pass",
    "lastseen_stalls_total": "stalls",
}
"""What is read of `/metrics`, and as what it is sampled."""

Values = dict[str, float]


class Sampler:
    """Looks at one server."""

    def __init__(self, pid: int, http_port: int, database: Path) -> None:
        self._process = Path(f"/proc/{pid}")
        self._pid = pid
        self._metrics = f"http://127.0.0.1:{http_port}/metrics"
        self._database = database
        self._cpu, self._looked = cpu_seconds(pid), time.monotonic()

    def look(self) -> Values:
        """Everything, now."""
        return self._of_the_process() | self._of_the_metrics() | self._of_the_database()

    def _of_the_process(self) -> Values:
        cpu, now = cpu_seconds(self._pid), time.monotonic()
        used = (cpu - self._cpu) / max(now - self._looked, 0.001)
        self._cpu, self._looked = cpu, now
        return {
            "memory": resident_bytes(self._pid) / MEGABYTE,
            "open files": len(list((self._process / "fd").iterdir())),
            "threads": len(list((self._process / "task").iterdir())),
            "CPU": 100 * used,
        }

    def _of_the_metrics(self) -> Values:
        with urllib.request.urlopen(self._metrics, timeout=60) as answer:  # noqa: S310 - loopback
            text = answer.read().decode()
        found: Values = {}
        clients = 0.0
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name in METRICS:
                    found[METRICS[sample.name]] = sample.value
                elif sample.name == "lastseen_clients":
                    clients += sample.value
        return found | {"clients present": clients}

    def _of_the_database(self) -> Values:
        with closing(sqlite3.connect(self._database, timeout=60)) as connection:
            query = "SELECT count(*) FROM deliveries WHERE state = 'pending'"
            (pending,) = connection.execute(query).fetchone()
        return {"deliveries pending": pending}
