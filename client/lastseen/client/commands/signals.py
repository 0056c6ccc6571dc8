"""Ctrl-C and SIGTERM as a cancelled scope instead of an exception thrown into whatever runs.

The first signal ends what is being waited for, and the command leaves in good order: says goodbye
to the server, prints its summary, restores the terminal. The second one ends it at once.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import trio

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_ECHO = 0.3
"""Seconds in which a second signal counts as the first: timeout(1) and other wrappers send it both
to the process and to its group, and nobody presses Ctrl-C twice as fast."""


class Stop:
    """What a command knows of the signals that it was sent.

    Attributes:
        signal: The first one that came, None until then.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._scopes: list[trio.CancelScope] = []

    @property
    def exit_code(self) -> int:
        """0 after SIGTERM, the orderly way to end a service; 130 after Ctrl-C, as shells expect."""
        return 128 + signal.SIGINT if self.signal == signal.SIGINT else 0

    @contextmanager
    def scope(self) -> Iterator[None]:
        """A block that the signal ends, if it is the innermost of its kind then."""
        with trio.CancelScope() as scope:
            self._scopes.append(scope)
            try:
                yield
            finally:
                self._scopes.remove(scope)

    def cancel(self) -> None:
        """End the innermost scope."""
        if self._scopes:
            self._scopes[-1].cancel()


@contextmanager
def stopped_by_signals() -> Iterator[Stop]:
    """Let SIGINT and SIGTERM end this block, or a `Stop.scope` within it, once."""
    stop, came = Stop(), 0.0
    token = trio.lowlevel.current_trio_token()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        nonlocal came
        if stop.signal is None:
            stop.signal, came = number, time.monotonic()
            token.run_sync_soon(stop.cancel)
        elif time.monotonic() - came > _ECHO:
            restore()
            signal.raise_signal(number)

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)

    previous = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        signal.signal(number, on_signal)
    try:
        with stop.scope():
            yield stop
    finally:
        restore()
