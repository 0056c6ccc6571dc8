"""`lastseen ping`: how long the server takes to answer, in the manner of ping(8)."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from lastseen.client.commands.options import DEFAULT_SERVER, Json, Server
from lastseen.client.commands.output import safe, to_json, utc_now
from lastseen.client.commands.terminal import say

_DIGITS = 6  # microseconds: what is behind them is noise

_FASTEST = 0.01
"""Seconds between pings, at least: this measures the server, it does not load it."""


@dataclass
class Tally:
    """The round trips so far, in seconds."""

    sent: int = 0
    answered: int = 0
    total: float = 0.0
    least: float = field(default=float("inf"))
    most: float = 0.0

    def take(self, round_trip: float | None) -> None:
        """Count a ping that was answered after so many seconds; None: it was not."""
        self.sent += 1
        if round_trip is not None:
            self.answered += 1
            self.total += round_trip
            self.least = min(self.least, round_trip)
            self.most = max(self.most, round_trip)

    def to_dict(self) -> dict[str, Any]:
        """The `summary` line of --json."""
        known = self.answered > 0
        return {
            "type": "summary",
            "time": utc_now(),
            "sent": self.sent,
            "answered": self.answered,
            "min": self.least if known else None,
            "avg": round(self.total / self.answered, _DIGITS) if known else None,
            "max": self.most if known else None,
        }

    def lines(self, server: str) -> list[str]:
        """The summary for people."""
        lost = 100 * (self.sent - self.answered) / self.sent if self.sent else 0.0
        told = [
            f"--- {server} ---",
            f"pings: {self.sent} sent, {self.answered} answered, {lost:.3g}% lost",
        ]
        if self.answered:
            average = self.total / self.answered
            times = "/".join(f"{1000 * t:.3f}" for t in (self.least, average, self.most))
            told.append(f"round trip min/avg/max = {times} ms")
        return told


async def ping(
    *,
    count: Annotated[
        int | None,
        Parameter(name=("--count", "-c"), validator=Number(gte=1), help="Stop after so many."),
    ] = None,
    interval: Annotated[
        float,
        Parameter(
            name=("--interval", "-i"),
            validator=Number(gte=_FASTEST),
            help=f"Seconds between pings, at least {_FASTEST}.",
        ),
    ] = 1.0,
    server: Server = DEFAULT_SERVER,
    json: Json = False,
) -> int:
    """Measure round trips."""
    from lastseen.client.commands.signals import stopped_by_signals

    tally = Tally()
    with stopped_by_signals() as stop:
        await _ping(server, tally, count, interval, json=json)
    for line in [to_json(tally.to_dict())] if json else tally.lines(server):
        say(line)
    if stop.signal is not None:
        return stop.exit_code
    return 0 if tally.answered else 1


async def _ping(
    server: str, tally: Tally, count: int | None, interval: float, *, json: bool
) -> None:
    import trio

    from lastseen.client import LinkLost, observe

    async with observe(server) as observer:
        due = trio.current_time()
        while count is None or tally.sent < count:
            await trio.sleep_until(due)
            due = max(due + interval, trio.current_time())
            round_trip, reason = None, ""
            try:
                round_trip = round(await observer.ping(), _DIGITS)
            except LinkLost as error:
                reason = str(error)
            tally.take(round_trip)
            say(answer(server, tally.sent, round_trip, reason, json=json))


def answer(server: str, number: int, round_trip: float | None, reason: str, *, json: bool) -> str:
    """The line for one ping."""
    if json:
        told = {"type": "pong", "time": utc_now(), "number": number, "round_trip": round_trip}
        if round_trip is None:
            told |= {"type": "lost", "reason": reason}
        return to_json(told)
    if round_trip is None:
        return f"no pong from {server}: ping {number}: {safe(reason)}"
    return f"pong from {server}: ping {number}: {1000 * round_trip:.3f} ms"
