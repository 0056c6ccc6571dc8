"""`lastseen settings`: show what the server asks of its clients, and change what may be changed."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated

from cyclopts import App, Parameter

from lastseen.client.commands.columns import Cell, Column
from lastseen.client.commands.options import DEFAULT_SERVER, Json, Server
from lastseen.client.commands.output import safe, seconds, to_json
from lastseen.client.commands.pages import Table
from lastseen.client.commands.terminal import say
from lastseen.client.commands.usage import UsageError
from lastseen.shared.messages import Settings

CHANGEABLE = ("heartbeat_interval", "connection_timeout")

settings_app = App(
    name="settings",
    help_epilogue="""Examples:

  lastseen settings
  lastseen settings --json
  lastseen settings set heartbeat_interval 30
  lastseen settings set heartbeat_interval 90 connection_timeout 150
  lastseen settings set websocket.ping_interval 20
  lastseen settings reset""",
)


@settings_app.default
async def show(*, server: Server = DEFAULT_SERVER, json: Json = False) -> None:
    """Show the settings."""
    from lastseen.client import observe

    async with observe(server) as observer:
        _print(await observer.settings(), {}, json=json)


@settings_app.command(
    name="set", usage="Usage: lastseen settings set NAME VALUE [NAME VALUE...] [OPTIONS]"
)
async def change(
    *words: Annotated[
        str,
        Parameter(name="NAME VALUE", help="A setting and its value in seconds; may be repeated."),
    ],
    server: Server = DEFAULT_SERVER,
    json: Json = False,
) -> None:
    """Change settings, all of them or none: heartbeat_interval, connection_timeout, and others by
    their dotted keys.

    Every client follows at once, and a restart of the server keeps the change.
    """
    from lastseen.client import observe

    values: dict[str, float | None] = dict(changes(words))
    async with observe(server) as observer:
        _print(await observer.update_settings(values=values), values, json=json)


@settings_app.command(name="reset")
async def reset(
    *names: Annotated[str, Parameter(help="Only these settings; without a name, all.")],
    server: Server = DEFAULT_SERVER,
    json: Json = False,
) -> None:
    """Take changes back: the server's own configuration counts again."""
    from lastseen.client import observe

    values: dict[str, float | None] = dict.fromkeys(map(_known, names))
    async with observe(server) as observer:
        _print(await observer.update_settings(values=values, reset=not names), {}, json=json)


def changes(words: Sequence[str]) -> dict[str, float]:
    """`["heartbeat_interval", "30"]` -> `{"heartbeat_interval": 30.0}`.

    Raises:
        UsageError: A name that cannot be set, or a value that is no number of seconds.
    """
    if not words or len(words) % 2:
        raise UsageError("expected a setting and its value, like: heartbeat_interval 30")
    found: dict[str, float] = {}
    for given, value in zip(words[::2], words[1::2], strict=True):
        name = _known(given)
        found[name] = _number(name, value)
    return found


def _known(given: str) -> str:
    """A name as the server knows it; what it does with a dotted key is the server's to say."""
    name = given.replace("-", "_")
    if name not in CHANGEABLE and "." not in name:
        choices = ", ".join(CHANGEABLE)
        raise UsageError(f"expected {choices} or a dotted key, got '{safe(given)}'")
    return name


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number <= 0:
        raise UsageError(f"{name}: expected a number of seconds above 0, got '{safe(text)}'")
    return number


def _print(settings: Settings, changed: Mapping[str, float | None], *, json: bool) -> None:
    """Print the settings of the answer, and those that were set and are not among them."""
    values = {
        name: getattr(settings, name) for name in settings.__struct_fields__ if name != "request_id"
    }
    values |= {
        name: value for name, value in changed.items() if name.removeprefix("server.") not in values
    }
    if json:
        say(to_json(values))
        return
    rows = [[Cell(name, "bold"), Cell(seconds(value))] for name, value in values.items()]
    Table((Column("setting"), Column("value"))).say(rows)
