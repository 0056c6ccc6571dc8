"""Where settings come from: what was changed while running over the environment over the file over
the defaults.

Whatever is wrong with them is said in one sentence: where it stands, what it is, what was expected.
"""

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from lastseen.server.config.checks import check, explained
from lastseen.server.config.fetching import fetch
from lastseen.server.config.runtime import Runtime, over, runtime_path
from lastseen.server.config.runtime import read as read_runtime
from lastseen.server.config.schema import Config
from lastseen.server.config.setting import (
    ENVIRONMENT_PREFIX,
    ENVIRONMENT_SEPARATOR,
    INNER,
    SECTIONS,
    SETTINGS,
    Setting,
    may_hold_secret,
    values,
)
from lastseen.server.errors import ConfigError
from lastseen.server.printable import printable
from lastseen.shared.explain import brief, shown

DEFAULT_PATH = Path("config.toml")
"""Read from the current folder when no other file is named, if it is there."""

CLIENT_VARIABLES = ("LASTSEEN_SERVER",)
"""Variables of the `lastseen` command, which the server does without."""

DEFAULT = "default"
"""The source of a setting that neither the file nor the environment sets."""

_BY_VARIABLE = {s.variable: s for s in SETTINGS if not s.table}
"""An array of tables is no matter for a variable."""


class LoadedConfig(msgspec.Struct, frozen=True):
    """Settings that passed every check, and where they came from.

    Attributes:
        config: The settings.
        sources: For each dotted key: `default`, the path of the file, `environment` and the name
            of the variable, or the path of `runtime.toml`.
        path: The file that was read; None if there was none, and defaults fill in for it.
        warnings: Sentences on settings that are allowed and risky.
        configured: The settings without what was changed while the server ran; None: the same.
        runtime: What was changed so, and where it is kept; None: nothing, nowhere.
    """

    config: Config
    sources: dict[str, str]
    path: Path | None
    warnings: list[str]
    configured: Config | None = None
    runtime: Runtime | None = None


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> LoadedConfig:
    """Read all settings.

    Args:
        path: The file; None reads `config.toml` in the current folder if there is one.
        environ: The environment; None takes the process's own.

    Raises:
        ConfigError: With one sentence that says where the mistake is and what was expected.
    """
    if path is None and os.path.lexists(DEFAULT_PATH):  # not exists(): a dangling link is an error
        path = DEFAULT_PATH
    document = {} if path is None else _read(path)
    sources = dict.fromkeys((s.key for s in SETTINGS), DEFAULT)
    if path is not None:
        sources |= {s.key: str(path) for s in SETTINGS if s.name in document.get(s.section, {})}
    environ = os.environ if environ is None else environ
    for variable, setting, value in _overrides(environ):
        document.setdefault(setting.section, {})[setting.name] = value
        sources[setting.key] = f"environment {variable}"
    folder = path.parent if path is not None else Path()
    try:
        configured, warnings = fetch(msgspec.convert(document, Config), folder, environ)
        kept = read_runtime(runtime_path(configured.store.url, folder))
        sources |= dict.fromkeys(kept.changes, str(kept.path))
        config = over(configured, kept.changes)
        warnings += [*_unknown_variables(environ), *check(config)]
        return LoadedConfig(config, sources, path, warnings, configured, kept)
    except ConfigError as error:
        raise ConfigError(f"{_blame(sources, error.keys)}{error}", error.keys) from None


def _read(path: Path) -> dict[str, Any]:
    """The document in a file, each of its settings valid by itself."""
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: expected UTF-8 text: {error.reason} at byte {error.start}"
        ) from None
    except (ValueError, RecursionError) as error:  # with line and column; or of absurd nesting
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    _refuse_unknown(path, document)
    try:
        msgspec.convert(document, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {explained(error, document)}") from None
    return document


def _refuse_unknown(path: Path, document: dict[str, Any]) -> None:
    for section, content in document.items():
        if section not in SECTIONS:
            near = _nearest(section, SECTIONS)
            raise ConfigError(f"{path}: {_named(section)}: no such section{near}")
        if not isinstance(content, dict):
            met = "" if may_hold_secret(section) else f", got {shown(content)}"
            raise ConfigError(f"{path}: {section}: expected a section [{section}]{met}")
        _refuse_unknown_names(f"{path}: {section}", content, SECTIONS[section].__struct_fields__)
        for name, value in content.items():
            if inner := INNER.get(f"{section}.{name}"):
                _refuse_unknown_inside(f"{path}: {section}.{name}", value, [s.name for s in inner])


def _refuse_unknown_inside(place: str, tables: object, known: Iterable[str]) -> None:
    for index, table in enumerate(tables if isinstance(tables, list) else ()):
        if isinstance(table, dict):
            _refuse_unknown_names(f"{place}[{index}]", table, known)


def _refuse_unknown_names(place: str, content: dict[str, Any], known: Iterable[str]) -> None:
    for name in content:
        if name not in known:
            raise ConfigError(f"{place}.{_named(name)}: no such setting{_nearest(name, known)}")


def _named(name: str) -> str:
    """A name that somebody wrote, as it can stand in a sentence."""
    return printable(brief(name))


def _overrides(environ: Mapping[str, str]) -> Iterable[tuple[str, Setting, Any]]:
    for variable in sorted(environ):
        if variable.startswith(ENVIRONMENT_PREFIX) and ENVIRONMENT_SEPARATOR in variable:
            if variable not in _BY_VARIABLE:
                raise ConfigError(f"environment {variable}: {_no_variable(variable)}")
            setting = _BY_VARIABLE[variable]
            yield variable, setting, _converted(variable, setting, environ[variable])


def _unknown_variables(environ: Mapping[str, str]) -> Iterable[str]:
    """Warnings of variables that look like ours and set nothing, like LASTSEEN_SERVER_PORT."""
    for variable in sorted(environ):
        if (
            variable.startswith(ENVIRONMENT_PREFIX)
            and ENVIRONMENT_SEPARATOR not in variable
            and variable not in CLIENT_VARIABLES
        ):
            near = _nearest(variable, (*_BY_VARIABLE, *CLIENT_VARIABLES))
            yield f"environment {printable(variable)} sets nothing{near}"


def _no_variable(variable: str) -> str:
    """Why no setting is set by a variable, with one that may be meant: of the section that it
    names, if that is one.
    """
    section, _, name = variable.removeprefix(ENVIRONMENT_PREFIX).partition(ENVIRONMENT_SEPARATOR)
    table = f"{section}.{name}".lower()
    if table in INNER:
        return f"expected [[{table}]] in the file: a variable cannot set it"
    if section.lower() not in SECTIONS:
        return f"no such setting{_nearest(variable, _BY_VARIABLE)}"
    prefix = f"{ENVIRONMENT_PREFIX}{section}{ENVIRONMENT_SEPARATOR}"
    names = [known.removeprefix(prefix) for known in _BY_VARIABLE if known.startswith(prefix)]
    return f"no such setting{_nearest(name, names, prefix)}"


def _converted(variable: str, setting: Setting, text: str) -> Any:  # noqa: ANN401 (any setting)
    """The text of a variable as the setting's type: there is only text in an environment. A list
    has commas in it.
    """
    if not text.isprintable():
        met = "" if setting.secret else f", got {shown(text)}"
        raise ConfigError(f"environment {variable}: expected printable text{met}")
    listed = [item.strip() for item in text.split(",") if item.strip()]
    kinds = setting.kinds
    items = listed if tuple in kinds and (len(listed) > 1 or str not in kinds) else text
    document = {setting.section: {setting.name: items}}
    try:
        config = msgspec.convert(document, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"environment {variable}: {explained(error, document)}") from None
    return values(config)[setting.key]


def _nearest(word: str, known: Iterable[str], prefix: str = "") -> str:
    """A suggestion, where a known word is near; `prefix` goes before it."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {prefix}{near[0]}?" if near else ""


def _blame(sources: Mapping[str, str], keys: Iterable[str]) -> str:
    """Where the values came from that do not fit together."""
    named = [sources[key] for key in keys if sources.get(key, DEFAULT) != DEFAULT]
    return ", ".join(dict.fromkeys(named)) + ": " if named else ""
