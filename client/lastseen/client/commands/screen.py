"""The picture that `lastseen watch` paints on a terminal: as many rows as fit, in pages. Pure."""

from datetime import datetime

from lastseen.client.commands.board import Board
from lastseen.client.commands.columns import Cell, Layout, cell_width, fitted
from lastseen.client.commands.output import clock
from lastseen.client.commands.records import COLUMNS, row, summary

Line = list[Cell]

_AROUND = 4
"""Lines that are not rows: the count, the banner or an empty line, the heading, the pages."""

_FORWARD = (" ", "n", "\x1b[6~", "\x1b[C", "\x1b[B", "j")  # also Page Down, right, down
_BACK = ("b", "p", "\x1b[5~", "\x1b[D", "\x1b[A", "k")  # also Page Up, left, up


class Screen:
    """Where the person is looking: the page of the board that is shown.

    Attributes:
        banner: What is wrong now, such as a lost link; empty where all is well.
    """

    def __init__(self, server: str) -> None:
        self.banner = "connecting…"
        self._server = server
        self._page = 0
        self._width = 0
        self._layout = Layout(COLUMNS)

    def press(self, key: str) -> bool:
        """Take in a key (or the escape sequence of one); whether it means to end."""
        if key in _FORWARD:
            self._page += 1  # `paint` knows where the last page is
        elif key in _BACK:
            self._page = max(0, self._page - 1)
        return key == "q"

    def paint(self, board: Board, now: datetime, *, width: int, height: int) -> list[Line]:
        """At most `height` lines of at most `width` cells, as things stand at `now`."""
        if width != self._width:
            # Otherwise the widths only grow, so that the columns stand still while times count on.
            self._layout, self._width = Layout(COLUMNS, width=width), width
        everyone = board.in_order()
        fit = max(1, height - _AROUND)
        pages = max(1, -(-len(everyone) // fit))
        self._page = min(self._page, pages - 1)
        start = self._page * fit
        rows = [row(record, now) for record in everyone[start : start + fit]]
        self._layout.take(rows)
        lines = [self._title(board, now, width), self._warning(width)]
        if rows:
            lines.append(self._layout.heading())
        lines += [self._layout.line(cells) for cells in rows]
        if pages > 1:
            lines.append([Cell(self._pages(start, len(rows), len(everyone), pages), "dim")])
        return lines[:height]

    def _title(self, board: Board, now: datetime, width: int) -> Line:
        title, time = f"{self._server}: {summary(board.counts())}", clock(now)
        room = width - cell_width(time) - 1
        return [Cell(fitted(title, room) if room > 0 else title, "bold"), Cell(" " + time)]

    def _warning(self, width: int) -> Line:
        if not self.banner:
            return []
        return [Cell(fitted(f" {self.banner}", width), "black on yellow")]

    def _pages(self, start: int, shown: int, total: int, pages: int) -> str:
        return (
            f"{start + 1} to {start + shown} of {total}, page {self._page + 1} of {pages}"
            "  (space: next, b: back, q: quit)"
        )
