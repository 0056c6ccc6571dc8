"""Figures as Markdown that can go into docs/performance.md as it is."""

from collections.abc import Iterable

from benchmarks.figures import Figure, verdicts
from benchmarks.measure import Spread

_DIGITS = 3
"""Significant digits: more than the spread of any of these figures deserves."""


def markdown(figures: list[Figure], machine: dict[str, str], remarks: list[str]) -> str:
    """The whole report: the machine, the figures, what is required, and what to know of them."""
    parts = [
        "\n".join(f"- {what}: {value}" for what, value in machine.items()),
        _table_of(figures),
        _table_of_verdicts(figures),
        "\n".join(f"- {remark}" for remark in remarks),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table_of(figures: list[Figure]) -> str:
    peers = list(dict.fromkeys(peer for figure in figures for peer in figure.values))
    rows = [
        [f"{figure.quantity} ({figure.unit})", *(_cell(figure.values.get(peer)) for peer in peers)]
        for figure in figures
    ]
    return _table(["median (lowest-highest)", *peers], rows)


def _table_of_verdicts(figures: list[Figure]) -> str:
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
    return (
        _table(["required of lastseen", "beside", "at most", "measured", ""], rows) if rows else ""
    )


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(spread: Spread | None) -> str:
    if spread is None:
        return "-"
    if spread.low == spread.high:
        return number(spread.median)
    return f"{number(spread.median)} ({number(spread.low)}-{number(spread.high)})"


def number(value: float) -> str:
    """A value with three significant digits, and commas between thousands."""
    rounded = float(f"{value:.{_DIGITS}g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"
