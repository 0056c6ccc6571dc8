"""Requests that wait for their answers, matched by `request_id`."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import trio

from lastseen.shared.messages import Answer


class Reply:
    """A place for one answer.

    Attributes:
        number: The `request_id` that the request bears.
        answer: What came; None while nothing has, or when the link ended first.
        arrived: Set when either has happened.
    """

    __slots__ = ("answer", "arrived", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.answer: Answer | None = None
        self.arrived = trio.Event()


class Replies:
    """All requests of one link that are in flight."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._waiting: dict[int, Reply] = {}

    def number(self) -> int:
        """A `request_id` that nobody has used on this link."""
        return next(self._numbers)

    @contextmanager
    def expect(self) -> Iterator[Reply]:
        """A place for an answer, as long as the block runs; one that comes later is nobody's."""
        reply = Reply(self.number())
        self._waiting[reply.number] = reply
        try:
            yield reply
        finally:
            del self._waiting[reply.number]

    def take(self, answer: Answer) -> bool:
        """Give an answer to who waits for it; whether there was anybody."""
        reply = self._waiting.get(answer.request_id) if answer.request_id is not None else None
        if reply is None:
            return False
        reply.answer = answer
        reply.arrived.set()
        return True

    def wake(self) -> None:
        """Let nobody wait any longer: no answer will come."""
        for reply in self._waiting.values():
            reply.arrived.set()
