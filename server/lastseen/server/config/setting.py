"""The schema as data: one `Setting` for each, to list, load, compare or write them all."""

import re
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from msgspec import NODEFAULT, Meta, Struct
from msgspec.structs import FieldInfo, fields, replace

from lastseen.server.config.schema import Config
from lastseen.server.config.sections.section import Section

ENVIRONMENT_PREFIX = "LASTSEEN_"
ENVIRONMENT_SEPARATOR = "__"
"""Two, for names hold single ones; the client's `LASTSEEN_SERVER` is not of this form."""

_INDEX = re.compile(r"\[(\d+|\.\.\.)\]")

SECTIONS: dict[str, type[Section]] = {f.name: f.type for f in fields(Config)}
"""The sections by name, in the order of the file."""


class Setting(Struct, frozen=True):
    """One setting.

    Attributes:
        section: The table of the file that it stands in; `notify.webhook` of one of an array.
        name: Its key in that table.
        kind: Its type, bounds aside.
        meta: Its bounds and its reason.
        table: Of an array of tables: the kind of these; None of a plain value.
    """

    section: str
    name: str
    default: Any
    kind: Any
    meta: Meta
    table: type[Section] | None = None

    @property
    def key(self) -> str:
        """The dotted key, like `server.port`."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable that overrides it, like `LASTSEEN_SERVER__PORT`."""
        return f"{ENVIRONMENT_PREFIX}{self.section}{ENVIRONMENT_SEPARATOR}{self.name}".upper()

    @property
    def kinds(self) -> set[Any]:
        """The types that a value may have, bounds and item types aside."""
        is_union = get_origin(self.kind) in (Union, UnionType)
        members = get_args(self.kind) if is_union else (self.kind,)
        plain = (get_args(m)[0] if get_origin(m) is Annotated else m for m in members)
        return {get_origin(kind) or kind for kind in plain}

    @property
    def restart(self) -> bool:
        """Whether a change waits for the next start."""
        return bool((self.meta.extra or {}).get("restart"))

    @property
    def steerable(self) -> bool:
        """Whether it may be changed over the wire and HTTP while the server runs."""
        return bool((self.meta.extra or {}).get("steerable"))

    @property
    def secret(self) -> bool:
        """Whether its value is not to be seen."""
        return bool((self.meta.extra or {}).get("secret"))


def values(config: Config) -> dict[str, Any]:
    """Every setting of `config` by its dotted key, in the order of the file."""
    return {s.key: getattr(getattr(config, s.section), s.name) for s in SETTINGS}


def with_value(config: Config, key: str, value: object) -> Config:
    """A copy with another value for one dotted key; not held to any bound before it is checked."""
    section, _, name = key.partition(".")
    return replace(config, **{section: replace(getattr(config, section), **{name: value})})


def _setting(section: str, field: FieldInfo) -> Setting:
    kind, *_, meta = get_args(field.type)  # of several, the last has the reason
    default = field.default if field.default_factory is NODEFAULT else field.default_factory()
    return Setting(section, field.name, default, kind, meta, _table(kind))


def _table(kind: object) -> type[Section] | None:
    items = get_args(kind)[:1]
    found = items[0] if items else None
    return found if isinstance(found, type) and issubclass(found, Section) else None


SETTINGS = tuple(
    _setting(name, field) for name, section in SECTIONS.items() for field in fields(section)
)
"""Every setting, in the order of the file."""

INNER: dict[str, tuple[Setting, ...]] = {
    s.key: tuple(_setting(s.key, field) for field in fields(s.table)) for s in SETTINGS if s.table
}
"""Of each array of tables, like `notify.webhook`, the settings that each of its tables has."""

SECRETS = frozenset(s.key for several in (SETTINGS, *INNER.values()) for s in several if s.secret)
"""The dotted keys of all whose value is not to be seen."""


def may_hold_secret(path: str) -> bool:
    """Whether what stands at a path, like `notify.webhook[0].url`, is a secret or has one in it."""
    key = _INDEX.sub("", path)
    return any(
        secret.startswith(f"{key}.") or re.match(rf"{re.escape(secret)}(?!\w)", key)
        for secret in SECRETS
    )
