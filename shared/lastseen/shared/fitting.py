"""How much of a long answer fits one frame."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from lastseen.shared.framing import FRAME_LIMIT
from lastseen.shared.wire import pack

RECORDS_BYTES = FRAME_LIMIT - 4 * 1024
"""How much of a frame records may fill: the rest is for the message around them."""

R = TypeVar("R")


def in_frames(records: Iterable[R]) -> Iterator[list[R]]:
    """The records in runs that each fit one frame."""
    batch: list[R] = []
    size = 0
    for record in records:
        length = len(pack(record))
        if batch and size + length > RECORDS_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += length
    if batch:
        yield batch


def that_fit(records: Iterable[R]) -> list[R]:
    """As many records as fit one frame, from the first."""
    return next(in_frames(records), [])
