"""Which event loop runs in this thread, and which part of the library a program needs there."""

import sys
from typing import Literal

import trio


def running_loop() -> Literal["trio", "asyncio"] | None:
    """Return the event loop that runs in this thread."""
    if trio.lowlevel.in_trio_run():
        return "trio"
    asyncio = sys.modules.get("asyncio")  # importing it would cost a trio program 40 ms
    if asyncio is None:
        return None
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return None
    return "asyncio"


def require_trio() -> None:
    """Refuse to work without trio.

    Raises:
        RuntimeError: asyncio runs in this thread, or no event loop does.
    """
    running = running_loop()
    if running == "asyncio":
        raise RuntimeError(
            "lastseen.client.connect and observe need trio, and this program runs asyncio: "
            "use lastseen.client.aio instead"
        )
    if running is None:
        raise RuntimeError(
            "lastseen.client.connect and observe need trio: call them inside trio.run(), "
            "or use lastseen.client.blocking instead"
        )


def require_asyncio() -> None:
    """Refuse to work without asyncio.

    Raises:
        RuntimeError: trio runs in this thread, or no event loop does.
    """
    running = running_loop()
    if running == "trio":
        raise RuntimeError(
            "lastseen.client.aio needs asyncio, and this program runs trio: "
            "use lastseen.client.connect and observe instead"
        )
    if running is None:
        raise RuntimeError(
            "lastseen.client.aio needs asyncio: call it inside asyncio.run(), "
            "or use lastseen.client.blocking instead"
        )


def require_no_loop() -> None:
    """Refuse to block the event loop that runs in this thread.

    Raises:
        RuntimeError: An event loop runs in this thread.
    """
    running = running_loop()
    if running is not None:
        better = "lastseen.client.aio" if running == "asyncio" else "lastseen.client.connect"
        raise RuntimeError(
            f"lastseen.client.blocking would stop the {running} event loop that runs in this "
            f"thread: use {better} instead"
        )
