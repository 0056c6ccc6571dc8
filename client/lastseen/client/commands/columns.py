"""Rows of cells laid out in columns, page by page. Pure.

rich's Table must see every row before it prints the first, and takes 0.75 ms a row of eight cells
(measured: 7.5 s for 10,000 clients). Here a page's rows decide the widths, which only grow from
page to page: a line takes a fifth of that, and a list of any length can be streamed.
"""

from collections.abc import Sequence
from typing import NamedTuple

GAP = "  "


class Cell(NamedTuple):
    """A text, which must be `safe` already, and a rich style."""

    text: str
    style: str = ""


class Column(NamedTuple):
    """A heading, and what a terminal that is too narrow may do to the column.

    Attributes:
        narrowest: How many cells it may be cut to; 0: it is never cut.
        rank: Columns of the highest rank are left out first; those of rank 0 never.
    """

    heading: str
    narrowest: int = 0
    rank: int = 0


class Layout:
    """The widths, in terminal cells, of the columns of a table that grows.

    Attributes:
        columns: Those that are shown, by their index: with something in them, and room for them.
    """

    def __init__(self, columns: Sequence[Column], *, width: int | None = None) -> None:
        """`width` is that of the terminal, None where lines may be as long as they like."""
        self._all = columns
        self._width = width
        self._needed = [0] * len(columns)
        self._widths: list[int] = []
        self.columns: list[int] = []

    def take(self, rows: Sequence[Sequence[Cell]]) -> bool:
        """Make room for these rows; whether columns appeared, so that a heading must be printed."""
        for row in rows:
            for index, cell in enumerate(row):
                if cell.text:
                    heading = self._all[index].heading
                    self._needed[index] = max(
                        self._needed[index], cell_width(cell.text), cell_width(heading)
                    )
        before, self.columns = self.columns, self._with_room()
        self._widths = self._shrunk()
        return self.columns != before

    def heading(self) -> list[Cell]:
        """The line above the rows."""
        return self.line([Cell(column.heading, "bold") for column in self._all])

    def line(self, row: Sequence[Cell]) -> list[Cell]:
        """The row's cells, cut or padded to their columns and with gaps between them."""
        cells: list[Cell] = []
        for index, width in zip(self.columns, self._widths, strict=True):
            cells += (Cell(fitted(row[index].text, width), row[index].style), Cell(GAP))
        while cells and not cells[-1].text.strip():
            cells.pop()
        if cells:
            cells[-1] = Cell(cells[-1].text.rstrip(), cells[-1].style)
        return cells

    def _with_room(self) -> list[int]:
        """The columns with something in them, but those that no shrinking makes room for."""
        shown = [index for index, needed in enumerate(self._needed) if needed]
        while self._excess([self._least(index) for index in shown]) > 0:
            last = max(shown, key=lambda index: self._all[index].rank)
            if self._all[last].rank == 0:
                break
            shown.remove(last)
        return shown

    def _shrunk(self) -> list[int]:
        """What each needs, less what the widest ones can give where that is too much."""
        least = [self._least(index) for index in self.columns]
        widths = [self._needed[index] for index in self.columns]
        for _ in range(self._excess(widths)):
            giving = [k for k, width in enumerate(widths) if width > least[k]]
            if not giving:
                break
            widths[max(giving, key=widths.__getitem__)] -= 1
        return widths

    def _least(self, index: int) -> int:
        needed, narrowest = self._needed[index], self._all[index].narrowest
        return min(needed, narrowest) if narrowest else needed

    def _excess(self, widths: Sequence[int]) -> int:
        """By how many cells a line of these widths is too long."""
        if self._width is None or not widths:
            return 0
        return sum(widths) + len(GAP) * (len(widths) - 1) - self._width


def cell_width(text: str) -> int:
    """How many cells of a terminal the text takes: wide characters take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def fitted(text: str, width: int) -> str:
    """`text` in exactly `width` cells: padded, or cut with an ellipsis."""
    taken = cell_width(text)
    if taken <= width:
        return text + " " * (width - taken)
    return cut(text, width - 1) + "…"


def cut(text: str, width: int) -> str:
    """`text` cut or padded to exactly `width` cells, half a wide character replaced by a space."""
    if text.isascii():
        return text[:width].ljust(width)
    from rich.cells import set_cell_size

    return set_cell_size(text, width)
