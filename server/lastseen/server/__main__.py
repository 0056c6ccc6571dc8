"""The `lastseen-server` command: runs the server, or looks after its settings.

Every end of it is an exit code, with a sentence on standard error where something went wrong.

- 0: done, or stopped as asked
- 1: the machine says no: the address is in use, a file cannot be written, an extra is missing
- 2: wrong usage, or a setting is wrong
- 130: Ctrl-C before the server was up
"""

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError

from lastseen.server.config import DEFAULT_PATH, load
from lastseen.server.errors import CommandFailed, ConfigError
from lastseen.server.printable import printable
from lastseen.shared.version import VERSION

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

EXTRA = {"structlog", "tomli_w"}
"""What the extra `server` installs; the base install, for clients, does without."""

_ASK_HELP = "See `lastseen-server --help`."
_INSTALL = "the server is not installed; to install it: pip install 'lastseen[server]'"

_EPILOGUE = """Examples:

  lastseen-server init-config config.toml      a file to start from
  lastseen-server                              with that file, or the defaults
  lastseen-server --config /etc/lastseen/config.toml
  LASTSEEN_SERVER__PORT=9000 lastseen-server   the environment wins

SIGHUP reloads the settings.
Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 130 Ctrl-C."""

app = App(
    name="lastseen-server",
    help="The presence server: who is online right now, and when everyone else was last seen.",
    help_epilogue=_EPILOGUE,
    help_format="plaintext",
    version=VERSION,
    # `main` turns every error, usage errors and Ctrl-C too, into a sentence and an exit code.
    print_error=False,
    exit_on_error=False,
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)

ConfigPath = Annotated[
    Path | None,
    Parameter(
        help=f"The file of settings. Without it: ./{DEFAULT_PATH} if it is there.", negative=""
    ),
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `lastseen-server`, by default with the process's arguments, and return its exit code."""
    try:
        app(sys.argv[1:] if arguments is None else list(arguments))
    except BaseException as error:  # Ctrl-C too; what is not known is raised again
        end = _end(error)
        if end is None:
            raise
        code, sentence = end
        if sentence:
            _say(f"lastseen-server: {sentence}")
        return code
    return DONE


@app.default
def run(*, config: ConfigPath = None) -> None:
    """Run the server until it is told to stop (SIGTERM, Ctrl-C)."""
    loaded = load(config)
    import trio

    from lastseen.server import logs
    from lastseen.server.app import serve

    logs.configure(loaded.config.log.level, loaded.config.log.format)
    trio.run(partial(serve, loaded, reload=partial(load, config)))


@app.command(help_epilogue="")
def check_config(*, config: ConfigPath = None) -> None:
    """Look for mistakes in the settings (exit code 2), and warn of what is risky."""
    loaded = load(config)
    for warning in loaded.warnings:
        _say(f"warning: {warning}")
    name = f"there is no {DEFAULT_PATH} here; the defaults" if loaded.path is None else loaded.path
    _output(f"{name}: no mistakes\n")


@app.command(help_epilogue="")
def init_config(path: Path, /) -> None:
    """Write a file of all settings with their defaults and reasons. An existing file is left alone.

    Args:
        path: The file to write.
    """
    from lastseen.server.config.rendering import commented

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(commented())
    except FileExistsError:
        raise CommandFailed(f"{path}: exists already, and was left as it is") from None
    except OSError as error:
        raise CommandFailed(f"{path}: cannot be written: {error.strerror}") from None
    _output(f"{path}: written; change what you need, then: lastseen-server --config {path}\n")


@app.command(help_epilogue="")
def show_config(*, config: ConfigPath = None) -> None:
    """Print the settings in force as TOML, each with where it came from."""
    loaded = load(config)
    from lastseen.server.config.rendering import effective

    _output(effective(loaded))


def _end(error: BaseException) -> tuple[int, str] | None:
    """The exit code and the sentence for `error`; None for a fault of ours, which must be seen."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]  # a nursery wraps even one
    match error:
        case KeyboardInterrupt():
            return INTERRUPTED, ""
        case ConfigError():
            return USAGE, str(error)
        case CommandFailed():
            return FAILED, str(error)
        case UnusedCliTokensError():
            return USAGE, f"no such command: {' '.join(error.unused_tokens or [])}. {_ASK_HELP}"
        case CycloptsError():
            return USAGE, f"{str(error).rstrip('.')}. {_ASK_HELP}".replace("?.", "?")
        case ModuleNotFoundError() if error.name in EXTRA:
            return FAILED, _INSTALL
    return None


def _say(sentence: str) -> None:
    print(printable(sentence), file=sys.stderr)  # noqa: T201 - for people


def _output(text: str) -> None:
    try:
        print(text, end="", flush=True)  # noqa: T201 - what the command is for
    except OSError as error:
        # What is left in the buffer goes nowhere, or the interpreter would fail on it at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # then whoever read it had enough
            raise CommandFailed(f"the output cannot be written: {error.strerror}") from None


if __name__ == "__main__":
    sys.exit(main())
