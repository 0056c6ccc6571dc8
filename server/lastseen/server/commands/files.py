"""Files that a command reads or makes; `-` is standard input or output."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from lastseen.server.commands.options import STANDARD
from lastseen.server.commands.output import writing_output
from lastseen.server.errors import CommandFailed


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """A file to read from.

    Raises:
        CommandFailed: It cannot be read.
    """
    try:
        if path == STANDARD:
            yield _open(sys.stdin, "input").buffer
        else:
            with path.open("rb") as file:
                yield file
    except OSError as error:
        raise CommandFailed(f"{path}: cannot be read: {error.strerror}") from None


@contextmanager
def making(path: Path) -> Iterator[BinaryIO]:
    """A new file to write to. Where the block fails, there is none.

    Raises:
        CommandFailed: There is something at `path` already, or it cannot be written.
    """
    if path == STANDARD:
        with writing_output():
            output = _open(sys.stdout, "output").buffer
            yield output
            output.flush()
        return
    try:
        file = path.open("xb")
    except FileExistsError:
        raise CommandFailed(f"{path}: exists already, and was left as it is") from None
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # a disk that is full may say so only now
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _unwritable(path, error) from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _open(stream: TextIO | None, name: str) -> TextIO:
    if stream is None:  # closed by who started us: `>&-`
        raise CommandFailed(f"the standard {name} is closed")
    return stream


def _unwritable(path: Path, error: OSError) -> CommandFailed:
    return CommandFailed(f"{path}: cannot be written: {error.strerror}")
