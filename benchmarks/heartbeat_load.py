"""A server's own pings, answered at once by every WebSocket, as a browser does."""

import os
import select
import time

from benchmarks.crowd import BATCH, Crowd, watching
from benchmarks.errors import LoadError
from benchmarks.measure import cpu_seconds
from benchmarks.web_wires import from_client, pongs_to
from benchmarks.wires import Wire
from websockets.frames import Opcode

OPENED_AT_ONCE = 200
"""Connections opened between two looks at who of the earlier ones was asked."""

UNASKED = from_client(Opcode.PONG, b"")
"""A pong for the ping that may have come with the welcome, and was read with it."""


def open_answering(crowd: Crowd, wire: Wire, count: int) -> select.epoll:
    """Open so many registered clients; those already there answer pings meanwhile.

    Returns: all of them, as `watching` does.
    """
    poll = watching([])
    for first in range(0, count, OPENED_AT_ONCE):
        numbers = range(first, min(first + OPENED_AT_ONCE, count))
        for fd in crowd.open([wire.client(number) for number in numbers], wire.welcomed):
            os.write(fd, UNASKED)
            poll.register(fd, select.EPOLLIN | select.EPOLLET)
        _answer(poll, time.monotonic())
    return poll


def be_asked(poll: select.epoll, pid: int, warm_up: float, seconds: float) -> dict[str, float]:
    """Answer pings for so many seconds, after a warm-up.

    Returns: `pongs` sent, the `seconds` it took, and the server's `cpu` seconds meanwhile.

    Raises:
        LoadError: The server asked nobody.
        ConnectionError: It said something else, or closed a connection.
    """
    _answer(poll, time.monotonic() + warm_up)
    cpu, began = cpu_seconds(pid), time.monotonic()
    pongs = _answer(poll, began + seconds)
    took, cpu = time.monotonic() - began, cpu_seconds(pid) - cpu
    poll.close()
    if not pongs:
        raise LoadError(f"the server pinged nobody for {seconds:g} s")
    return {"pongs": pongs, "seconds": took, "cpu": cpu}


def _answer(poll: select.epoll, end: float) -> int:
    """Answer pings until `end`, and those that have come in any case. Returns how many."""
    pongs = 0
    while events := poll.poll(max(0.0, end - time.monotonic()), BATCH):
        for fd, _ in events:
            data = os.read(fd, 4096)
            if not data:
                raise ConnectionResetError("the server closed a connection")
            os.write(fd, pongs_to(data))
            pongs += 1
    return pongs
