"""What truly happened, as only the world knows: when each client's signs of life reached the
server's machine, how its links ended, when the server was awake. The laws are held against this.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct, field

BEATS = 1000
"""Heartbeats remembered of each: more than come during the longest pause."""

TICK = 0.5
"""Seconds of the world between two turns of the server: what happens meanwhile is at once."""

NEVER = float("-inf")


class Living(Protocol):
    """A machine or a script."""

    groups: tuple[str, ...]

    def is_well(self, settled: float) -> bool:
        """Whether it runs, with a path to the server, and nothing was wrong for so long."""

    def is_back(self) -> bool:
        """Whether it has found its way to the server again, if it was cut off."""


class Subject:
    """One client_id, whoever uses it. Moments are awake time, unless said otherwise.

    Attributes:
        signed: When something of it last arrived by a link that stood.
        linked: When the first thing came by the link that it has now (moment of the world).
        ended: When the link that it was heard by last ended, if it did.
        parted: When any link of its last ended: in the moment in which a stopped server goes on,
            what was said by several comes in any order, and it may take any for the last.
        beats: When its last heartbeats arrived: awake time, and the moment of the world. Without
            those that a server which was killed may have forgotten.
        beaten: When the last one arrived, as moments of the world.
        timeout, late_after: The limits that it named, in seconds.
        left: When it last said goodbye.
        unbeaten: When it last said goodbye without a link, or was sent away (moment of the world):
            beats before it count no more.
        kicked: When it was last sent away.
        present: Whether it is present, as the server decided; `stretches` are its times of presence
            (moments of the world), from its return to its last sign of life.
        unsure: How often it was given up on by a run that had never heard of it, or sent away
            before its last words were read.
        heard: The moment of the world at which something of it last arrived.
    """

    __slots__ = (
        "_agenda_now", "_before", "_heard_before", "_link", "beaten", "beats", "came",
        "client_id", "ended", "heard", "kicked", "late_after", "left", "linked", "machines",
        "parted", "present", "signed", "stretches", "timeout", "unbeaten", "unsure",
    )  # fmt: skip

    def __init__(self, client_id: str, world_now: Callable[[], float]) -> None:
        self.client_id = client_id
        self._agenda_now = world_now
        self.signed = self.ended = self.beaten = self.left = self.kicked = self.heard = NEVER
        self.linked = self.parted = self.unbeaten = NEVER
        self.timeout = self.late_after = 0.0
        self.beats: deque[tuple[float, float]] = deque(maxlen=BEATS)
        self.unsure = 0
        self._heard_before = NEVER
        self._link: object = None
        self._before: tuple[object, float, float] = (None, NEVER, NEVER)
        self.present = False
        self.came = 0.0
        self.stretches: list[tuple[float, float]] = []
        self.machines: list[Living] = []

    def sign(self, now: float, link: object) -> None:
        """Something came by a link that stands."""
        if link is not self._link:
            self._before = (self._link, self.signed, self.heard)
            self._link, self.linked = link, self._agenda_now()
        self.signed = now
        self._hear()

    def take_back(self, link: object) -> None:
        """It was not let in: what came by this link is no sign of life."""
        if link is self._link:
            self._link, self.signed, self.heard = self._before

    def beat(self, now: float, timeout: float, every: float | None) -> None:
        self.beaten = self._agenda_now()
        self.timeout, self.late_after = timeout, timeout if every is None else every
        self.beats.append((now, self.beaten))
        self._hear()

    def beaten_until(self, now: float) -> float:
        """The last beat that the server surely knew at a moment of awake time (as a moment of the
        world): not one that comes just then, and too late: each comes by a connection of its own.
        """
        known = (at for awake, at in reversed(self.beats) if now - awake > TICK)
        return next(known, NEVER)

    def forget_beats(self, since: float) -> None:
        """The server was killed: it may not know those that came since then, by the world."""
        while self.beats and self.beats[-1][1] >= since:
            self.beats.pop()

    def _hear(self) -> None:
        now = self._agenda_now()
        if now > self.heard:
            self._heard_before, self.heard = self.heard, now

    def heard_until(self, reason: str, now: float) -> float:
        """The last sign of life before a moment: not one that comes just then, and too late."""
        too_late = reason in ("timeout", "closed") and now - self.heard <= TICK
        return self._heard_before if too_late else self.heard

    def link_ended(self, now: float, link: object) -> None:
        """A link ended; of older ones that is no news."""
        self.parted = now
        if link is self._link:
            self.ended = now


class Decided(Struct, frozen=True):
    """A transition, as the server decided it.

    Attributes:
        at: The moment of the world; `awake` and `wall` by the server's clocks.
    """

    run: int
    epoch: str
    number: int
    client_id: str
    before: str
    after: str
    reason: str
    at: float
    awake: float
    wall: float


class Rule(Struct, frozen=True):
    """Settings in force from a moment of awake time on."""

    since: float
    heartbeat: float
    timeout: float
    grace: float
    reap: float
    hold: float


class Pause(Struct, frozen=True):
    """A time in which the server could do nothing: stopped, suspended, or gone.

    Attributes:
        awake: The awake time that stood still meanwhile.
        since, until: Moments of the world.
    """

    kind: str
    awake: float
    since: float
    until: float


class Run(Struct):
    """One run of the server, in awake time and in the world's.

    Attributes:
        began, served: When it started, and when it had.
        skew: By how much its clock was wrong when it started.
        rules: Settings as they changed.
        pauses: Within it.
        clean: How it ended; None while it goes on.
        unsaved: Of its awake time, the seconds before its end of which the store may not know.
    """

    number: int
    epoch: str
    began: float
    began_at: float
    skew: float = 0.0
    served: float = float("inf")
    rules: list[Rule] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    ended_at: float | None = None
    clean: bool | None = None
    held_at: float = NEVER
    unsaved: float = 0.0

    def stretches(self, now: float) -> list[tuple[float, float]]:
        """When it was awake, in moments of the world."""
        found, since = [], self.began_at
        for pause in self.pauses:
            found.append((since, pause.since))
            since = pause.until
        return [*found, (since, now if self.ended_at is None else self.ended_at)]
