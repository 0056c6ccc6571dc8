"""Who lives in the world: machines with habits, each by its own chance, so that one may be left out
of a run without changing what the others do.
"""

from collections import deque
from collections.abc import Callable
from random import Random

from tests.simulation.agenda import Agenda
from tests.simulation.machines import OFF, Beater, Machine
from tests.simulation.network import Network
from tests.simulation.onlookers import Onlooker
from tests.simulation.witness import Subject

from lastseen.client.pings import PONG_DEADLINE

HOUR = 3600.0
DAY = 24 * HOUR

HABITS = {
    "stable": 40, "flapping": 6, "moving": 8, "slow": 8, "sleeping": 10, "twins": 4, "leaving": 6,
    "talking": 4, "beating": 6, "lan": 4, "both": 2, "watching": 2, "observing": 1, "deaf": 1,
}  # fmt: skip
"""How many of a hundred have which habit."""


class Society:
    """Everyone, and what they share.

    Attributes:
        pings: How many were sent.
        subjects: By client_id.
        machines, beaters: By the number of the client that they are (part of).
        awake: The server's awake time, as the world knows it.
    """

    def __init__(self, agenda: Agenda, network: Network, awake: Callable[[], float]) -> None:
        self.agenda = agenda
        self.network = network
        self.awake = awake
        self.pings = 0
        self.subjects: dict[str, Subject] = {}
        self.machines: list[Machine] = []
        self.beaters: list[Beater] = []
        self.take_beat: Callable[[Beater], None] = lambda _: None
        self.say_goodbye: Callable[[Beater], None] = lambda _: None
        self._awaited: deque[tuple[float, Machine, int, float]] = deque()

    @property
    def onlookers(self) -> list[Onlooker]:
        return [m for m in self.machines if isinstance(m, Onlooker)]

    def await_pong(self, machine: Machine, generation: int, pinged: float) -> None:
        """All wait equally long, so a queue does for an alarm clock each."""
        self._awaited.append((pinged + PONG_DEADLINE, machine, generation, pinged))

    def look_for_pongs(self) -> None:
        """Tell those whose time is up."""
        awaited, now = self._awaited, self.agenda.now
        while awaited and awaited[0][0] <= now:
            _, machine, generation, pinged = awaited.popleft()
            machine.overdue(generation, pinged)

    def settle(self, seed: int, number: int) -> None:
        """Client `number` moves in; its habit is by chance, as is all that it will do."""
        chance = Random(f"{seed}/client/{number}")
        habit = chance.choices(list(HABITS), list(HABITS.values()))[0]
        if number < len(_FIRST):
            habit = _FIRST[number]
        client_id = f"{habit}-{number}"
        subject = Subject(client_id, lambda: self.agenda.now)
        self.subjects[client_id] = subject
        _MOVE_IN[habit](self, number, subject, chance)

    def machine(
        self, number: int, subject: Subject, chance: Random, delay: float | None = None
    ) -> Machine:
        delay = chance.uniform(0.005, 0.2) if delay is None else delay
        machine = Machine(self, number, subject, chance, delay)
        machine.groups = (f"zone-{number % 4}",)
        self.machines.append(machine)
        self.agenda.at(chance.uniform(0, 120), machine.start)
        return machine

    def beater(self, subject: Subject, chance: Random, via: str) -> Beater:
        interval = chance.choice((30.0, 60.0, 120.0))
        share, every_share = 2.5, chance.choice((None, 1.5))
        if via == "http" and chance.random() < 0.4:  # a job, in whose time the server restarts
            interval = chance.choice((900.0, 3600.0))
            share, every_share = 1.25, chance.choice((None, 1.05))
        every = None if every_share is None else every_share * interval
        beater = Beater(self, subject, chance, via, interval, share * interval, every)
        self.beaters.append(beater)
        self.agenda.at(chance.uniform(0, 120), beater.start)
        return beater

    def every(self, chance: Random, mean: float, call: Callable[[], None]) -> None:
        """Have something happen again and again, after pauses by chance."""

        def again() -> None:
            call()
            self.agenda.after(chance.expovariate(1 / mean), again)

        self.agenda.after(chance.expovariate(1 / mean), again)


_FIRST = ("watching", "observing", "stable", "twins", "both", "deaf")
"""Of these there is one in each world that is large enough."""


def _stable(society: Society, number: int, subject: Subject, chance: Random) -> None:
    machine = society.machine(number, subject, chance)
    society.every(chance, 2 * DAY, lambda: _reboot(society, machine, 30, 300))


def _reboot(society: Society, machine: Machine, shortest: float, longest: float) -> None:
    machine.crash(silently=machine.chance.random() < 0.5)
    society.agenda.after(machine.chance.uniform(shortest, longest), machine.start)


def _flapping(society: Society, number: int, subject: Subject, chance: Random) -> None:
    machine = society.machine(number, subject, chance)

    def flap() -> None:
        if chance.random() < 0.5:
            if machine.link is not None:
                machine.trouble()
                machine.link.reset()
        else:
            _reboot(society, machine, 1, 60)

    society.every(chance, HOUR, flap)


def _moving(society: Society, number: int, subject: Subject, chance: Random) -> None:
    machine = society.machine(number, subject, chance)

    def move() -> None:
        if machine.phase is not OFF:
            machine.duplicate() if chance.random() < 0.3 else machine.move()

    society.every(chance, 3 * HOUR, move)

    def tunnel() -> None:
        machine.darken()
        society.agenda.after(chance.uniform(1, 180), machine.lighten)

    society.every(chance, 6 * HOUR, tunnel)


def _slow(society: Society, number: int, subject: Subject, chance: Random) -> None:
    society.machine(number, subject, chance, delay=chance.uniform(0.4, 4.0))


def _sleeping(society: Society, number: int, subject: Subject, chance: Random) -> None:
    machine = society.machine(number, subject, chance)

    def sleep() -> None:
        if machine.phase is not OFF and not machine.asleep:
            machine.sleep()
            nap = chance.random() < 0.5
            seconds = chance.uniform(1, 200) if nap else chance.uniform(HOUR, 10 * HOUR)
            society.agenda.after(seconds, machine.wake)

    society.every(chance, 8 * HOUR, sleep)


def _twins(society: Society, number: int, subject: Subject, chance: Random) -> None:
    """Two machines that were given one id."""
    for _ in range(2):
        twin = society.machine(number, subject, Random(chance.random()))
        twin.replaced_stays_away = 900.0
        society.every(chance, 3 * HOUR, lambda twin=twin: _reboot(society, twin, 10, 600))  # type: ignore[misc]


def _leaving(society: Society, number: int, subject: Subject, chance: Random) -> None:
    machine = society.machine(number, subject, chance)

    def leave() -> None:
        machine.leave()
        society.agenda.after(chance.uniform(1, 2 * HOUR), machine.start)

    society.every(chance, 4 * HOUR, leave)


def _talking(society: Society, number: int, subject: Subject, chance: Random) -> None:
    machine = society.machine(number, subject, chance)
    society.every(chance, 600, machine.say)


def _beating(
    society: Society, _number: int, subject: Subject, chance: Random, via: str = "http"
) -> None:
    beater = society.beater(subject, chance, via)

    def pause() -> None:
        beater.leave() if chance.random() < 0.3 else beater.crash()
        society.agenda.after(chance.uniform(10, max(HOUR, 4 * beater.interval)), beater.start)

    society.every(chance, 3 * HOUR, pause)


def _lan(society: Society, number: int, subject: Subject, chance: Random) -> None:
    _beating(society, number, subject, chance, "lan")


def _both(society: Society, number: int, subject: Subject, chance: Random) -> None:
    """A daemon that holds a link, and a script beside it, by one id."""
    _flapping(society, number, subject, Random(chance.random()))
    _beating(society, number, subject, Random(chance.random()))


def _watching(
    society: Society, number: int, subject: Subject, chance: Random, registers: bool = True
) -> Onlooker:
    machine = Onlooker(
        society, number, subject, chance, chance.uniform(0.005, 0.6), registers=registers
    )
    society.machines.append(machine)
    society.agenda.at(chance.uniform(0, 120), machine.start)

    def stumble() -> None:
        what = chance.random()
        if what < 0.4 and machine.link is not None:
            machine.trouble()
            machine.link.reset()
        elif what < 0.7:
            machine.darken()
            society.agenda.after(chance.uniform(1, 300), machine.lighten)
        else:
            _reboot(society, machine, 1, 60)

    society.every(chance, HOUR, stumble)
    return machine


def _observing(society: Society, number: int, subject: Subject, chance: Random) -> None:
    _watching(society, number, subject, chance, registers=False)


def _deaf(society: Society, number: int, subject: Subject, chance: Random) -> None:
    """A watcher that reads nothing for a while."""
    machine = _watching(society, number, subject, chance)

    def hang() -> None:
        machine.stop_reading()
        society.agenda.after(chance.uniform(60, HOUR / 3), machine.read_on)

    society.every(chance, 6 * HOUR, hang)


_MOVE_IN: dict[str, Callable[[Society, int, Subject, Random], object]] = {
    "stable": _stable, "flapping": _flapping, "moving": _moving, "slow": _slow,
    "sleeping": _sleeping, "twins": _twins, "leaving": _leaving, "talking": _talking,
    "beating": _beating, "lan": _lan, "both": _both, "watching": _watching,
    "observing": _observing, "deaf": _deaf,
}  # fmt: skip
