"""`lastseen doctor`: what is wrong with the server, or between it and its clients."""

from msgspec import Struct, structs

from lastseen.client.commands.exits import DONE, FAILED
from lastseen.client.commands.options import DEFAULT_SERVER, Json, Server
from lastseen.client.commands.output import safe, seconds, to_json
from lastseen.client.commands.terminal import say
from lastseen.shared.messages import IdleCut, Stats


class Finding(Struct, frozen=True):
    """The outcome of one check.

    Attributes:
        check: Its name, for scripts.
        ok: Whether nothing is wrong.
        detail: A sentence.
    """

    check: str
    ok: bool
    detail: str


async def doctor(*, server: Server = DEFAULT_SERVER, json: Json = False) -> int:
    """Check the server."""
    from lastseen.client import observe

    async with observe(server) as observer:
        round_trip = await observer.ping()
        stats = await observer.stats()
        interval = observer.heartbeat_interval
    findings = [
        Finding("answer", ok=True, detail=f"{server} answers within {1000 * round_trip:.1f} ms"),
        *examine(stats, interval),
    ]
    if json:
        say(to_json([structs.asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            say(f"{'ok     ' if finding.ok else 'PROBLEM'}  {finding.detail}")
    return DONE if all(finding.ok for finding in findings) else FAILED


def examine(stats: Stats, interval: float) -> list[Finding]:
    """Judge a server by its stats. `interval`: its heartbeat_interval, in seconds."""
    return [_idle_cut(stats.idle_cut, interval), _refusals(stats), _store(stats)]


def _idle_cut(cut: IdleCut | None, interval: float) -> Finding:
    if cut is None:
        return Finding("idle_cut", ok=True, detail="idle connections are not cut")
    return Finding(
        "idle_cut",
        ok=False,
        detail=f"connections are cut after {seconds(cut.after)} of silence, and heartbeats come "
        f"every {seconds(interval)}: {cut.ends} so far, the last of {safe(cut.client_id)} at "
        f"{safe(cut.address)}. Raise the idle timeout of the proxy or router there, or lower "
        "heartbeat_interval (docs/idle-timeouts.md)",
    )


def _refusals(stats: Stats) -> Finding:
    refused = {code: count for code, count in stats.refusals.items() if count}
    told = ", ".join(f"{count} {safe(code)}" for code, count in refused.items())
    detail = f"limits refused: {told}" if refused else "no limit refused anything"
    return Finding("refusals", ok=not refused, detail=detail)


def _store(stats: Stats) -> Finding:
    if stats.store == "unavailable":
        waiting = f"{stats.store_queued} transitions wait for it"
        return Finding("store", ok=False, detail=f"the database does not answer: {waiting}")
    if stats.store_dropped:
        detail = f"{stats.store_dropped} transitions were lost: the database did not answer in time"
        return Finding("store", ok=False, detail=detail)
    kept = "nothing is stored" if stats.store == "none" else "the database answers"
    return Finding("store", ok=True, detail=kept)
