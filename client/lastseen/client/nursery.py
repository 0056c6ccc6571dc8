"""A nursery out of which a lone error comes as itself.

Trio wraps even a single error in a group, because a nursery may have many. A program that is
present has one body; its `except ValueError` should not have to know that we run tasks beside it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio


@asynccontextmanager
async def plain_nursery() -> AsyncIterator[trio.Nursery]:
    """A trio nursery. A group of several errors comes out as that group."""
    lone: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            yield nursery
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        lone = group.exceptions[0]
    if lone is not None:  # raised here, so that the group does not show as its context
        raise lone
