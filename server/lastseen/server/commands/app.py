"""The sub-commands of `lastseen-server`: running the server, its settings and its store.

Every end of one is an exit code, with a sentence on standard error where something went wrong.
"""

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from cyclopts import App, CycloptsError, UnusedCliTokensError

from lastseen.server.commands.options import ConfigPath
from lastseen.server.commands.output import output, say
from lastseen.server.config import DEFAULT_PATH, load
from lastseen.server.errors import CommandFailed, ConfigError
from lastseen.shared.journal import is_journal
from lastseen.shared.version import VERSION

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

EXTRA = {"structlog", "tomli_w", "sqlalchemy", "alembic", "httpx", "apprise"}
"""What the extra `server` installs; the base install, for clients, does without."""

_ASK_HELP = "See `lastseen-server --help`."
_INSTALL = (
    "the server is not installed; to install it: pip install 'lastseen[server]' "
    "(in a clone: pip install '.[server]')"
)

_EPILOGUE = """Examples:

  lastseen-server init-config config.toml      a file to start from
  lastseen-server                              with that file, or the defaults
  lastseen-server --config /etc/lastseen/config.toml
  LASTSEEN_SERVER__PORT=9000 lastseen-server   the environment wins
  lastseen-server backup /var/backups/now.db   a copy of what it remembers

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


def command(arguments: Sequence[str]) -> int:
    """Run `lastseen-server` with these arguments, and return its exit code."""
    try:
        app(_config_last(arguments))
    except BaseException as error:  # Ctrl-C too; what is not known is raised again
        end = _end(error)
        if end is None:
            raise
        code, sentence = end
        if sentence:
            say(f"lastseen-server: {sentence}")
        return code
    return DONE


def _config_last(arguments: Sequence[str]) -> list[str]:
    """`--config x backup y` as `backup y --config x`: the option may come before the command."""
    words = list(arguments)
    taken = 2 if words[:1] == ["--config"] else 1
    if words and words[0].partition("=")[0] == "--config" and len(words) > taken:
        return words[taken:] + words[:taken]
    return words


@app.default
def run(*, config: ConfigPath = None) -> None:
    """Run the server until it is told to stop (SIGTERM, Ctrl-C)."""
    loaded = load(config)
    import trio

    from lastseen.server import logs
    from lastseen.server.app import serve

    log = loaded.config.log
    logs.configure(log.level, log.format, journal=is_journal(os.environ, sys.stderr))
    trio.run(partial(serve, loaded, reload=partial(load, config)))


@app.command(help_epilogue="")
def check_config(*, config: ConfigPath = None) -> None:
    """Look for mistakes in the settings (exit code 2), and warn of what is risky."""
    loaded = load(config)
    for warning in loaded.warnings:
        say(f"warning: {warning}")
    name = f"there is no {DEFAULT_PATH} here; the defaults" if loaded.path is None else loaded.path
    output(f"{name}: no mistakes\n")


@app.command(help_epilogue="")
def init_config(path: Path, /, *, store: str | None = None) -> None:
    """Write a file of all settings with their defaults and reasons. An existing file is left alone.

    Args:
        path: The file to write.
        store: The store.url to write in place of the default.
    """
    from lastseen.server.config.rendering import commented
    from lastseen.server.config.store_url import problem_with

    if store is not None and (problem := problem_with(store)):
        raise CommandFailed(f"--store: {problem}")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(commented({} if store is None else {"store.url": store}))
    except FileExistsError:
        raise CommandFailed(f"{path}: exists already, and was left as it is") from None
    except OSError as error:
        raise CommandFailed(f"{path}: cannot be written: {error.strerror}") from None
    output(f"{path}: written; change what you need, then: lastseen-server --config {path}\n")


@app.command(help_epilogue="")
def show_config(*, config: ConfigPath = None) -> None:
    """Print the settings in force as TOML, each with where it came from."""
    loaded = load(config)
    from lastseen.server.config.rendering import effective

    output(effective(loaded))


def _add(name: str, function: str, about: str, examples: str, module: str = "store") -> None:
    """A sub-command that is imported when it is called: the store takes a quarter of a second."""
    app.command(
        f"lastseen.server.commands.{module}:{function}",
        name=name,
        help=about,
        help_epilogue=f"Examples:\n\n{examples}",
    )


_add(
    "migrate",
    "migrate",
    """Bring the tables of the store up to date.

The server does so at every start; this is for who wants it done before.
Stop the old server first.""",
    """  lastseen-server migrate --config /etc/lastseen/config.toml""",
)
_add(
    "export",
    "export",
    """Write everything that is remembered to a new file of JSON lines.

As of one moment; the server may be running.""",
    """  lastseen-server export lastseen.jsonl
  lastseen-server export - | gzip > lastseen.jsonl.gz""",
)
_add(
    "import",
    "import_",
    """Add what `export` wrote to the store, all of it or nothing.

Into an empty store, or into the one that it came from. Stop the server first:
it learns only at its start who was present.""",
    """  lastseen-server import lastseen.jsonl
  gunzip < lastseen.jsonl.gz | lastseen-server import -""",
)
_add(
    "backup",
    "backup",
    """Copy the SQLite file, as of one moment; the server may be running.

For PostgreSQL use pg_dump.""",
    """  lastseen-server backup /var/backups/lastseen.db""",
)
_add(
    "notify-test",
    "notify_test",
    """Send a test message by each channel, or by one, and say what came of it.

It is really sent, and says that a client is offline which does not exist.
Exit code 1 if any did not take it.""",
    """  lastseen-server notify-test
  lastseen-server notify-test pager""",
    module="notify",
)


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
        case ImportError() if _missing(error).partition(".")[0] in EXTRA:
            return FAILED, _INSTALL
    return None


def _missing(error: BaseException | None) -> str:
    """The module that was not found, if that is what it is about."""
    while isinstance(error, ImportError):
        if isinstance(error, ModuleNotFoundError):
            return error.name or ""
        error = error.__cause__  # cyclopts wraps what a sub-command fails to import
    return ""
