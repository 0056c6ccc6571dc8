"""Reading for those who look: a few at a time, and counts that are reused for a moment."""

from typing import Any

import pytest
import trio

from lastseen.server.keeping import reading
from lastseen.server.keeping.reading import Reading
from lastseen.server.store.errors import StoreUnavailable


class Slow(Reading):
    """Reads that take their time.

    Attributes:
        counted: How often it was counted.
    """

    def __init__(self, presence: Any) -> None:
        store: Any = None
        super().__init__(store, store, presence)
        self.counted = 0

    def _viewing(self) -> Any:
        return self

    def offline(self) -> Any:  # type: ignore[override] # plays the store's part, too
        self.counted += 1
        return {("rack",): self.counted}


async def test_whoever_asks_meanwhile_waits_for_the_same_count(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "COUNT_INTERVAL", 1000.0)
    slow, found = Slow(None), []

    async def ask() -> None:
        found.append(await Reading.offline(slow))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(ask)
    assert slow.counted == 1
    assert found == [{("rack",): 1}] * 20


async def test_an_old_count_is_made_anew(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "COUNT_INTERVAL", 0.0)
    monkeypatch.setattr(reading, "COUNT_SHARE", 0)
    slow = Slow(None)
    await Reading.offline(slow)
    assert await Reading.offline(slow) == {("rack",): 2}


async def test_more_than_can_wait_are_told_to_try_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "WAITING", 0)
    with pytest.raises(StoreUnavailable, match="waiting for the store already"):
        await Slow(None)._read(lambda: 1)


async def test_a_read_that_fails_leaves_its_place(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "WAITING", 1)
    slow = Slow(None)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await slow._read(lambda: 1 / 0)
    assert await slow._read(lambda: 5) == 5
