"""Clients that fall silent or whose link is cut, and the watcher who is to hear of it."""

import os
import select
import time
from collections.abc import Iterator

from benchmarks.crowd import PATIENCE, Crowd
from benchmarks.detection_wires import Losing, News
from benchmarks.errors import LoadError
from benchmarks.measure import percentile


class Watcher:
    """A connection that is told who is lost."""

    def __init__(self, crowd: Crowd, losing: Losing) -> None:
        [self._fd] = crowd.open([losing.watcher], losing.watching)
        self._listen = losing.listener()
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def news(self, patience: float) -> Iterator[tuple[News, float]]:
        """What it was told within so many seconds, once something comes; each with the time."""
        if self._poll.poll(patience * 1e3):
            data, at = os.read(self._fd, 65536), time.monotonic()
            if not data:
                raise ConnectionResetError("the server closed the watcher's connection")
            yield from ((news, at) for news in self._listen(data))


def silence(crowd: Crowd, losing: Losing, count: int, over: float) -> dict[str, float]:
    """Clients come one after another, spread over so many seconds, and never say anything more.

    Returns: how many seconds after its deadline each was told to be gone: the `median`, the
    `lowest` and the `highest` of them.

    Raises:
        LoadError: One was not told in time.
    """
    watcher, began = Watcher(crowd, losing), time.monotonic()
    deadlines: dict[str, float] = {}
    lateness: list[float] = []
    while len(lateness) < count:
        now = time.monotonic()
        if len(deadlines) < count and now - began >= len(deadlines) * over / count:
            number = len(deadlines)
            crowd.open([losing.client(number)], losing.welcomed)
            deadlines[f"client-{number:05}"] = now + losing.deadline
        for (client_id, status), at in watcher.news(over / count / 10):
            if status == "gone":
                lateness.append(at - deadlines[client_id])
        if now - began > over + losing.deadline + PATIENCE:
            raise LoadError(f"{count - len(lateness)} silent clients were not told to be gone")
    return _spread(lateness)


def cut(crowd: Crowd, losing: Losing, count: int) -> dict[str, float]:
    """Links are closed without a goodbye, one when the one before has been told.

    Returns: how many seconds later each was told, as late or as gone: the `median`, the `lowest`
    and the `highest` of them.

    Raises:
        LoadError: One was not told in time.
    """
    watcher = Watcher(crowd, losing)
    fds = crowd.open([losing.client(number) for number in range(count)], losing.welcomed)
    took = []
    for number, fd in enumerate(fds):
        began = time.monotonic()
        crowd.close(fd)
        took.append(_told(watcher, f"client-{number:05}") - began)
    return _spread(took)


def _told(watcher: Watcher, client_id: str) -> float:
    """When the watcher was told of this client."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for (told, _), at in watcher.news(PATIENCE):
            if told == client_id:
                return at
    raise LoadError(f"a watcher was not told of {client_id}, whose link was cut")


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": percentile(values, 0.5), "lowest": min(values), "highest": max(values)}
