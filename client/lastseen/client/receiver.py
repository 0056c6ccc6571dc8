"""Whoever watches, as a session sees it, and what is for them."""

from typing import Protocol, TypeGuard

from lastseen.shared.messages import Answer, ClientList, Diff, Error

Watched = ClientList | Diff | Error
"""What a watch is told: pages of a snapshot, diffs, or a refusal."""


class Receiver(Protocol):
    """Takes messages at once and deals with them later: the listener waits for nobody."""

    def deliver(self, message: Watched) -> None:
        """Take a message of a watch, this one's or another's."""

    def lapse(self) -> None:
        """The session is over; watch again on the next one."""


def concerns_receivers(message: Answer) -> TypeGuard[Watched]:
    """Whether a message that answers no request in flight may be a watch's."""
    if isinstance(message, Error):
        return message.request_id is not None
    return isinstance(message, ClientList | Diff)


def ends_answer(message: Watched) -> bool:
    """Whether an answer to `watch` is whole with this: all but a page before the last one."""
    return not (isinstance(message, ClientList) and message.after is not None)
