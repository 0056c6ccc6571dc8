"""A figure of what was sampled: a panel for each series, in SVG, written by hand. Pure."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise

from benchmarks.soak.verdict import Judgement, Points, warm_up

COLUMNS = 3
WIDTH, HEIGHT = 300, 130
"""Of a panel, with its margins."""

LEFT, RIGHT, TOP, BOTTOM = 52, 12, 30, 24

STYLE = (
    "text{font:11px system-ui,sans-serif;fill:#444}.name{font-weight:600;fill:#111}"
    ".axis{stroke:#bbb;fill:none}.line{stroke:#1f6feb;fill:none;stroke-width:1.2}"
    ".warm{fill:#eee}.grows .line{stroke:#c62828}.grows .name{fill:#c62828}"
)

Drawn = Sequence[tuple[Judgement, Points]]


def draw(title: str, drawn: Drawn, whole: float) -> str:
    """An SVG document; the time that was not judged is grey, what grows is red."""
    rows = -(-len(drawn) // COLUMNS)
    width, height = COLUMNS * WIDTH, rows * HEIGHT + TOP
    panels = [
        f'<g transform="translate({index % COLUMNS * WIDTH},{index // COLUMNS * HEIGHT + TOP})"'
        f"{' class=' + chr(34) + 'grows' + chr(34) if judgement.grows else ''}>"
        f"{_panel(judgement, points, whole)}</g>"
        for index, (judgement, points) in enumerate(drawn)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
            f'<style>{STYLE}</style><rect width="100%" height="100%" fill="#fff"/>',
            f'<text class="name" x="12" y="20">{escape(title)}</text>',
            *panels,
            "</svg>\n",
        ]
    )


def _panel(judgement: Judgement, points: Points, whole: float) -> str:
    top = max((value for _, value in points), default=0) * 1.1 or 1.0
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    series = judgement.series

    def x(seconds: float) -> float:
        return LEFT + (right - LEFT) * min(seconds / whole, 1)

    def y(value: float) -> float:
        return bottom - (bottom - TOP) * max(value, 0) / top

    unit = f" ({series.unit})" if series.unit else ""
    said = f"{judgement.gained:+.3g}, allowed {judgement.allowed:.3g}" if series.judged else ""
    warm = x(warm_up(whole)) - LEFT
    return "".join(
        [
            f'<rect class="warm" x="{LEFT}" y="{TOP}" width="{warm:.1f}" height="{bottom - TOP}"/>',
            f'<text class="name" x="{LEFT}" y="12">{escape(series.name + unit)}</text>',
            f'<text x="{LEFT}" y="25">{said}</text>',
            f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>',
            f'<text x="{LEFT - 4}" y="{TOP + 8}" text-anchor="end">{top:.3g}</text>',
            f'<text x="{LEFT - 4}" y="{bottom}" text-anchor="end">0</text>',
            f'<text x="{right}" y="{bottom + 14}" text-anchor="end">{whole / 60:.3g} min</text>',
            *_line([(x(seconds), y(value)) for seconds, value in points]),
        ]
    )


def _line(points: Sequence[tuple[float, float]]) -> list[str]:
    if not list(pairwise(points)):
        return []
    path = "L".join(f"{across:.1f} {down:.1f}" for across, down in points)
    return [f'<path class="line" d="M{path}"/>']
