"""`python -m benchmarks [NAME…] [--quick] [--json FILE]`, from the top of the repository.

Prints a report in Markdown; what happens meanwhile goes to standard error. Exits 0 when everything
could be measured (even where a requirement is missed: the report says so), 1 when something could
not, 2 for usage.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from benchmarks import (
    cores,
    deliveries,
    detection,
    fan_out,
    idle_memory,
    keeper_flush,
    list_start,
    ping_cpu,
    ping_latency,
    reaper_pass,
    registration,
    store_flush,
    store_outbox,
    store_pages,
    store_start,
    web_heartbeat,
    web_memory,
    web_ping,
)
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure
from benchmarks.machine import description
from benchmarks.report import markdown
from benchmarks.run import QUICK, Bench, Scale

Run = Callable[[Bench], list[Figure]]

SECTIONS: dict[str, dict[str, Run]] = {
    "Links": {
        "ping-cpu": ping_cpu.run,
        "memory": idle_memory.run,
        "registration": registration.run,
        "latency": ping_latency.run,
        "fan-out": fan_out.run,
    },
    "WebSocket": {
        "web-ping": web_ping.run,
        "web-heartbeat": web_heartbeat.run,
        "web-memory": web_memory.run,
    },
    "Detection": {
        "detection": detection.run,
        "reaper": reaper_pass.run,
    },
    "The command": {
        "list-start": list_start.run,
    },
    "The store": {
        "store-flush": store_flush.run,
        "keeper-flush": keeper_flush.run,
        "store-outbox": store_outbox.run,
        "store-pages": store_pages.run,
        "store-start": store_start.run,
    },
    "Notifications": {
        "deliveries": deliveries.run,
    },
}
"""Each section has a table of its own, as the peers differ."""

BENCHMARKS = {name: run for section in SECTIONS.values() for name, run in section.items()}

SPARE_FILES = 200
"""Open files that a server needs besides its clients' connections."""


def main() -> int:
    """Run what was asked for."""
    parser = _parser()
    arguments = parser.parse_args()
    names = arguments.names or list(BENCHMARKS)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    scale = QUICK if arguments.quick else Scale()
    if complaint := _too_few_files(scale.idle_clients + SPARE_FILES):
        print(complaint, file=sys.stderr)
        return 1
    bench = Bench(scale)
    _remark_on_circumstances(bench)
    sections = {title: _figures(bench, names, runs) for title, runs in SECTIONS.items()}
    machine = description()
    print(markdown(sections, machine, bench.remarks))
    if arguments.json:
        figures = [figure for section in sections.values() for figure in section]
        document = {"machine": machine, "figures": figures, "remarks": bench.remarks}
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode(document)))
    return 1 if bench.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="fewer, shorter: rough figures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser


def _figures(bench: Bench, names: list[str], runs: dict[str, Run]) -> list[Figure]:
    """What those benchmarks of one section find that were asked for."""
    figures = []
    for name in [name for name in runs if name in names]:
        began = time.monotonic()
        print(f"{name} …", file=sys.stderr)
        try:
            figures += runs[name](bench)
        except BenchmarkError as error:
            bench.fail(f"{name} could not be measured: {error}")
        print(f"  {time.monotonic() - began:.0f} s", file=sys.stderr)
    return figures


def _too_few_files(needed: int) -> str | None:
    """Raise the limit of open files, for us and the servers, as far as needed; or say why not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    if hard < needed:
        return f"open files: a process may have {hard} here, the benchmarks need {needed}"
    return None


def _remark_on_circumstances(bench: Bench) -> None:
    if cores.SERVER == cores.LOAD:
        bench.remark("server and load share the only core: rates and delays are of both together")
    bench.remark(
        "each server, nats-server and its threads too, is held to one core; the load has another"
    )


if __name__ == "__main__":
    sys.exit(main())
