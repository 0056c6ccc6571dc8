"""Standard output: styled on a terminal, plain in a pipe, flushed line by line."""

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from shutil import get_terminal_size

from lastseen.client.commands.columns import Cell
from lastseen.client.commands.output import stamp
from lastseen.shared.journal import is_journal


def is_terminal() -> bool:
    """Whether a person reads what is printed."""
    return sys.stdout.isatty()


def width() -> int | None:
    """Cells in a line of the terminal; None in a pipe, where lines may be as long as they like."""
    return get_terminal_size().columns if is_terminal() else None


def paintable() -> bool:
    """Whether the whole screen can be painted, and painted again."""
    return is_terminal() and os.environ.get("TERM") != "dumb"


def styled() -> bool:
    """Whether colours may be used. https://no-color.org: NO_COLOR counts when it is not empty."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return is_terminal()


def with_time(moment: datetime, text: str) -> str:
    """A line that starts with its time. The journal adds the time itself, so there it does not."""
    if is_journal(os.environ, sys.stdout):
        return text
    return f"{stamp(moment.astimezone())} {text}"


def say(text: str) -> None:
    """Print one line, now: whoever reads a pipe wants it when it happens."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def remark(text: str) -> None:
    """Print one line beside the data, on standard error."""
    sys.stdout.flush()
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def say_rows(lines: Sequence[Sequence[Cell]]) -> None:
    """Print lines of cells, with their styles on a terminal that has colours."""
    if styled():
        _say_styled(lines)
    else:
        sys.stdout.write("".join("".join(c.text for c in line) + "\n" for line in lines))
    sys.stdout.flush()


def _say_styled(lines: Sequence[Sequence[Cell]]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    for line in lines:
        # Said here and not to the Text: `print` joins its texts and forgets what each said.
        console.print(Text.assemble(*line), no_wrap=True, overflow="ellipsis")
