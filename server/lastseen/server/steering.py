"""The settings in force, and the one way to change them while the server runs."""

from collections.abc import Callable

from msgspec.structs import replace

from lastseen.server import logs
from lastseen.server.config import Config, check
from lastseen.server.presence.model import Policy
from lastseen.server.presence.presence import Presence
from lastseen.shared.messages import Settings

log = logs.get_logger()


class Steering:
    """Holds the settings and has presence follow them.

    Attributes:
        config: The settings in force.
        on_change: Called after a change, to tell clients.
    """

    def __init__(self, config: Config, presence: Presence) -> None:
        self.config = config
        self.on_change: Callable[[], None] = lambda: None
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

    def update(self, heartbeat_interval: float | None, connection_timeout: float | None) -> None:
        """Change the intervals that are given, and keep the others.

        Raises:
            ConfigError: The settings would not fit together; nothing has changed.
        """
        server = self.config.server
        self.follow(
            replace(
                self.config,
                server=replace(
                    server,
                    heartbeat_interval=_given(heartbeat_interval, server.heartbeat_interval),
                    connection_timeout=_given(connection_timeout, server.connection_timeout),
                ),
            )
        )

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
            self.on_change()


def policy_of(config: Config) -> Policy:
    """The settings by which presence judges."""
    server, detector = config.server, config.detector
    return Policy(
        heartbeat_interval=server.heartbeat_interval,
        connection_timeout=server.connection_timeout,
        reconnect_grace=server.reconnect_grace,
        max_clients=server.max_clients,
        duplicate=server.duplicate,
        mass_loss_ratio=detector.mass_loss_ratio,
        mass_loss_min=detector.mass_loss_min,
        mass_loss_hold=detector.mass_loss_hold,
    )


def _given(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
