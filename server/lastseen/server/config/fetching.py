"""Secrets that stand elsewhere: `token_file`, `url_env` and their like.

They are fetched when the settings are loaded, so that a file that is missing is known at once, and
so that a reload finds a secret that was exchanged.
"""

import re
import stat
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from lastseen.server.config.schema import Config
from lastseen.server.config.sections.notify import Channel
from lastseen.server.errors import ConfigError
from lastseen.shared.explain import shown

WANTED = {"webhook": ("url",), "telegram": ("token",), "apprise": ("url",), "command": ()}
"""What each kind of channel needs exactly one of: itself, …_file or …_env."""
OPTIONAL = {"webhook": ("secret",)}
"""What it may do without. Several may stand in its place, a line each."""

LONGEST = 65_536
"""Bytes of a file that are read: more is no secret."""


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def fetch(config: Config, folder: Path, environ: Mapping[str, str]) -> tuple[Config, list[str]]:
    """The settings with every secret in its place, and warnings of files that anyone can read.

    What channels that are not enabled ask for is left where it is.

    Raises:
        ConfigError: A secret is missing, stands in two places, or cannot be read.
    """
    source = _Source(folder, environ)
    kinds = {
        kind: tuple(
            _filled(channel, kind, f"notify.{kind}[{index}]", source)
            for index, channel in enumerate(getattr(config.notify, kind))
        )
        for kind in WANTED
    }
    return replace(config, notify=replace(config.notify, **kinds)), source.warnings


def _filled(channel: Channel, kind: str, place: str, source: "_Source") -> Channel:
    """A channel with its secrets."""
    found: dict[str, object] = {}
    for name in WANTED[kind]:
        _check_one(channel, place, name, wanted=True)
        if lines := source.lines(channel, place, name):
            if len(lines) > 1:
                raise _wrong(place, name, f"expected one line, got {len(lines)}")
            found[name] = lines[0]
    for name in OPTIONAL.get(kind, ()):
        _check_one(channel, place, name, wanted=False)
        if lines := source.lines(channel, place, name):
            found[name] = lines
    return replace(channel, **found)


def _check_one(channel: Channel, place: str, name: str, *, wanted: bool) -> None:
    ways = [name, f"{name}_file", f"{name}_env"]
    given = [way for way in ways if getattr(channel, way)]
    if len(given) > 1 or (wanted and not given):
        most = "one" if wanted else "at most one"
        got = " and ".join(given) or "none"
        raise _wrong(place, name, f"expected {most} of {', '.join(ways)}, got {got}")


class _Source:
    """Where secrets may stand.

    Attributes:
        warnings: Sentences on files that were read and that others can read, too.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.warnings: list[str] = []
        self._folder = folder
        self._environ = environ

    def lines(self, channel: Channel, place: str, name: str) -> tuple[str, ...]:
        """What stands elsewhere in place of a setting of a channel, if anything does."""
        if not channel.enabled:
            return ()
        if file := getattr(channel, f"{name}_file"):
            return self._of_file(file, place, f"{name}_file")
        if variable := getattr(channel, f"{name}_env"):
            return self._of_variable(variable, place, f"{name}_env")
        return ()

    def _of_file(self, file: str, place: str, name: str) -> tuple[str, ...]:
        credential = self._credential(file)
        path = self._folder / file if credential is None else credential
        try:
            with path.open("rb") as opened:
                content = opened.read(LONGEST + 1)
            if credential is None and path.stat().st_mode & stat.S_IROTH:
                mend = f"anyone on this machine can read {shown(file)}; to mend that: chmod o-r"
                self.warnings.append(f"{place}.{name}: {mend}")
            text = content.decode("utf-8-sig")
        except OSError as error:
            raise _wrong(place, name, f"{shown(file)} cannot be read: {error.strerror}") from None
        except ValueError:  # not UTF-8; or a path with a zero in it
            raise _wrong(place, name, f"expected a file of text, got {shown(file)}") from None
        if len(content) > LONGEST:
            raise _wrong(place, name, f"{shown(file)} is longer than {LONGEST:,} bytes")
        return _not_empty(text, place, name, file)

    def _credential(self, file: str) -> Path | None:
        """The copy of a file that systemd passed with LoadCredential=, if there is one.

        A service with DynamicUser= cannot read a file of root's. `LoadCredential=secrets:FOLDER`
        copies FOLDER/pager as `secrets_pager` (systemd.exec(5)), so the setting `secrets/pager`
        names both the file and the copy.
        """
        folder = self._environ.get("CREDENTIALS_DIRECTORY")
        if not folder or Path(file).is_absolute():
            return None
        try:
            copy = Path(folder) / "_".join(Path(file).parts)
            return copy if copy.is_file() else None
        except ValueError:  # a path with a zero in it
            return None

    def _of_variable(self, variable: str, place: str, name: str) -> tuple[str, ...]:
        if not _VARIABLE.fullmatch(variable):
            problem = "expected the name of an environment variable (not shown: is it the secret?)"
            raise _wrong(place, name, problem)
        if variable not in self._environ:
            raise _wrong(place, name, f"there is no environment variable {shown(variable)}")
        return _not_empty(self._environ[variable], place, name, variable)


def _not_empty(text: str, place: str, name: str, where: str) -> tuple[str, ...]:
    lines = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not lines:
        raise _wrong(place, name, f"{shown(where)} is empty")
    return lines


def _wrong(place: str, name: str, problem: str) -> ConfigError:
    return ConfigError(f"{place}.{name}: {problem}", [place.partition("[")[0]])
