"""`/api/settings`: what is in force, and what may be changed while the server runs."""

from typing import Any

from litestar import Request, delete, get, patch
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from lastseen.server.config import runtime, values
from lastseen.server.config.setting import Setting
from lastseen.server.http.access import ADMIN, OBSERVER, address_of
from lastseen.server.http.desk import Desk
from lastseen.server.http.problems import REFUSALS, Problem
from lastseen.server.steering import Steering
from lastseen.shared.messages import Settings

Value = bool | int | float | str

_INTERVALS = ("min_heartbeat_interval", "max_heartbeat_interval")
_GUARDED = {"server.heartbeat_interval": _INTERVALS, "lan.announce_interval": _INTERVALS}
"""Settings whose bounds are settings themselves, of [limits]."""


class Steerable(Struct, frozen=True, omit_defaults=True):
    """A setting that may be changed while the server runs.

    Attributes:
        configured: What it is without the change: config.toml, the environment, the default.
        changed: Whether a change is in force; a restart keeps it.
        about: What it is for.
    """

    key: str
    value: Value
    configured: Value
    changed: bool
    about: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None


class SettingsView(Struct, frozen=True):
    """The settings that concern clients, in seconds, and all that may be changed."""

    heartbeat_interval: float
    connection_timeout: float
    reap_interval: float
    reconnect_grace: float
    min_heartbeat_interval: float
    max_heartbeat_interval: float
    steerable: list[Steerable]


@get(
    "/api/settings",
    guards=[OBSERVER],
    responses=REFUSALS,
    tags=["settings"],
    summary="The settings in force",
)
async def show_settings(desk: NamedDependency[Desk]) -> SettingsView:
    """What is in force, and what may be changed."""
    return view(desk.steering)


@patch(
    "/api/settings",
    guards=[ADMIN],
    responses=REFUSALS,
    tags=["settings"],
    summary="Change settings",
)
async def change_settings(
    request: Request[Any, Any, Any],
    desk: NamedDependency[Desk],
    data: JSONBody[dict[str, Value | None]],
) -> SettingsView:
    """Put all of these in force, or none; null takes a change back."""
    if not data:
        raise Problem(
            "bad_request", 'expected at least one setting, like {"heartbeat_interval": 30}'
        )
    desk.steering.change(data, by=address_of(request))
    return view(desk.steering)


@delete(
    "/api/settings",
    guards=[ADMIN],
    status_code=200,
    responses=REFUSALS,
    tags=["settings"],
    summary="Take all changes back",
)
async def reset_settings(
    request: Request[Any, Any, Any], desk: NamedDependency[Desk]
) -> SettingsView:
    """Everything is as it is configured again."""
    desk.steering.reset(by=address_of(request))
    return view(desk.steering)


def view(steering: Steering) -> SettingsView:
    """The settings as those who look see them."""
    told: Settings = steering.settings()
    return SettingsView(
        told.heartbeat_interval,
        told.connection_timeout,
        told.reap_interval,
        told.reconnect_grace,
        told.min_heartbeat_interval,
        told.max_heartbeat_interval,
        [_steerable(setting, steering) for setting in runtime.STEERABLE.values()],
    )


def _steerable(setting: Setting, steering: Steering) -> Steerable:
    now, configured = values(steering.config), values(steering.configured)
    least, most = _GUARDED.get(setting.key, ("", ""))
    return Steerable(
        key=setting.key,
        value=now[setting.key],
        configured=configured[setting.key],
        changed=setting.key in steering.changed,
        about=setting.meta.description or "",
        unit="seconds" if setting.kind is float else "",
        minimum=now[f"limits.{least}"] if least else setting.meta.ge,
        maximum=now[f"limits.{most}"] if most else setting.meta.le,
    )
