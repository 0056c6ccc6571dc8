"""Clients that all say goodbye, and one that pings on until what is told of them has arrived."""

import os
import select
import time
from typing import IO

from benchmarks.errors import LoadError
from benchmarks.wires import LASTSEEN

from lastseen.shared.messages import Leave
from lastseen.shared.wire import to_frame

PAUSE = 0.002
"""Seconds between two pings: often enough to meet each stall, and a small load."""

AT_ONCE = 100
"""Goodbyes between two pings: so many are written in less than a millisecond."""

GOODBYE = to_frame(Leave())


def say_goodbye(leaving: list[int], bystander: int, ended: IO[bytes], within: float) -> list[float]:
    """Have clients leave, as fast as that goes, and ping until `ended` can be read.

    Returns: how long each ping took, in seconds.

    Raises:
        LoadError: That was not within so many seconds.
    """
    deadline = time.monotonic() + within
    waiting, waits = list(leaving), []
    while not select.select([ended], [], [], 0 if waiting else PAUSE)[0]:
        if time.monotonic() > deadline:
            raise LoadError(f"not everything was told within {within:g} s")
        for fd in waiting[:AT_ONCE]:
            os.write(fd, GOODBYE)
        del waiting[:AT_ONCE]
        waits.append(_ping(bystander))
    return waits


def _ping(fd: int) -> float:
    began = time.perf_counter()
    os.write(fd, LASTSEEN.ping)
    select.select([fd], [], [])
    if os.read(fd, 64) != LASTSEEN.pong:
        raise LoadError("expected one pong")
    return time.perf_counter() - began
