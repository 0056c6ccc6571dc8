"""Settings as TOML that explains itself: the commented file, and what is in force and why."""

import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

import tomli_w

from lastseen.server.config.loading import LoadedConfig
from lastseen.server.config.schema import Config
from lastseen.server.config.sections.section import Section
from lastseen.server.config.setting import INNER, SECTIONS, SETTINGS, Setting, values
from lastseen.server.config.store_url import STORE_URL, without_password
from lastseen.server.printable import printable

_WIDTH = 100

_HEADER = """\
The settings of lastseen-server, each with its default and the reason for it.

Durations are in seconds. The environment wins over this file: LASTSEEN_SERVER__PORT=9000 sets
port in [server]. After a change, send the server SIGHUP; what needs a restart says so below.
`lastseen-server check-config` looks for mistakes; `show-config` shows what is in force, and why."""


def commented(changed: Mapping[str, Any] = {}) -> str:
    """A file of every setting with its default, reason and bounds: config.toml is this text.

    Args:
        changed: Values in place of defaults, by dotted key.
    """
    return _comment(_HEADER) + _render(
        values(Config()) | dict(changed), _about_section, _above, lambda _: "", _example
    )


def effective(loaded: LoadedConfig) -> str:
    """The settings in force as TOML, each line with a comment that says where it came from."""

    def source(setting: Setting) -> str:
        return f"  # {printable(loaded.sources[setting.key])}"

    def tables(array: Setting, found: tuple[Section, ...]) -> str:
        return "".join(_table(array, table, source(array)) for table in found)

    rendered = _render(values(loaded.config), lambda _: "", lambda _: "", source, tables)
    return rendered.lstrip("\n")


def _render(
    of: dict[str, Any],
    above_section: Callable[[str], str],
    above: Callable[[Setting], str],
    beside: Callable[[Setting], str],
    tables: Callable[[Setting, Any], str],
) -> str:
    """All sections. The plain values of a section stand before its arrays of tables."""

    def lines() -> Iterator[str]:
        section = None
        for setting in SETTINGS:
            if setting.section != section:
                section = setting.section
                head = above_section(section) + ("" if setting.table else f"[{section}]\n")
                yield f"\n{head}" if head else ""
            if setting.table:
                yield tables(setting, of[setting.key])
            else:
                yield f"{above(setting)}{_assigned(setting, of[setting.key])}{beside(setting)}\n"

    return "".join(lines())


def _table(array: Setting, table: Section, beside: str) -> str:
    """One table of an array, with what is set in it."""
    rows = [f"\n[[{array.key}]]{beside}"]
    for setting in INNER[array.key]:
        value = getattr(table, setting.name)
        elsewhere = any(getattr(table, f"{setting.name}_{way}", None) for way in ("file", "env"))
        if value is not None and not elsewhere:
            rows.append(_assigned(setting, value))
    return "\n".join(rows) + "\n"


def _example(array: Setting, _: object) -> str:
    """One table of an array as a comment, for somebody to begin with."""
    example = (array.meta.examples or [{}])[0]
    rows = [f"{name} = {_toml(value)}" for name, value in example.items()]
    head = f"{str(array.meta.description).rstrip('.')}:"
    return "\n" + _comment("\n".join([head, f"[[{array.key}]]", *rows]))


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


def _assigned(setting: Setting, value: Any) -> str:  # noqa: ANN401 (the value of any setting)
    if setting.key == STORE_URL:
        value = without_password(value)
    return f"{setting.name} = {_toml(value)}"


def _toml(value: Any) -> str:  # noqa: ANN401 (the value of any setting)
    """A value on one line. A secret shows itself as none: `str` makes nothing else of it."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        pairs = (tomli_w.dumps({key: str(value[key])}).strip() for key in value)
        return "{ " + ", ".join(pairs) + " }" if value else "{}"
    return (
        tomli_w.dumps({"": str(value) if isinstance(value, str) else _plain(value)})
        .partition("= ")[2]
        .strip()
    )
