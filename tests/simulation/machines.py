"""Client processes on their machines: the client's own logic where it is pure (pauses, deadlines,
endings, views), and what a task does around it as calls on the agenda, so that a thousand are
cheap.
"""

from collections.abc import Callable, Iterator
from enum import Enum, auto
from random import Random
from typing import TYPE_CHECKING

from tests.simulation.network import Link
from tests.simulation.witness import Subject

from lastseen.client.backoff import full_jitter
from lastseen.client.ending import End, end_of, pause_after, refusal_alone
from lastseen.client.session import GOODBYE_DEADLINE, REQUEST_DEADLINE
from lastseen.client.supervisor import STEADY
from lastseen.shared.framing import Framer
from lastseen.shared.messages import (
    Error,
    Goodbye,
    Leave,
    Message,
    Pong,
    Register,
    Registered,
    SetAvailability,
    Settings,
    ToClient,
)
from lastseen.shared.wire import PING_FRAME, from_server, to_frame

if TYPE_CHECKING:
    from tests.simulation.people import Society


class Phase(Enum):
    OFF = auto()
    AWAY = auto()  # between two attempts
    OPENING = auto()
    LIVE = auto()


OFF, AWAY, OPENING, LIVE = Phase


class Machine:
    """One process of a client, that is started, stopped and started again.

    Attributes:
        dark: Its machine has no path to the server.
        asleep: Its machine is suspended.
        troubled: The moment at which something was last wrong with it that was not the server's
            doing.
        generation: Counts its links and attempts: what was planned for an older one is void.
    """

    __slots__ = (
        "_awaiting", "_error", "_framer", "_opened_at", "_pauses", "_pinged", "_society", "asleep",
        "chance", "dark", "delay", "generation", "groups", "instance", "interval", "link", "number",
        "phase", "replaced_stays_away", "subject", "troubled",
    )  # fmt: skip

    def __init__(
        self, society: "Society", number: int, subject: Subject, chance: Random, delay: float
    ) -> None:
        self.number = number
        self.subject = subject
        self.chance = chance
        self.delay = delay
        self.groups: tuple[str, ...] = ()
        self.instance = ""
        self.phase = OFF
        self.dark = self.asleep = False
        self.troubled = 0.0
        self.generation = 0
        self.link: Link | None = None
        self.interval = 60.0
        self.replaced_stays_away = 600.0
        self._society = society
        self._pauses: Iterator[float] = iter(())
        self._framer = Framer()
        self._awaiting = False
        self._pinged = 0.0
        self._opened_at: float | None = None
        self._error: Error | None = None
        subject.machines.append(self)

    @property
    def now(self) -> float:
        return self._society.agenda.now

    def trouble(self) -> None:
        """Something is wrong with it that is not the server's doing."""
        self.troubled = self.now

    def is_well(self, settled: float) -> bool:
        """Whether it has run with a path to the server, and nothing wrong, for so many seconds."""
        return (
            self.phase is not OFF
            and not self.asleep
            and not self.dark
            and self.now - self.troubled > settled
        )

    def is_back(self) -> bool:
        """Whether it has a link, as far as it knows."""
        return self.phase is LIVE

    # --- its life

    def start(self) -> None:
        """The process starts: a new instance."""
        if self.phase is OFF:
            self.trouble()
            self.asleep = False
            self.instance = f"{self.chance.getrandbits(64):016x}"
            self._pauses = full_jitter(self.chance.random)
            self._dial()

    def crash(self, *, silently: bool = False) -> None:
        """The process is no more; of a machine without power, nobody is told."""
        self.trouble()
        self.phase = OFF
        self.generation += 1
        link, self.link = self.link, None
        if link is not None:
            if silently:
                link.obscure()
                link.client_open = False
            else:
                link.close()

    def leave(self) -> None:
        """It says goodbye, and ends."""
        self.trouble()
        if self.phase is LIVE and self.link is not None:
            self.subject.left = self._society.awake()
            self.link.up(to_frame(Leave()))
        self.crash()

    def sleep(self) -> None:
        """Its machine is suspended."""
        self.trouble()
        self.asleep = True
        self.darken()

    def wake(self) -> None:
        """Its machine is awake again: it pings at once, if it was due meanwhile."""
        if not self.asleep:
            return
        self.trouble()
        self.asleep = False
        self.lighten()
        if self.phase is LIVE:
            self._ping(self.generation)
        elif self.phase is not OFF:
            self._lose(End("slept"))

    def darken(self) -> None:
        """It has no path to the server any more; nobody is told."""
        self.trouble()
        self.dark = True
        if self.link is not None:
            self.link.obscure()

    def lighten(self) -> None:
        """It has one again."""
        self.trouble()
        self.dark = False
        if self.link is not None and self._society.network.reachable:
            self.link.clear(self.chance.uniform(0.0, 3.0))

    def move(self) -> None:
        """It has another address: its link is dead, and only it may notice."""
        self.trouble()
        link, self.link = self.link, None
        if link is not None:
            link.obscure()
            link.client_open = False
            self.generation += 1
            self.phase = AWAY
            self._society.agenda.after(self.chance.uniform(0.1, 8.0), self._redial, self.generation)

    def duplicate(self) -> None:
        """It opens a second link beside its first, which it forgets to close."""
        if self.phase is LIVE:
            self.trouble()
            self.link = None
            self._dial()

    def say(self) -> None:
        """It says how available it is."""
        if self.phase is LIVE and self.link is not None and not self.asleep:
            mood = self.chance.choice(("available", "away", "busy"))
            self.link.up(to_frame(SetAvailability(mood)))

    # --- connecting

    def _redial(self, generation: int) -> None:
        if generation != self.generation or self.phase is OFF:
            return
        if self.asleep:
            self._society.agenda.after(5.0, self._redial, generation)
            return
        self._dial()

    def _dial(self) -> None:
        self.generation += 1
        self.phase = AWAY
        self._society.network.dial(self)

    def unreachable(self, generation: int) -> None:
        if generation == self.generation and self.link is None:
            self._lose(End("could not connect"))

    def connected(self, link: Link) -> None:
        self.link, self.phase = link, OPENING
        self._framer, self._error, self._opened_at = Framer(), None, None
        self._awaiting = False
        link.up(to_frame(self.opening()))
        self._society.agenda.after(REQUEST_DEADLINE, self._unanswered, self.generation)

    def opening(self) -> Message:
        """What each session begins with."""
        return Register(
            self.subject.client_id, instance=self.instance, groups=self.groups, request_id=1
        )

    def opened(self) -> None:
        """The server has answered it."""

    def _unanswered(self, generation: int) -> None:
        if generation == self.generation and self.phase is OPENING and not self.asleep:
            self._lose(End("no answer"))

    # --- pings

    def _ping(self, generation: int) -> None:
        if generation != self.generation or self.phase is not LIVE or self.asleep:
            return
        link = self.link
        if link is None:
            return
        now = self._society.agenda.now
        if now - self._pinged < self.interval - 1e-6:  # the interval became longer
            self._society.agenda.at(self._pinged + self.interval, self._ping, generation)
            return
        self._pinged, self._awaiting = now, True
        self._society.pings += 1
        link.up(PING_FRAME)
        self._society.await_pong(self, generation, now)
        self._society.agenda.at(now + self.interval, self._ping, generation)

    def pong(self, link: Link) -> None:
        if link is self.link and not self.asleep:
            self._awaiting = False

    def overdue(self, generation: int, pinged: float) -> None:
        """A pong's time is up."""
        mine = generation == self.generation and pinged == self._pinged
        if mine and self._awaiting and not self.asleep:
            self._lose(End("no pong"))

    # --- what arrives

    def receive(self, link: Link, data: bytes) -> None:
        if link is not self.link:  # one that it has forgotten: it closes when it is told anything
            link.close()
            return
        if link.dark or self.asleep:
            self._society.agenda.after(1.0, self.receive, link, data)
            return
        for payload in self._framer.feed(data):
            self.handle(from_server.decode(payload))
            if link is not self.link:
                return

    def reset(self, link: Link) -> None:
        """The server's end is gone."""
        link.client_open = False
        if link is self.link:
            if self.asleep or self.dark:
                self._society.agenda.after(1.0, self.reset, link)
            else:
                self._lose(End("the connection is closed", error=self._error))

    def handle(self, message: ToClient) -> None:
        match message:
            case Pong():
                self._awaiting = False
            case Goodbye():
                self._lose(end_of(message, self._error))
            case Registered() | Settings():
                self._follow(message.heartbeat_interval)
            case Error():
                self._refused(message)
            case _:
                self.told(message)

    def told(self, message: ToClient) -> None:
        """Something that only watchers ask for."""

    def _refused(self, error: Error) -> None:
        self._error = error
        if self.phase is OPENING:  # the goodbye that comes is quicker
            alone: Callable[[int], None] = self._refused_alone
            self._society.agenda.after(GOODBYE_DEADLINE, alone, self.generation)

    def _refused_alone(self, generation: int) -> None:
        if generation == self.generation and self.phase is OPENING:
            self._lose(refusal_alone(self._error))

    def _follow(self, interval: float) -> None:
        before, self.interval = self.interval, interval
        now = self.now
        if self.phase is OPENING:
            self.phase, self._opened_at, self._pinged = LIVE, now, now
            self._society.agenda.at(now + interval, self._ping, self.generation)
            self.opened()
        elif interval < before:
            due = max(now, self._pinged + interval)
            self._society.agenda.at(due, self._ping, self.generation)

    # --- ends

    def _lose(self, end: End) -> None:
        link, self.link = self.link, None
        if link is not None:
            link.close()
        self.generation += 1
        if self._opened_at is not None and self.now - self._opened_at >= STEADY:
            self._pauses = full_jitter(self.chance.random)
        self._opened_at = None
        if not end.reconnect:  # the process ends with an error; somebody starts it again, later
            self.trouble()
            self.phase = OFF
            stays_away = self.chance.uniform(0.5, 1.5) * self.replaced_stays_away
            self._society.agenda.after(stays_away, self.start)
            return
        self.phase = AWAY
        pause = pause_after(end, self._pauses)
        self._society.agenda.after(pause, self._redial, self.generation)


class Beater:
    """A script that makes an HTTP call each minute, a job that makes one each hour, or a member of
    the LAN: no link.

    Attributes:
        timeout, every: The limits that its heartbeats name; `every` is None for a timeout alone.
        lost: The times in which the server was away and one of its heartbeats was lost, since the
            last that the server surely knows.
        unsure: Whether the server was killed while its store was unwell: nobody knows which of the
            heartbeats before it knows.
    """

    __slots__ = ("_lost_before", "_society", "_token", "chance", "dark", "every", "groups",
                 "interval", "lost", "on", "subject", "timeout", "troubled", "unsure",
                 "via")  # fmt: skip

    def __init__(
        self,
        society: "Society",
        subject: Subject,
        chance: Random,
        via: str,
        interval: float,
        timeout: float,
        every: float | None,
    ) -> None:
        self.subject, self.chance, self.via = subject, chance, via
        self.interval, self.timeout, self.every = interval, timeout, every
        self.lost: set[object] = set()
        self._lost_before: set[object] = set()
        self.unsure = False
        self.on = self.dark = False
        self.groups: tuple[str, ...] = ()
        self.troubled = 0.0
        self._society = society
        self._token = 0
        subject.machines.append(self)

    def is_well(self, settled: float) -> bool:
        """As of a machine; one whose first beats were lost is well only after another.

        Each time in which a heartbeat was lost costs an interval of its timeout.
        """
        now = self._society.agenda.now
        calm = self.on and not self.dark and now - self.troubled > settled + self.interval
        return calm and not self.unsure and (1 + len(self.lost)) * self.interval <= self.timeout

    def is_back(self) -> bool:
        """It holds no link."""
        return self.on

    def trouble(self) -> None:
        self.troubled = self._society.agenda.now

    def start(self) -> None:
        if not self.on:
            self.trouble()
            self.on = True
            self._token += 1
            self._beat(self._token)

    def crash(self) -> None:
        self.trouble()
        self.on = False
        self._token += 1

    def leave(self) -> None:
        if self.on and not self.dark and self._society.network.reachable:
            self._society.say_goodbye(self)
        self.crash()

    def reached(self) -> None:
        """A heartbeat reached the server."""
        self._lost_before, self.lost = self.lost, set()
        self.unsure = False

    def missed(self, away: object) -> None:
        """A heartbeat was lost, as the server was away; `away` names that time."""
        self.lost.add(away)

    def forgotten(self, away: object, *, unsure: bool) -> None:
        """The server was killed: it may have forgotten the last heartbeat."""
        self.lost |= self._lost_before | {away}
        self.unsure |= unsure

    def darken(self) -> None:
        self.trouble()
        self.dark = True

    def lighten(self) -> None:
        self.trouble()
        self.dark = False

    def _beat(self, token: int) -> None:
        if token != self._token:
            return
        self._society.agenda.after(self.interval, self._beat, token)
        if not self.dark:
            self._society.take_beat(self)
