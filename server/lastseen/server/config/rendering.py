"""Settings as TOML that explains itself: the commented file, and what is in force and why."""

import textwrap
from collections.abc import Callable, Iterator
from typing import Any, Literal, get_args, get_origin

import tomli_w

from lastseen.server.config.loading import LoadedConfig
from lastseen.server.config.schema import Config
from lastseen.server.config.setting import SECTIONS, SETTINGS, Setting, values
from lastseen.server.printable import printable

_WIDTH = 100

_HEADER = """\
The settings of lastseen-server, each with its default and the reason for it.

Durations are in seconds. The environment wins over this file: LASTSEEN_SERVER__PORT=9000 sets
port in [server]. After a change, send the server SIGHUP; what needs a restart says so below.
`lastseen-server check-config` looks for mistakes; `show-config` shows what is in force, and why."""


def commented() -> str:
    """A file of every setting with its default, reason and bounds: config.toml is this text."""
    return _comment(_HEADER) + _render(values(Config()), _about_section, _above, lambda _: "")


def effective(loaded: LoadedConfig) -> str:
    """The settings in force as TOML, each line with a comment that says where it came from."""

    def source(setting: Setting) -> str:
        return f"  # {printable(loaded.sources[setting.key])}"

    return _render(values(loaded.config), lambda _: "", lambda _: "", source).lstrip("\n")


def _render(
    of: dict[str, Any],
    above_section: Callable[[str], str],
    above: Callable[[Setting], str],
    beside: Callable[[Setting], str],
) -> str:
    def lines() -> Iterator[str]:
        section = None
        for setting in SETTINGS:
            if setting.section != section:
                section = setting.section
                yield f"\n{above_section(section)}[{section}]\n"
            assigned = tomli_w.dumps({setting.name: _plain(of[setting.key])}).rstrip("\n")
            yield f"{above(setting)}{assigned}{beside(setting)}\n"

    return "".join(lines())


def _about_section(section: str) -> str:
    return _comment(" ".join((SECTIONS[section].__doc__ or "").split()))


def about(setting: Setting) -> str:
    """What a setting is for, and what it may be."""
    return f"{setting.meta.description} {_range(setting)}".rstrip()


def _above(setting: Setting) -> str:
    restart = " Needs a restart." if setting.restart else ""
    return "\n" + _comment(about(setting) + restart)


def _range(setting: Setting) -> str:
    if setting.meta.ge is not None:
        return f"From {_plain(setting.meta.ge):,} to {_plain(setting.meta.le):,}."
    if get_origin(setting.kind) is Literal:
        return "One of " + ", ".join(f'"{choice}"' for choice in get_args(setting.kind)) + "."
    return ""


def _comment(text: str) -> str:
    lines = [row for line in text.split("\n") for row in textwrap.wrap(line, _WIDTH - 2) or [""]]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def _plain(value: Any) -> Any:  # noqa: ANN401 (the value of any setting)
    """Whole seconds without a decimal point, as people write them; they read back equal."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
