"""Looking on from a command: the observer, or the reason why there is none."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lastseen.client import Event, Observer


@asynccontextmanager
async def observing(
    server: str, on_event: "Callable[[Event], None] | None" = None
) -> AsyncIterator["Observer"]:
    """`observe`, imported when it is needed.

    Raises:
        ConnectFailed: There is no link, and why: told before the first request could only say
            that there is none.
    """
    import trio

    from lastseen.client import observe

    async with observe(server, on_event=on_event) as observer:
        # Where the first attempt failed, this block is cancelled already: a checkpoint notices.
        await trio.lowlevel.checkpoint()
        yield observer
