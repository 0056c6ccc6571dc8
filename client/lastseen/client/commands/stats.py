"""`lastseen stats`: how the server is."""

from datetime import datetime
from typing import Any

from msgspec import structs

from lastseen.client.commands.columns import Cell, Column, Layout
from lastseen.client.commands.options import DEFAULT_SERVER, Json, Server
from lastseen.client.commands.output import ago, long_duration, safe, seconds, to_json, utc_now
from lastseen.client.commands.terminal import say, say_rows, width
from lastseen.shared.messages import IdleCut, LanStats, Stats

_STORE = {
    "none": "none: what happened is forgotten when the server ends",
    "working": "working",
    "unavailable": "unavailable: transitions wait for it, and presence goes on",
}

_OF_THE_STORE = ("store_queued", "store_dropped", "store_failures")


async def stats(*, server: Server = DEFAULT_SERVER, json: Json = False) -> None:
    """Show the statistics."""
    from lastseen.client import observe

    async with observe(server) as observer:
        found = await observer.stats()
    if json:
        say(to_json(to_dict(found)))
        return
    table = rows(found, utc_now())
    layout = Layout((Column("statistic"), Column("value", narrowest=20)), width=width())
    layout.take(table)
    say_rows([layout.line(cells) for cells in table])


def to_dict(found: Stats) -> dict[str, Any]:
    """Every field of the answer but the `request_id`; times in seconds, sizes in bytes."""
    values = {name: getattr(found, name) for name in found.__struct_fields__}
    del values["request_id"]
    parts = {"lan": found.lan, "idle_cut": found.idle_cut}
    return values | {
        name: None if part is None else structs.asdict(part) for name, part in parts.items()
    }


def rows(found: Stats, now: datetime) -> list[list[Cell]]:
    """A statistic and its value for people, one a row."""
    values = to_dict(found) | {
        "version": safe(found.version),
        "epoch": safe(found.epoch),
        "started_at": ago(found.started_at, now),
        "uptime": long_duration(found.uptime),
        "transitions": _counted(found.transitions),
        "refusals": _counted(found.refusals) or "none",
        "idle_cut": "none" if found.idle_cut is None else _idle_cut(found.idle_cut),
        "reaper_duration": _milliseconds(found.reaper_duration),
        "reaper_lateness": _milliseconds(found.reaper_lateness),
        "stalled": _milliseconds(found.stalled),
        "memory": f"{found.memory / 2**20:.1f} MiB",
        "store": _STORE[found.store],
        "last_heard": "never" if found.last_heard is None else ago(found.last_heard, now),
        "last_pass": "none yet" if found.last_pass is None else ago(found.last_pass, now),
        "page": safe(found.page) or "none: HTTP is not served",
    }
    del values["lan"]
    if found.lan is not None:
        values |= _of_the_lan(found.lan, now)
    if found.store == "none":
        values = {name: value for name, value in values.items() if name not in _OF_THE_STORE}
    return [
        [Cell(name.replace("_", " "), "bold"), Cell(_plain(value))]
        for name, value in values.items()
    ]


def _idle_cut(cut: IdleCut) -> str:
    return f"after {seconds(cut.after)} of silence, {cut.ends} times, last at {safe(cut.address)}"


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {safe(name)}" for name, count in counts.items())


def _of_the_lan(found: LanStats, now: datetime) -> dict[str, Any]:
    last = found.last_heartbeat
    values = structs.asdict(found) | {"last_heartbeat": "never" if last is None else ago(last, now)}
    return {f"lan_{name}": value for name, value in values.items()}


def _plain(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _milliseconds(duration: float) -> str:
    return f"{1000 * duration:.1f} ms"
