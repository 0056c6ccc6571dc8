"""`python -m benchmarks.soak MINUTES [--clients N] [--figure FILE] [--json FILE]`: does it grow?

Thousands of clients come and go, watchers and a browser look on, notifications are sent; what the
server takes is sampled all the while. Prints a verdict in Markdown and writes a figure. Exits 0 if
nothing grows and nothing went wrong, else 1.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import msgspec
from benchmarks.errors import BenchmarkError
from benchmarks.machine import description
from benchmarks.soak.figure import draw
from benchmarks.soak.host import Clients, Host, clients_of, hosted
from benchmarks.soak.load import Crowd
from benchmarks.soak.page import NoPage, Page, open_page
from benchmarks.soak.receiver import Receiver
from benchmarks.soak.sampling import Sampler, Values
from benchmarks.soak.verdict import Judgement, Points, Series, judge

SAMPLES = 360
"""Taken in a long soak: enough for a line; a short one is sampled every two seconds."""

SERIES = [
    Series("memory", "MB", share=0.03, amount=1.0),
    Series("open files", "", share=0.03),
    Series("threads", "", share=0.25, amount=3.0),
    Series("tasks", "", share=0.1, amount=30.0),
    Series("connections", "", share=0.03),
    Series("clients present", "", share=0.03),
    Series("transitions not written yet", "", share=0.2, amount=200),
    Series("deliveries pending", "", amount=10),
    Series("held after a mass loss", "", amount=1),
    Series("event streams", "", amount=1),
    Series("the page's heap", "MB", share=0.1, amount=2.0),
    Series("the page's nodes", "", share=0.05, amount=200),
    Series("ping to pong, 99 %", "ms"),
    Series("ping to pong, median", "ms"),
    Series("reaper's lateness", "s"),
    Series("reaper's pass", "s"),
    Series("stalls", "in all"),
    Series("CPU", "% of a core"),
]
"""All that is shown. The shares are what chance moves in a few minutes: clients come and go."""


class Soak(msgspec.Struct):
    """What was seen so far."""

    samples: list[tuple[float, Values]] = msgspec.field(default_factory=list)
    counts: Counter[str] = msgspec.field(default_factory=Counter)
    wrong: list[str] = msgspec.field(default_factory=list)

    def points(self, name: str) -> Points:
        """One series."""
        return [(at, values[name]) for at, values in self.samples if name in values]


def main() -> int:
    """Run one soak and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("minutes", type=float)
    parser.add_argument("--clients", type=int, default=5_000)
    parser.add_argument("--figure", type=Path, default=Path("soak.svg"))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    whole = arguments.minutes * 60
    try:
        soak = _run(whole, arguments.clients)
    except BenchmarkError as error:
        print(f"soak: {error}", file=sys.stderr)
        return 1
    drawn = [(judge(s, soak.points(s.name), whole), soak.points(s.name)) for s in SERIES]
    drawn = [(judgement, points) for judgement, points in drawn if points]
    title = f"{arguments.clients:,} clients that come and go, {arguments.minutes:g} minutes"
    arguments.figure.write_text(draw(title, drawn, whole))
    if arguments.json:
        arguments.json.write_bytes(msgspec.json.encode(soak))
    judgements = [judgement for judgement, _ in drawn]
    print(_report(title, judgements, soak, arguments.figure))
    return int(bool(soak.wrong) or any(judgement.grows for judgement in judgements))


def _run(whole: float, count: int) -> Soak:
    """Have everyone live for so many seconds.

    Raises:
        BenchmarkError: It could not be done.
    """
    every = max(2.0, whole / SAMPLES)
    with tempfile.TemporaryDirectory(prefix="lastseen-soak-") as folder, Receiver() as receiver:
        with hosted(Path(folder), receiver.url) as host:
            crowd = Crowd(host.tcp_port, host.websocket_port, host.http_port, every, count)
            with open_page(host.page) as page, clients_of(crowd) as clients:
                soak = _watch(host, page, clients, whole, every)
            soak.wrong += [f"the log: {line}" for line in host.complaints()]
        soak.counts["notifications"] = len(receiver.taken)
        soak.counts["notifications sent twice"] = receiver.taken.total() - len(receiver.taken)
        return soak


def _watch(host: Host, page: Page | NoPage, clients: Clients, whole: float, every: float) -> Soak:
    soak, sampler, began = (
        Soak(),
        Sampler(host.pid, host.http_port, host.database),
        time.monotonic(),
    )
    while time.monotonic() < began + whole:
        report = clients.report(within=every * 5 + 60)
        values = sampler.look() | page.look()
        values |= {
            "ping to pong, 99 %": report.p99 * 1000,
            "ping to pong, median": report.p50 * 1000,
        }
        soak.samples.append((time.monotonic() - began, values))
        soak.counts.update(report.counts)
        soak.counts["pings"] += report.pings
        soak.wrong += report.wrong
        _say(soak)
    return soak


def _say(soak: Soak) -> None:
    at, values = soak.samples[-1]
    shown = ("memory", "clients present", "open files", "tasks", "ping to pong, 99 %", "CPU")
    line = ", ".join(f"{name} {values.get(name, 0):.5g}" for name in shown)
    print(f"{at:6.0f} s: {line}; wrong: {soak.counts['wrong']}", file=sys.stderr)


def _report(title: str, judgements: list[Judgement], soak: Soak, figure: Path) -> str:
    grows = [judgement.series.name for judgement in judgements if judgement.grows]
    lines = [f"# Soak: {title}", ""]
    lines += [f"- {name}: {value}" for name, value in description().items()]
    lines += [f"- {name}: {count:,}" for name, count in sorted(soak.counts.items())]
    lines += [
        f"- figure: {figure}",
        "",
        "| | median | gained | allowed | |",
        "|---|---|---|---|---|",
    ]
    lines += [_row(judgement) for judgement in judgements]
    lines += ["", *(f"- wrong: {sentence}" for sentence in soak.wrong[:50])]
    lines += [f"**{', '.join(grows)}: grows.**" if grows else "**Nothing grows.**"]
    if soak.wrong:
        lines += [f"**{len(soak.wrong)} things went wrong.**"]
    return "\n".join(lines)


def _row(judgement: Judgement) -> str:
    series = judgement.series
    name = f"{series.name} ({series.unit})" if series.unit else series.name
    if not series.judged:
        return f"| {name} | {judgement.median:.4g} | | | |"
    verdict = "**grows**" if judgement.grows else "steady"
    gained, allowed = judgement.gained, judgement.allowed
    return f"| {name} | {judgement.median:.4g} | {gained:+.3g} | {allowed:.3g} | {verdict} |"


if __name__ == "__main__":
    sys.exit(main())
