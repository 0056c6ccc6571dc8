"""What settings must satisfy, alone and together: in a file, a reload and a live update."""

import re
from collections.abc import Iterator

import msgspec

from lastseen.server.config.hosts import ANONYMOUS, check_hosts, exposed_hosts, listened_on
from lastseen.server.config.http_checks import check_http, http_risks
from lastseen.server.config.lan_checks import check_lan, lan_risks
from lastseen.server.config.notify_checks import check_notify
from lastseen.server.config.schema import Config
from lastseen.server.config.secret import reveal
from lastseen.server.config.setting import may_hold_secret
from lastseen.server.config.store_url import STORE_URL, problem_with
from lastseen.server.config.websocket_checks import check_websocket, websocket_risks
from lastseen.server.errors import ConfigError
from lastseen.shared.explain import explain

_INTERVAL, _TIMEOUT = "server.heartbeat_interval", "server.connection_timeout"
_LEAST, _MOST = "limits.min_heartbeat_interval", "limits.max_heartbeat_interval"
_HOST = "server.host"

_KEY = re.compile(r"^\w+\.\w+")

_TABLE = re.compile(r"(notify\.\w+): expected `array`")
"""What is said of `[notify.webhook]`, which is easily written for `[[notify.webhook]]`."""

_SAFE_TIMEOUT = 2
"""Heartbeat intervals that connection_timeout should span, so that one ping may be lost."""


def check(config: Config) -> list[str]:
    """Hold settings to their bounds and to each other.

    Returns:
        Warnings: sentences on settings that are allowed and risky.

    Raises:
        ConfigError: With one sentence: the dotted key, the value met and what was expected.
    """
    _check_bounds(config)
    _check_limits(config)
    _check_timeout(config)
    check_hosts(_HOST, config.server.host, config)
    _check_store(config)
    check_websocket(config)
    check_http(config)
    check_lan(config)
    check_notify(config)
    _check_ports(config)
    return list(_risks(config))


def _check_ports(config: Config) -> None:
    """Refuse two listeners of one address and port; port 0 is any free one."""
    server, websocket, http = config.server, config.websocket, config.http
    doors = {
        "server": (server.host, server.port),
        "websocket": (websocket.host, websocket.port if websocket.enabled else 0),
        "http": (http.host, http.port if http.enabled else 0),
    }
    taken: dict[tuple[str, int], str] = {}
    for name, (hosts, port) in doors.items():
        for host in listened_on(hosts) if port else ():
            other = taken.setdefault((host, port), name)
            if other == name:
                continue
            raise ConfigError(
                f"{name}.port: expected another than {other}.port, got {port} for both",
                [f"{name}.port", f"{other}.port"],
            )


def explained(error: msgspec.ValidationError, document: object) -> str:
    """The sentence for settings that are no `Config`; a value that may hold a secret is left out.

    Shape: ``server.port: expected `int`, got 'eighty'``.
    """
    sentence = explain(error, document, Config)
    if table := _TABLE.match(sentence):
        return f"{table[1]}: expected [[{table[1]}]] in two pairs of brackets, one for each"
    if may_hold_secret(sentence.partition(": ")[0]):
        return sentence.partition(", got ")[0]
    return sentence


def _check_bounds(config: Config) -> None:
    """Again, because a changed copy (`msgspec.structs.replace`) is not held to them by itself."""
    document = msgspec.to_builtins(config, enc_hook=reveal)
    try:
        msgspec.convert(document, Config)
    except msgspec.ValidationError as error:
        sentence = explained(error, document)
        raise ConfigError(sentence, keys=_KEY.findall(sentence)[:1]) from None


def _check_limits(config: Config) -> None:
    interval = config.server.heartbeat_interval
    least, most = config.limits.min_heartbeat_interval, config.limits.max_heartbeat_interval
    if least > most:
        raise ConfigError(
            f"{_LEAST}: expected at most {_MOST} ({most:g}), got {least:g}", [_LEAST, _MOST]
        )
    if not least <= interval <= most:
        raise ConfigError(
            f"{_INTERVAL}: expected from {least:g} to {most:g} seconds"
            f" ({_LEAST} and {_MOST}), got {interval:g}",
            [_INTERVAL, _LEAST, _MOST],
        )


def _check_timeout(config: Config) -> None:
    interval, timeout = config.server.heartbeat_interval, config.server.connection_timeout
    if timeout <= interval:
        raise ConfigError(
            f"{_TIMEOUT}: expected more than {_INTERVAL} ({interval:g}), got {timeout:g}:"
            " clients would be given up on between two pings",
            [_TIMEOUT, _INTERVAL],
        )


def _check_store(config: Config) -> None:
    if problem := problem_with(config.store.url):
        raise ConfigError(f"{STORE_URL}: {problem}", [STORE_URL])


def _risks(config: Config) -> Iterator[str]:
    interval, timeout = config.server.heartbeat_interval, config.server.connection_timeout
    if timeout < _SAFE_TIMEOUT * interval:
        yield (
            f"{_TIMEOUT} ({timeout:g}) is less than twice {_INTERVAL} ({interval:g}):"
            " one lost or late ping is enough to give up on a client that is well"
        )
    if exposed := exposed_hosts(config.server.host):
        yield (
            f"{_HOST} is {exposed} and {ANONYMOUS} is true: whoever can reach"
            " that address can register as anyone, see everyone and change settings"
        )
    yield from websocket_risks(config)
    yield from http_risks(config)
    yield from lan_risks(config)
