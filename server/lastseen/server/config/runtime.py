"""`runtime.toml`: settings that were changed while the server ran, and outlive it.

They win over the file and the environment, as the last word of whoever looks after the server,
until they are taken back; config.toml is written by people only. The file lies beside the database,
or beside config.toml where the database is elsewhere, and is written as a whole or not at all.
"""

import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from lastseen.server.config.schema import Config
from lastseen.server.config.setting import SETTINGS, Setting, values, with_value
from lastseen.server.errors import ConfigError
from lastseen.shared.explain import shown

NAME = "runtime.toml"

STEERABLE = {s.key: s for s in SETTINGS if s.steerable}
"""What may be changed while the server runs, by its dotted key."""

_HEADER = """\
# Settings that were changed while the server ran. They win over config.toml and the environment.
# The server writes this file; `lastseen settings reset` takes the changes back.

"""

_SQLITE_FILE = re.compile(r"sqlite(\+pysqlite)?:///(?P<file>[^?]+)")

Changes = Mapping[str, Any]
"""Values by the dotted keys of settings."""


class Runtime(Struct, frozen=True):
    """What was found: the changes, and where they are kept."""

    path: Path
    changes: Changes


def runtime_path(store_url: str, folder: Path) -> Path:
    """Where the changes are kept; `folder` is the one of config.toml."""
    found = _SQLITE_FILE.match(store_url)
    return (folder / found["file"]).parent / NAME if found else folder / NAME


def read(path: Path) -> Runtime:
    """The changes in a file, none if there is no file. Their values are not checked yet.

    Raises:
        ConfigError: It cannot be read, or holds something else.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Runtime(path, {})
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    changes: dict[str, Any] = {}
    for section, content in document.items():
        for name, value in content.items() if isinstance(content, dict) else ():
            changes[f"{section}.{name}"] = value
        if not isinstance(content, dict):
            raise ConfigError(f"{path}: {section}: expected a section, got {shown(content)}")
    for key in changes:
        if key not in STEERABLE:
            raise ConfigError(f"{path}: {key}: no setting that may be changed while running")
    return Runtime(path, changes)


def write(path: Path, changes: Changes) -> None:
    """Keep these changes, instead of those before.

    Raises:
        ConfigError: The file cannot be written; it is as it was.
    """
    import tomli_w  # of the extra `server`: what only reads settings does without

    document: dict[str, dict[str, Any]] = {}
    for key, value in changes.items():
        section, _, name = key.partition(".")
        document.setdefault(section, {})[name] = value
    try:
        if changes:
            _replace(path, _HEADER + tomli_w.dumps(document))
        else:
            path.unlink(missing_ok=True)
        _sync(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be written: {error.strerror}; nothing has changed", list(changes)
        ) from None


def over(config: Config, changes: Changes) -> Config:
    """Settings with changes; not held to any bound before they are checked."""
    for key, value in changes.items():
        config = with_value(config, key, value)
    return config


def changed(configured: Config, changes: Changes, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The changes with those that are wanted besides; None takes one back, as does its old value.

    The names are dotted keys, `server.` may be left out.

    Raises:
        ConfigError: A name is none of a setting that may be changed.
    """
    before, kept = values(configured), dict(changes)
    for name, value in wanted.items():
        setting = _steerable(name)
        fitting = _fitting(setting, value)
        if fitting is None or fitting == before[setting.key]:
            kept.pop(setting.key, None)
        else:
            kept[setting.key] = fitting
    return kept


def _steerable(name: str) -> Setting:
    setting = STEERABLE.get(name) or STEERABLE.get(f"server.{name}")
    if setting is None:
        known = ", ".join(STEERABLE)
        raise ConfigError(f"{shown(name)} cannot be changed while the server runs; {known} can")
    return setting


def _fitting(setting: Setting, value: Any) -> Any:  # noqa: ANN401 - of any setting
    """Programs write whole numbers as floats, too."""
    if setting.kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _replace(path: Path, text: str) -> None:
    """A new file in place of the old one: whoever looks finds the one or the other, whole."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{NAME}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _sync(path: Path, flags: int) -> None:
    """A folder, so that the new name in it outlives a power cut."""
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
