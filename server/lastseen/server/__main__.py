"""The `lastseen-server` command: runs the server, or looks after its settings and its store.

Every end of it is an exit code, with a sentence on standard error where something went wrong.

- 0: done, or stopped as asked
- 1: the machine says no: the address is in use, a file cannot be written, an extra is missing
- 2: wrong usage, or a setting is wrong
- 130: Ctrl-C before the server was up

What is imported up here delays the moment from which Ctrl-C is ours: until then the interpreter
answers it with a traceback.
"""

import os
import signal
import sys

TYPE_CHECKING = False  # what type checkers take for true; importing typing would cost 20 ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

INTERRUPTED = 130


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Run `lastseen-server` and return its exit code.

    Without `arguments` it runs for the whole process: with its arguments, and with Ctrl-C its own
    from the first import on.
    """
    usual = signal.signal(signal.SIGINT, _end_at_once) if arguments is None else None
    from lastseen.server.commands.app import command

    try:
        if usual is not None:
            signal.signal(signal.SIGINT, usual)  # a command may have something to put in order
        return command(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:  # before the command had begun, or when it was over
        return INTERRUPTED


def _end_at_once(number: int, _frame: "FrameType | None") -> None:
    """Ctrl-C while modules are imported: there is nothing yet to put in order."""
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
