"""The turn to watch: a link carries one watch, and the next one cuts off the answer to the last.

So whoever asks has its turn until the whole answer is in, whether or not it still wants it.
"""

import trio

from lastseen.client.errors import LinkLost
from lastseen.client.patience import patiently
from lastseen.client.receiver import Watched, ends_answer


class Turn:
    """Of one link: held by the `request_id` of the watch whose answer is coming."""

    def __init__(self, deadline: float) -> None:
        """A holder that is told nothing for `deadline` seconds loses its turn to who waits."""
        self._deadline = deadline
        self._holder: int | None = None
        self._moved = trio.Event()

    async def take(self, number: int) -> None:
        """Wait until no answer is coming; the next one is for `number`."""
        while (holder := self._holder) is not None:
            try:
                await patiently(self._moved, self._deadline, "answer to watch")
            except LinkLost:  # the holder's loss, which it hears of where it still waits itself
                self.end(holder)
        self._holder = number

    def hear(self, message: Watched) -> None:
        """Something for a watch has come, perhaps the end of the answer."""
        if message.request_id is not None and message.request_id == self._holder:
            if ends_answer(message):
                self._holder = None
            self._move()

    def end(self, number: int | None) -> None:
        """Expect no more for `number`; nothing happens where it is another's turn."""
        if number == self._holder:
            self._holder = None
            self._move()

    def wake(self) -> None:
        """Let nobody wait any longer: the link has ended."""
        self._holder = None
        self._move()

    def _move(self) -> None:
        self._moved.set()
        self._moved = trio.Event()
