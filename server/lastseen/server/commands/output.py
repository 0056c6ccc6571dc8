"""What the sub-commands print: data on standard output, remarks beside it, nothing lost unsaid."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lastseen.server.errors import CommandFailed
from lastseen.server.printable import printable


def say(sentence: str) -> None:
    """A line for people, on standard error."""
    print(printable(sentence), file=sys.stderr)  # noqa: T201 - for people


def output(text: str) -> None:
    """What the command is for, on standard output.

    Raises:
        CommandFailed: It cannot be written.
    """
    with writing_output():
        print(text, end="", flush=True)  # noqa: T201 - what the command is for


@contextmanager
def writing_output() -> Iterator[None]:
    """A block that writes to standard output, and ends in peace when its reader had enough.

    Raises:
        CommandFailed: It cannot be written.
    """
    try:
        yield
    except OSError as error:
        # What is left in the buffer goes nowhere, or the interpreter would fail on it at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise CommandFailed(f"the output cannot be written: {error.strerror}") from None
