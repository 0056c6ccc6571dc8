"""The schema as data: one `Setting` for each, to list, load, compare or write them all."""

from typing import Any, get_args

from msgspec import Meta, Struct
from msgspec.structs import FieldInfo, fields, replace

from lastseen.server.config.schema import Config
from lastseen.server.config.sections.section import Section

ENVIRONMENT_PREFIX = "LASTSEEN_"
ENVIRONMENT_SEPARATOR = "__"
"""Two, for names hold single ones; the client's `LASTSEEN_SERVER` is not of this form."""

SECTIONS: dict[str, type[Section]] = {f.name: f.type for f in fields(Config)}
"""The sections by name, in the order of the file."""


class Setting(Struct, frozen=True):
    """One setting.

    Attributes:
        section: The table of the file that it stands in.
        name: Its key in that table.
        kind: Its type, bounds aside.
        meta: Its bounds and its reason.
    """

    section: str
    name: str
    default: Any
    kind: Any
    meta: Meta

    @property
    def key(self) -> str:
        """The dotted key, like `server.port`."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable that overrides it, like `LASTSEEN_SERVER__PORT`."""
        return f"{ENVIRONMENT_PREFIX}{self.section}{ENVIRONMENT_SEPARATOR}{self.name}".upper()

    @property
    def restart(self) -> bool:
        """Whether a change waits for the next start."""
        return bool((self.meta.extra or {}).get("restart"))


def values(config: Config) -> dict[str, Any]:
    """Every setting of `config` by its dotted key, in the order of the file."""
    return {s.key: getattr(getattr(config, s.section), s.name) for s in SETTINGS}


def with_value(config: Config, key: str, value: object) -> Config:
    """A copy with another value for one dotted key; not held to any bound before it is checked."""
    section, _, name = key.partition(".")
    return replace(config, **{section: replace(getattr(config, section), **{name: value})})


def _setting(section: str, field: FieldInfo) -> Setting:
    kind, meta = get_args(field.type)
    return Setting(section, field.name, field.default, kind, meta)


SETTINGS = tuple(
    _setting(name, field) for name, section in SECTIONS.items() for field in fields(section)
)
"""Every setting, in the order of the file."""
