"""Every error as the sentence that a person reads and the exit code that a script reads. Pure.

- 0: done, or the reader of our output had enough
- 1: it failed: could not connect, refused, the link broke, the output could not be written
- 2: wrong usage
- 130: Ctrl-C
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lastseen.client.commands.output import safe

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

_START_ONE = "Is the server running? Start it with `lastseen-server`."


class Exit(NamedTuple):
    """An exit code, and what to say on standard error, if anything."""

    code: int
    sentence: str = ""


def exit_for(error: BaseException, arguments: Sequence[str] = ()) -> Exit | None:
    """How `lastseen` ends on account of `error`; None: by a fault of ours, which must be seen.

    Tasks that fail together raise a group; what counts is the one with the highest code.
    """
    exits = [_exit_for_one(leaf, arguments) for leaf in _leaves(error)]
    if None in exits:
        return Exit(INTERRUPTED) if Exit(INTERRUPTED) in exits else None
    known = [found for found in exits if found is not None]
    return max(known, key=lambda found: found.code)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _exit_for_one(error: BaseException, arguments: Sequence[str]) -> Exit | None:
    from cyclopts import CycloptsError

    from lastseen.client.commands.usage import UsageError, command_in
    from lastseen.client.errors import ConnectFailed, LastseenError

    match error:
        case KeyboardInterrupt():
            return Exit(INTERRUPTED)
        case BrokenPipeError():
            return Exit(DONE)
        case SystemExit(__context__=BrokenPipeError()):  # what rich makes of it
            return Exit(DONE)
        case CycloptsError() | UsageError():
            return Exit(USAGE, f"{safe(str(error))}\nSee `{command_in(arguments)} --help`.")
        case ConnectFailed(absent=True):
            return Exit(FAILED, f"{_closed(safe(str(error)))} {_START_ONE}")
        case LastseenError() | OSError():
            return Exit(FAILED, _closed(safe(str(error))))
    return None


def _closed(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else sentence + "."
