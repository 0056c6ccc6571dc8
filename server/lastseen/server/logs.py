"""The log: one event a line on standard error, whatever a client puts into a value.

    log = logs.get_logger()
    log.info("client registered", client_id="web-01", address="127.0.0.1:50312")

structlog writes the level into the class of a logger, so that a call below it is an empty function.
Here that class has one base, and changing the level exchanges the base, under every logger that
exists: the calls stay as cheap, and the level can change while the server runs.
"""

import os
import sys
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from lastseen.server.printable import printable

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["console", "json"]

_PRIORITIES = {"debug": "<7>", "info": "<6>", "warning": "<4>", "error": "<3>"}
"""The prefixes of sd-daemon(3) for the methods of a logger; any other method is an error."""


class Logger(structlog.make_filtering_bound_logger("info")):  # type: ignore[misc]  # made at run time
    """The one class of all loggers. `set_level` exchanges its base."""


class _StandardError:
    """Writes whole lines to whatever `sys.stderr` is at that moment."""

    def write(self, line: str) -> None:
        try:
            sys.stderr.write(line + "\n")
        except (OSError, ValueError):
            # The reader of the log is gone, or its disk is full. There is nowhere left to say so,
            # and presence matters more than its log.
            return

    debug = info = warning = error = critical = write


def get_logger() -> FilteringBoundLogger:
    """A logger, to be made once for each module.

    It follows `configure` and `set_level` whenever they are called. One that is made by
    `structlog.get_logger()` does too, by a detour: 1 µs for a call below the level in place of 0.1.
    """
    return Logger(_StandardError(), _processors, {})


def configure(level: Level, form: Format, /, *, journal: bool = False) -> None:
    """Set up the log of this process; before that it is `info` and `console`.

    Args:
        level: The least important events that are logged.
        form: `console` for people (coloured on a terminal, unless NO_COLOR is set), or `json`:
            one object per line, times in ISO 8601 UTC.
        journal: Whether standard error leads to the systemd journal (`shared.journal`). Each line
            then starts with its priority. The journal adds the time, so `console` leaves it out.
    """
    processors = _json() if form == "json" else _console(_wants_colours(sys.stderr), journal)
    _processors[:] = [*processors, _with_priority] if journal else processors
    set_level(level)
    structlog.configure(
        processors=_processors,
        wrapper_class=Logger,
        logger_factory=_StandardError,
        cache_logger_on_first_use=True,
    )


def set_level(level: Level) -> None:
    """Change the level of every logger, those made before as well."""
    Logger.__bases__ = (structlog.make_filtering_bound_logger(level),)


def _with_priority(_: WrappedLogger, method: str, line: Any) -> str:  # noqa: ANN401 - a renderer's
    """Start every line with its priority as sd-daemon(3) has it: the journal reads line by line."""
    prefix = _PRIORITIES.get(method, _PRIORITIES["error"])
    return "\n".join(prefix + part for part in line.split("\n"))


def _console(colours: bool, journal: bool = False) -> list[Processor]:
    time = structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False)
    return [
        structlog.processors.add_log_level,
        *([] if journal else [time]),
        structlog.processors.format_exc_info,
        _disarm,
        structlog.dev.ConsoleRenderer(colors=colours, sort_keys=False, pad_event_to=20),
    ]


def _json() -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),  # escapes all but printable ASCII
    ]


def _wants_colours(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR")  # https://no-color.org


def _disarm(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Escape what could forge a line or command a terminal: line ends, ANSI escapes, bidi marks."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[key] = _traceback(value) if key == "exception" else printable(value)
    return event


def _traceback(text: str) -> str:
    """Its lines kept, and set in: none can pass for an event."""
    return "\n".join("  " + printable(line) for line in text.split("\n"))


_processors: list[Processor] = _console(colours=False)
"""Changed in place: loggers hold on to the list itself."""
