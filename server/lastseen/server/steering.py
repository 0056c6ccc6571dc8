"""The settings in force, and the one way to change them while the server runs."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lastseen.server import logs
from lastseen.server.config import (
    Config,
    LoadedConfig,
    check,
    keep_until_restart,
    runtime,
    values,
)
from lastseen.server.presence.model import Policy
from lastseen.server.presence.presence import Presence
from lastseen.shared.messages import Settings

log = logs.get_logger()


class Steering:
    """Holds the settings and has presence follow them.

    Attributes:
        config: The settings in force.
        configured: What they would be without what was changed while running.
        changed: What was, by dotted key; a restart keeps it.
        listeners: Called after a change of what clients are told.
        witnesses: Called after any change.
        answered: Peers whose answer carried the settings in force since they last changed. They
            need no push of the same settings.
    """

    def __init__(
        self,
        config: Config,
        presence: Presence,
        configured: Config | None = None,
        kept: runtime.Runtime | None = None,
    ) -> None:
        """`kept` is where changes are kept; None: nowhere."""
        self.config = config
        self.configured = configured or config
        self.changed: Mapping[str, Any] = {} if kept is None else kept.changes
        self.listeners: list[Callable[[], None]] = []
        self.witnesses: list[Callable[[], None]] = []
        self.answered: set[object] = set()
        self._path = None if kept is None else kept.path
        self._presence = presence

    def settings(self, request_id: int | None = None) -> Settings:
        """What clients are told of the settings."""
        server, limits = self.config.server, self.config.limits
        return Settings(
            heartbeat_interval=server.heartbeat_interval,
            connection_timeout=server.connection_timeout,
            reap_interval=server.reap_interval,
            reconnect_grace=server.reconnect_grace,
            min_heartbeat_interval=limits.min_heartbeat_interval,
            max_heartbeat_interval=limits.max_heartbeat_interval,
            request_id=request_id,
        )

    def change(self, wanted: Mapping[str, Any], by: str = "") -> None:
        """Put settings in force and keep them, by dotted key (`server.` may be left out); None
        takes a change back. `by` is told to the log: who asks.

        Raises:
            ConfigError: They would not fit together, or cannot be kept; nothing has changed.
        """
        changed = runtime.changed(self.configured, self.changed, wanted)
        if changed == self.changed:
            return
        config = runtime.over(self.configured, changed)
        check(config)
        if self._path is not None:
            runtime.write(self._path, changed)
        told = _differences(self.config, config)
        self.changed = changed
        self.follow(config)
        log.info("settings changed", by=by, **told)

    def reset(self, by: str = "") -> None:
        """Take every change back.

        Raises:
            ConfigError: As `change`.
        """
        self.change(dict.fromkeys(self.changed), by)

    def reload(self, loaded: LoadedConfig) -> None:
        """Follow settings that were read again, as far as that needs no restart.

        Raises:
            ConfigError: They do not fit what needs one; nothing has changed.
        """
        configured = keep_until_restart(self.config, loaded.configured or loaded.config)
        changed = {} if loaded.runtime is None else loaded.runtime.changes
        self.follow(runtime.over(configured, changed))
        self.configured, self.changed = configured, changed

    def follow(self, config: Config) -> None:
        """Put other settings in force.

        Raises:
            ConfigError: They do not fit together; nothing has changed.
        """
        warnings = check(config)
        if config == self.config:
            return
        for warning in warnings:
            log.warning(warning)
        told_before = self.settings()
        self.config = config
        policy = policy_of(config)
        if policy != self._presence.policy:
            self._presence.follow(policy)
        if self.settings() != told_before:
            self.answered.clear()
            _call(self.listeners)
        _call(self.witnesses)


def _differences(old: Config, new: Config) -> dict[str, str]:
    """What the log says of a change: each setting's value before and after."""
    before, after = values(old), values(new)
    changed = (key for key in before if before[key] != after[key])
    return {key.replace(".", "_"): f"{before[key]} -> {after[key]}" for key in changed}


def _call(those: Iterable[Callable[[], None]]) -> None:
    for one in those:
        one()


def policy_of(config: Config) -> Policy:
    """The settings by which presence judges."""
    server, detector = config.server, config.detector
    return Policy(
        heartbeat_interval=server.heartbeat_interval,
        connection_timeout=server.connection_timeout,
        reconnect_grace=server.reconnect_grace,
        max_clients=server.max_clients,
        duplicate=server.duplicate,
        max_sessions_per_client=server.max_sessions_per_client,
        mass_loss_ratio=detector.mass_loss_ratio,
        mass_loss_min=detector.mass_loss_min,
        mass_loss_hold=detector.mass_loss_hold,
    )
