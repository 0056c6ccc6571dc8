"""Figures as Markdown that can go into docs/performance.md as it is."""

from collections.abc import Iterable

from benchmarks.figures import OURS, Figure, verdicts

_DIGITS = 3
"""Significant digits: more than the spread of any of these figures deserves."""


_TIMES = "\N{MULTIPLICATION SIGN}"

HOW_TO_READ = (
    f"Each: median (lowest-highest). Of a peer also {OURS}'s median divided by the peer's, "
    f"as 0.5{_TIMES}."
)


def markdown(sections: dict[str, list[Figure]], machine: dict[str, str], remarks: list[str]) -> str:
    """The whole report: the machine, the figures of each section by its title, what is required,
    and what to know of them.
    """
    found = {title: figures for title, figures in sections.items() if figures}
    everything = [figure for figures in found.values() for figure in figures]
    parts = [
        "\n".join(f"- {what}: {value}" for what, value in machine.items()),
        HOW_TO_READ,
        *(f"## {title}\n\n{_table_of(figures)}" for title, figures in found.items()),
        _requirements(everything),
        "\n".join(f"- {remark}" for remark in remarks),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table_of(figures: list[Figure]) -> str:
    peers = list(dict.fromkeys(peer for figure in figures for peer in figure.values))
    rows = [
        [f"{figure.quantity} ({figure.unit})", *(_cell(figure, peer) for peer in peers)]
        for figure in figures
    ]
    return _table(["", *peers], rows)


def _requirements(figures: list[Figure]) -> str:
    rows = [
        [
            verdict.quantity,
            verdict.beside,
            f"≤ {number(verdict.most)} {verdict.unit}",
            f"{number(verdict.measured)} {verdict.unit}",
            "met" if verdict.met else f"**missed by {verdict.measured / verdict.most - 1:.0%}**",
        ]
        for figure in figures
        for verdict in verdicts(figure)
    ]
    table = _table(["required of lastseen", "beside", "at most", "measured", ""], rows)
    return f"## What was required, and what came out\n\n{table}" if rows else ""


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(figure: Figure, peer: str) -> str:
    """A spread, and how ours compares with it."""
    spread = figure.values.get(peer)
    if spread is None:
        return "-"
    cell = number(spread.median)
    if spread.low != spread.high:
        cell += f" ({number(spread.low)}-{number(spread.high)})"
    ratio = figure.ratio(peer)
    return cell if ratio is None else f"{cell}, {number(ratio)}{_TIMES}"


def number(value: float) -> str:
    """A value with three significant digits, and commas between thousands."""
    rounded = float(f"{value:.{_DIGITS}g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"
