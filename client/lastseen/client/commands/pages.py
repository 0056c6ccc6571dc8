"""What comes one by one, printed page by page: a table or an array of any length is streamed."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from lastseen.client.commands.columns import Cell, Column, Layout
from lastseen.client.commands.output import to_json, utc_now
from lastseen.client.commands.terminal import remark, say, say_rows, width

PAGE = 500
"""Rows that are laid out and printed at once: as many as the server sends in a page."""

T = TypeVar("T")


async def batches(items: AsyncIterator[T], size: int) -> AsyncIterator[list[T]]:
    """The same items, `size` at a time; the last batch may be shorter."""
    batch: list[T] = []
    async for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


class JsonArray:
    """One JSON array, an element a line, printed as its elements come."""

    def __init__(self) -> None:
        self._empty = True

    def say(self, elements: Iterable[dict[str, Any]]) -> None:
        """Print some more elements."""
        lines = ",\n".join(map(to_json, elements))
        if lines:
            say(f"[{lines}" if self._empty else f",\n{lines}")
            self._empty = False

    def end(self) -> None:
        """Print the end."""
        say("[]" if self._empty else "]")


class Table:
    """Rows under a heading, laid out and printed as they come."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._layout = Layout(columns, width=width())

    @property
    def empty(self) -> bool:
        """Whether nothing has been printed yet."""
        return not self._layout.columns

    def say(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Print some more, under a heading where there is none yet or where columns appeared."""
        heading = [self._layout.heading()] if self._layout.take(rows) else []
        say_rows(heading + [self._layout.line(cells) for cells in rows])


async def say_array(pages: AsyncIterator[list[T]], to_dict: Callable[[T], dict[str, Any]]) -> None:
    """Print everything as one JSON array."""
    array = JsonArray()
    async for page in pages:
        array.say(map(to_dict, page))
    array.end()


async def say_table(
    pages: AsyncIterator[list[T]],
    columns: Sequence[Column],
    row: Callable[[T, datetime], Sequence[Cell]],
    nothing: str,
) -> None:
    """Print everything as one table, a row each; the remark `nothing` where there is nothing."""
    table = Table(columns)
    async for page in pages:
        now = utc_now()
        table.say([row(item, now) for item in page])
    if table.empty:
        remark(nothing)
