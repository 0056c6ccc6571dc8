"""The `lastseen` command: runs the sub-command, and makes every end of it an exit code.

What is imported up here delays the moment from which Ctrl-C is ours: until then the interpreter
answers it with a traceback.
"""

import io
import os
import signal
import sys

TYPE_CHECKING = False  # what type checkers take for true; importing typing would cost 20 ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Run `lastseen` and return its exit code.

    Without `arguments` it runs for the whole process: with its arguments, and with Ctrl-C its own.
    """
    if arguments is None:
        signal.signal(signal.SIGINT, _end_at_once)
        arguments = sys.argv[1:]
    try:
        _prepare_output()
        code = _run(arguments)
        sys.stdout.flush()
    except BaseException as error:  # whatever is not known is raised again
        from lastseen.client.commands.exits import exit_for

        end = exit_for(error, arguments)
        if end is None:
            raise
        _say(end.sentence)
        _abandon_output()
        return end.code
    return code


def _run(arguments: "Sequence[str]") -> int:
    from lastseen.client.commands.app import app
    from lastseen.client.commands.usage import shared_options_last

    code = app(shared_options_last(arguments))
    return code if isinstance(code, int) else 0


def _end_at_once(number: int, _frame: "FrameType | None") -> None:
    """Ctrl-C, unless a command that has something to put in order takes it over (`signals`).

    An exception would have to find its way out of imports and callbacks, some of which swallow it.
    """
    os._exit(128 + number)


def _prepare_output() -> None:
    """Let neither a closed output stop us, nor a name that the locale has no characters for."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started us: `>&-`
            setattr(sys, name, io.StringIO())
        elif hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="backslashreplace")


def _say(sentence: str) -> None:
    if sentence:
        print(f"lastseen: {sentence}", file=sys.stderr)  # noqa: T201  the one place that may


def _abandon_output() -> None:
    """Drop what cannot be written any more, or the interpreter complains about it when it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
