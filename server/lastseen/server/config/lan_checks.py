"""What the settings of [lan] must satisfy: addresses, names in form, intervals that fit."""

import ipaddress
from collections.abc import Iterator

from lastseen.server.config.schema import Config
from lastseen.server.errors import ConfigError
from lastseen.shared.explain import shown

_INTERVAL, _TIMEOUT = "lan.announce_interval", "lan.peer_timeout"
_LEAST, _MOST = "limits.min_heartbeat_interval", "limits.max_heartbeat_interval"
_BIND, _BROADCAST = "lan.bind", "lan.broadcast"

_SAFE_TIMEOUT = 2
"""Announcements that peer_timeout should span, so that one may be lost."""


def check_lan(config: Config) -> None:
    """Hold [lan] to what its own bounds cannot say; as long as it is off, to its own form only.

    Raises:
        ConfigError: With one sentence: the dotted key, the value met and what was expected.
    """
    lan = config.lan
    _check_address(_BIND, lan.bind)
    for index, address in enumerate(lan.broadcast):
        _check_address(f"{_BROADCAST}[{index}]", address, _BROADCAST)
    for name in ("user", "host"):
        _check_name(f"lan.{name}", getattr(lan, name), forbidden=":")
    for name in ("nickname", "group"):
        _check_name(f"lan.{name}", getattr(lan, name))
    if lan.enabled:
        _check_intervals(config)


def lan_risks(config: Config) -> Iterator[str]:
    """What is allowed and risky."""
    interval, timeout = config.lan.announce_interval, config.lan.peer_timeout
    if config.lan.enabled and timeout < _SAFE_TIMEOUT * interval:
        yield (
            f"{_TIMEOUT} ({timeout:g}) is less than twice {_INTERVAL} ({interval:g}): a member"
            " whose answer is lost once has to be asked for itself to stay"
        )


def _check_intervals(config: Config) -> None:
    interval, timeout = config.lan.announce_interval, config.lan.peer_timeout
    least, most = config.limits.min_heartbeat_interval, config.limits.max_heartbeat_interval
    if not least <= interval <= most:
        raise ConfigError(
            f"{_INTERVAL}: expected from {least:g} to {most:g} seconds"
            f" ({_LEAST} and {_MOST}), got {interval:g}",
            [_INTERVAL, _LEAST, _MOST],
        )
    if timeout <= interval:
        raise ConfigError(
            f"{_TIMEOUT}: expected more than {_INTERVAL} ({interval:g}), got {timeout:g}:"
            " members would be given up on between two announcements",
            [_TIMEOUT, _INTERVAL],
        )


def _check_address(where: str, value: str, key: str | None = None) -> None:
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        raise ConfigError(
            f"{where}: expected an IPv4 address, got {shown(value)}", [key or where]
        ) from None


def _check_name(key: str, value: str, forbidden: str = "") -> None:
    if not value.isprintable() or any(character in value for character in forbidden):
        without = " without a ':'" if forbidden else ""
        raise ConfigError(f"{key}: expected printable text{without}, got {shown(value)}", [key])
