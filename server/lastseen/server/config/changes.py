"""Two sets of settings compared: what can change live, and what waits for a restart."""

from msgspec import Struct

from lastseen.server.config.schema import Config
from lastseen.server.config.setting import SETTINGS, values, with_value


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
    before = values(old)
    for setting in SETTINGS:
        if setting.restart:
            new = with_value(new, setting.key, before[setting.key])
    return new
