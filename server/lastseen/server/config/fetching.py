"""Secrets that stand elsewhere: `token_file`, `url_env` and their like.

They are fetched when the settings are loaded, so that a file that is missing is known at once, and
so that a reload finds a secret that was exchanged.
"""

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from lastseen.server.config.schema import Config
from lastseen.server.config.sections.notify import Channel
from lastseen.server.errors import ConfigError
from lastseen.shared.explain import shown

WANTED = {"webhook": ("url",), "telegram": ("token",), "apprise": ("url",)}
"""What each kind of channel needs exactly one of: itself, …_file or …_env."""
OPTIONAL = {"webhook": ("secret",)}
"""What it may do without. Several may stand in its place, a line each."""

LONGEST = 65_536
"""Bytes of a file that are read: more is no secret."""


class _Place(NamedTuple):
    """Where in the settings a secret is asked for: `notify.webhook`, 0, `url`."""

    array: str
    place: int
    name: str

    def __str__(self) -> str:
        return f"{self.array}[{self.place}].{self.name}"

    def problem(self, sentence: str) -> ConfigError:
        return ConfigError(f"{self}{sentence}", [self.array])


def fetch(config: Config, folder: Path, environ: Mapping[str, str]) -> tuple[Config, list[str]]:
    """The settings with every secret in its place, and warnings of files that anyone can read.

    What channels that are not enabled ask for is left where it is.

    Raises:
        ConfigError: A secret is missing, stands in two places, or cannot be read.
    """
    warnings: list[str] = []
    kinds = {}
    for kind in WANTED:
        channels = getattr(config.notify, kind)
        kinds[kind] = tuple(
            _filled(kind, index, channel, folder, environ, warnings)
            for index, channel in enumerate(channels)
        )
    return replace(config, notify=replace(config.notify, **kinds)), warnings


def _filled(
    kind: str,
    index: int,
    channel: Channel,
    folder: Path,
    environ: Mapping[str, str],
    warnings: list[str],
) -> Channel:
    found: dict[str, object] = {}
    for name in (*WANTED[kind], *OPTIONAL.get(kind, ())):
        place = _Place(f"notify.{kind}", index, name)
        _check_one(channel, place, wanted=name in WANTED[kind])
        if not channel.enabled:
            continue
        lines = _lines(channel, place, folder, environ, warnings)
        if lines and name in WANTED[kind] and len(lines) > 1:
            raise place.problem(f": expected one line, got {len(lines)}")
        if lines:
            found[name] = lines[0] if name in WANTED[kind] else tuple(lines)
    return replace(channel, **found)


def _check_one(channel: Channel, place: _Place, *, wanted: bool) -> None:
    ways = [place.name, f"{place.name}_file", f"{place.name}_env"]
    given = [way for way in ways if getattr(channel, way)]
    if len(given) > 1 or (wanted and not given):
        most = "one" if wanted else "at most one"
        got = " and ".join(given) or "none"
        raise place.problem(f": expected {most} of {', '.join(ways)}, got {got}")


def _lines(
    channel: Channel,
    place: _Place,
    folder: Path,
    environ: Mapping[str, str],
    warnings: list[str],
) -> list[str]:
    """What stands elsewhere, if anything does."""
    if name := getattr(channel, f"{place.name}_file"):
        there = place._replace(name=f"{place.name}_file")
        warnings.extend(_risks(there, folder / name))
        return _trimmed(there, name, _read(there, name, folder))
    if name := getattr(channel, f"{place.name}_env"):
        there = place._replace(name=f"{place.name}_env")
        if name not in environ:
            raise there.problem(f": there is no environment variable {shown(name)}")
        return _trimmed(there, name, environ[name])
    return []


def _read(place: _Place, name: str, folder: Path) -> str:
    try:
        with (folder / name).open("rb") as file:
            content = file.read(LONGEST + 1)
        if len(content) > LONGEST:
            raise place.problem(f": {shown(name)} is longer than {LONGEST:,} bytes")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise place.problem(f": {shown(name)} cannot be read: {error.strerror}") from None
    except ValueError:  # not UTF-8; or a path with a zero in it
        raise place.problem(f": expected a file of UTF-8 text, got {shown(name)}") from None


def _trimmed(place: _Place, name: str, text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines()]
    if not any(lines):
        raise place.problem(f": {shown(name)} is empty")
    return [line for line in lines if line]


def _risks(place: _Place, path: Path) -> Iterator[str]:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return  # it cannot be read either, which is said there
    if mode & stat.S_IROTH:
        yield f"{place}: anyone on this machine can read {shown(str(path))}; to mend it: chmod o-r"
