"""The settings: what there is (`schema`), what fits (`checks`), whence they come (`loading`)."""

from lastseen.server.config.changes import Changes, changes, keep_until_restart
from lastseen.server.config.checks import check
from lastseen.server.config.loading import DEFAULT_PATH, LoadedConfig, load
from lastseen.server.config.schema import Config
from lastseen.server.config.sections.detector import Detector
from lastseen.server.config.sections.limits import Limits
from lastseen.server.config.sections.log import Log
from lastseen.server.config.sections.server import Server
from lastseen.server.config.setting import SETTINGS, Setting, values, with_value
from lastseen.server.errors import ConfigError

__all__ = [
    "DEFAULT_PATH",
    "SETTINGS",
    "Changes",
    "Config",
    "ConfigError",
    "Detector",
    "Limits",
    "LoadedConfig",
    "Log",
    "Server",
    "Setting",
    "changes",
    "check",
    "keep_until_restart",
    "load",
    "values",
    "with_value",
]
