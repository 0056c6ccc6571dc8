"""Two sets of settings compared: what can change live, and what waits for a restart."""

from msgspec import Struct
from msgspec.structs import replace

from lastseen.server.config.schema import Config
from lastseen.server.config.setting import SETTINGS, values


class Changes(Struct, frozen=True):
    """The dotted keys of settings that differ: to be applied live, or needing a restart."""

    live: tuple[str, ...]
    restart: tuple[str, ...]


def changes(old: Config, new: Config) -> Changes:
    """What differs between two sets of settings."""
    before, after = values(old), values(new)
    changed = [s for s in SETTINGS if before[s.key] != after[s.key]]
    return Changes(
        live=tuple(s.key for s in changed if not s.restart),
        restart=tuple(s.key for s in changed if s.restart),
    )


def keep_until_restart(old: Config, new: Config) -> Config:
    """`new`, with what needs a restart as it is in `old`: the settings in force after a reload."""
    kept = new
    for setting in SETTINGS:
        if setting.restart:
            value = getattr(getattr(old, setting.section), setting.name)
            section = replace(getattr(kept, setting.section), **{setting.name: value})
            kept = replace(kept, **{setting.section: section})
    return kept
