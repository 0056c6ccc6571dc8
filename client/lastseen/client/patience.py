"""Waiting with a deadline, and doubting oneself first.

A process that was stopped or swapped out finds its deadlines past and the answer lying unread. The
lateness was its own, so it looks once more before it blames the server.
"""

import trio

from lastseen.client.errors import LinkLost

OWN_STALL = 1.0
"""Seconds by which we may wake late and still trust the deadline: a busy machine needs less."""


async def patiently(event: trio.Event, deadline: float, what: str) -> None:
    """Wait until `event` is set.

    Raises:
        LinkLost: `deadline` seconds have passed in which this process could have noticed.
    """
    while not event.is_set():
        give_up = trio.current_time() + deadline
        with trio.move_on_at(give_up):
            await event.wait()
        if not event.is_set() and trio.current_time() - give_up < OWN_STALL:
            raise LinkLost(f"no {what} within {deadline:g} s")
