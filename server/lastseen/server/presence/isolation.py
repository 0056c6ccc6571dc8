"""One link's fault ends that link, and nothing else.

Whoever serves many links in turn serves each `apart`: what that raises is logged with its
traceback and ends the link, and the others are served all the same.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from lastseen.server import logs

T = TypeVar("T")

log = logs.get_logger()


class Fallible(Protocol):
    """What may crash while it is served."""

    def crashed(self) -> None:
        """Serving it raised: end it."""


def apart(link: Fallible | None, serve: Callable[[], T]) -> T | None:
    """What serving one link of many gives; None if it raised.

    Args:
        link: Ended if it did. None: there is nothing to end.
        serve: Does all that there is to do for it now.
    """
    try:
        return serve()
    except Exception:
        log.exception("a link crashed")
        end(link)
        return None


def end(link: Fallible | None) -> None:
    """End one that crashed. If even that raises, it is logged."""
    try:
        if link is not None:
            link.crashed()
    except Exception:
        log.exception("a link that crashed could not be ended")
