"""The store blocks: every call of it is made in a worker thread, where nobody waits for it."""

from collections.abc import Awaitable, Callable
from typing import Any

import trio

InThread = Callable[..., Awaitable[Any]]
"""Makes a call somewhere else: `await in_thread(store.record, events)`."""


async def in_thread(call: Callable[..., Any], *what: Any) -> Any:  # noqa: ANN401 - handed on
    """Call it in a worker thread. Who is cancelled leaves the thread behind: a database that does
    not answer must not hold up a shutdown.
    """
    return await trio.to_thread.run_sync(call, *what, abandon_on_cancel=True)
