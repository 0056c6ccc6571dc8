"""How the server is, and how it fares as a member of the LAN."""

from typing import Literal

from msgspec import Struct

from lastseen.shared.messages.base import Answer, Request
from lastseen.shared.messages.fields import Moment


class GetStats(Request, frozen=True):
    """Answered by `stats`."""


class LanStats(Struct, frozen=True, omit_defaults=True, gc=False):
    """How the server fares as a member of the LAN, since its start.

    Attributes:
        members: Addresses of members that are known now.
        heartbeats: Announcements that left on at least one network; `last_heartbeat` is when (UTC).
        sent: Datagrams that left.
        failed: Times that the system would not send.
        received: Datagrams that came.
        repeats: Of these, those that had come before.
        unreadable: Those that were no packet.
        dropped: Those beyond what one address may send.
        refused: Signs of life refused because as many members, or clients, are known as may be.
    """

    members: int = 0
    heartbeats: int = 0
    last_heartbeat: Moment | None = None
    sent: int = 0
    failed: int = 0
    received: int = 0
    repeats: int = 0
    unreadable: int = 0
    dropped: int = 0
    refused: int = 0


class IdleCut(Struct, frozen=True, gc=False):
    """Connections that end after the same silence each time: a proxy or router cuts them.

    Attributes:
        after: Seconds of silence.
        ends: Connections that ended so since the server's start, at most one a second.
        last_at: When the last one ended (UTC).
        address: Where the last one came from, `host:port`.
        client_id: Whose the last one was.
    """

    after: float
    ends: int
    last_at: Moment
    address: str
    client_id: str


class Stats(Answer, frozen=True):
    """How the server is. Times in seconds, counts since its start.

    Attributes:
        online: Clients heard from in time.
        late: Clients not heard from in time and not yet given up.
        remembered: Clients that went offline in this run and can still be listed.
        connections: Open links, observers included.
        pings: Signs of life by links.
        transitions: How many of each reason.
        stalls: How often the server itself was late, and `stalled` for how long in all.
        reaper_lateness: How late the last reaper pass was.
        held: Clients that the detector holds back because most fell silent at once.
        slow_closes: Sessions closed because they did not read.
        refused: Connections and registrations refused by a limit.
        memory: Resident memory in bytes.
        beats: Signs of life without a link: HTTP heartbeats, and members of the LAN.
        store: `none` where nothing is remembered, `unavailable` while writes fail.
        store_queued: Transitions that are not in the store yet.
        store_dropped: Transitions given up because too many were queued.
        store_failures: Writes that failed and were tried again.
        lan: None where the server is no member of the LAN.
        last_heard: The last sign of life of anybody who is not forgotten (UTC).
        last_pass: When the reaper last looked for clients past their deadline (UTC).
        forgotten: Clients that were forgotten because they had been offline for long.
        page: The address of the page; empty where HTTP is not served.
        idle_cut: None unless connections are cut before the next heartbeat is due.
        refusals: How many connections, registrations and watches limits refused, by the code.
        contested: Client ids that other processes took over three times within ten minutes.
    """

    version: str
    started_at: Moment
    uptime: float
    epoch: str
    revision: int
    online: int
    late: int
    remembered: int
    connections: int
    watchers: int
    pings: int
    transitions: dict[str, int]
    reaper_passes: int
    reaper_duration: float
    reaper_lateness: float
    stalls: int
    stalled: float
    held: int
    slow_closes: int
    refused: int
    memory: int
    beats: int = 0
    store: Literal["none", "working", "unavailable"] = "none"
    store_queued: int = 0
    store_dropped: int = 0
    store_failures: int = 0
    lan: LanStats | None = None
    last_heard: Moment | None = None
    last_pass: Moment | None = None
    forgotten: int = 0
    page: str = ""
    refusals: dict[str, int] = {}
    idle_cut: IdleCut | None = None
    contested: int = 0
