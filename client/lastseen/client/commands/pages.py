"""What comes one by one, printed page by page: a table or an array of any length is streamed."""

from collections.abc import AsyncIterator, Iterable
from typing import Any, TypeVar

from lastseen.client.commands.output import to_json
from lastseen.client.commands.terminal import say

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
