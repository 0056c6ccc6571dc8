"""The `lastseen` command: runs the sub-command, and makes every end of it an exit code."""

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `lastseen`, by default with the process's arguments, and return its exit code."""
    try:
        # Imported here, so that Ctrl-C during the imports ends as quietly as later.
        _prepare_output()
        code = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except BaseException as error:  # Ctrl-C too; what is not known is raised again
        from lastseen.client.commands.exits import exit_for

        end = exit_for(error)
        if end is None:
            raise
        _say(end.sentence)
        _abandon_output()
        return end.code
    return code


def _run(arguments: Sequence[str]) -> int:
    from lastseen.client.commands.app import app

    code = app(list(arguments))
    return code if isinstance(code, int) else 0


def _prepare_output() -> None:
    """Let no character of a client's name stop us in a locale that does not know it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


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
