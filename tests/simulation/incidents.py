"""What befalls the world as a whole: the server, its disk, its clock, the receivers, whole zones of
the network. Each incident has a chance of its own, so that one may be left out of a run.
"""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from msgspec import Struct, structs
from tests.simulation.onlookers import Onlooker
from tests.simulation.receivers import Mood

from lastseen.server.config import Config
from lastseen.shared.messages import EnableChannel, Silence

if TYPE_CHECKING:
    from tests.simulation.world import World

HOUR = 3600.0

KINDS = {
    "stop": 6, "kill": 6, "power": 3, "stall": 10, "short stall": 14, "suspend": 6, "step": 4,
    "full": 4, "gone": 3, "forgetful": 4, "slow store": 4, "receiver": 14, "channel": 6,
    "silence": 5, "settings": 5, "partition": 8, "resets": 6, "vanish": 4, "kick": 4,
}  # fmt: skip
"""How many of a hundred are of which kind."""

EVERY = 600.0
"""Seconds between two incidents, on the mean: a week holds a thousand."""


class Incident(Struct, frozen=True):
    """Something that is to happen."""

    number: int
    at: float
    kind: str


def incidents(seed: int, seconds: float) -> Iterator[Incident]:
    """All that a seed holds."""
    chance, at, number = Random(f"{seed}/incidents"), 300.0, 0
    # A shorter world of the same seed has the first of them.
    kinds = dict(KINDS)
    if chance.random() < 0.5:
        del kinds["step"]  # uptime is told by the wall clock: with it set, it cannot be judged
    while (at := at + chance.expovariate(1 / EVERY)) < seconds:
        yield Incident(number, at, chance.choices(list(kinds), list(kinds.values()))[0])
        number += 1


class Fate:
    """Has incidents happen."""

    def __init__(self, world: "World") -> None:
        self.world = world
        plan = world.plan
        chosen = plan.incidents
        self._coming = [
            i for i in incidents(plan.seed, plan.seconds) if chosen is None or i.number in chosen
        ]
        self._coming.reverse()
        self._due: list[Callable[[], None]] = []
        self._asked_at = 0.0
        self._is_over = False

    def befall(self) -> None:
        """Whatever is due happens."""
        world = self.world
        while self._coming and self._coming[-1].at <= world.now:
            incident = self._coming.pop()
            chance = Random(f"{world.plan.seed}/incident/{incident.number}")
            _BEFALL[incident.kind](self, chance)
        while self._due:
            self._due.pop(0)()
        if world.is_up and world.now - self._asked_at > 20:
            self._asked_at = world.now
            self._enable()

    async def make_good(self) -> None:
        """Nothing is wrong any more."""
        world = self.world
        self._coming.clear()
        self._is_over = True
        for name in world.receivers:
            self._mend(name)
        self._disk(full=False, gone=False, forgetful=0, takes=0.0)
        world.skew = 0.0
        if world.start_at is not None:  # it is down, and was to stay so for longer
            world.start_at, world.network.reachable = world.now, True
        for name in world.receivers:
            self._switch(name, on=True)
        for machine in (*world.society.machines, *world.society.beaters):
            machine.lighten()
        for onlooker in world.society.onlookers:
            onlooker.read_on()

    def _after(self, seconds: float, call: Callable[[], None]) -> None:
        """Plan what the server is there for: not in the midst of a pause, nor when all is over."""
        self.world.agenda.after(seconds, lambda: self._is_over or self._due.append(call))

    # --- the server

    def stop(self, chance: Random) -> None:
        if self.world.is_up:
            self.world.stop(chance.choice((1.0, 5.0, 60.0, chance.uniform(60, HOUR))))

    def kill(self, chance: Random) -> None:
        if self.world.server is not None:
            self.world.kill(chance.choice((1.0, 5.0, 60.0, 600.0)), power=False)

    def power(self, chance: Random) -> None:
        if self.world.server is not None:
            self.world.kill(chance.choice((30.0, 120.0, HOUR)), power=True)

    def stall(self, chance: Random) -> None:
        if self.world.is_up:
            seconds = chance.choice((chance.uniform(2, 12), chance.uniform(12, 60), 240.0))
            self.world.stall(seconds)

    def short_stall(self, chance: Random) -> None:
        if self.world.is_up:
            self.world.stall(chance.uniform(0.1, 2.0))

    def suspend(self, chance: Random) -> None:
        if self.world.is_up:
            seconds = chance.choice((chance.uniform(3, 30), chance.uniform(30, 300), 2 * HOUR))
            self.world.suspend(seconds)

    def step(self, chance: Random) -> None:
        world = self.world
        world.skew = chance.choice((-3 * HOUR, -60.0, 60.0, 2 * HOUR))
        world.skewed_at.append(world.now)
        world.agenda.after(chance.uniform(600, 3 * HOUR), self._set_right)

    def _set_right(self) -> None:
        self.world.skew = 0.0
        self.world.skewed_at.append(self.world.now)

    def settings(self, chance: Random) -> None:
        server = self.world.config.server
        heartbeat = chance.choice((20.0, 60.0, 120.0))
        changed = structs.replace(
            server,
            heartbeat_interval=heartbeat,
            connection_timeout=heartbeat * chance.choice((2.0, 3.0)),
            reconnect_grace=chance.choice((0.0, 5.0, 30.0)),
            reap_interval=chance.choice((5.0, 10.0, 30.0)),
        )
        self.world.change(structs.replace(self.world.config, server=changed))

    # --- the store

    def _disk(self, **changes: float) -> None:
        for name, value in changes.items():
            setattr(self.world.disk, name, value)
        self.world.note_trouble()

    def _for_a_while(self, chance: Random, before: dict[str, float], **changes: float) -> None:
        self._disk(**changes)
        self.world.agenda.after(chance.choice((10.0, 300.0, HOUR)), lambda: self._disk(**before))

    def full(self, chance: Random) -> None:
        self._for_a_while(chance, {"full": False}, full=True)

    def gone(self, chance: Random) -> None:
        self._for_a_while(chance, {"gone": False}, gone=True)

    def forgetful(self, chance: Random) -> None:
        self._for_a_while(chance, {"forgetful": 0}, forgetful=chance.choice((2, 3, 7)))

    def slow_store(self, chance: Random) -> None:
        self._for_a_while(chance, {"takes": 0.0}, takes=chance.choice((0.02, 0.3, 2.0)))

    # --- who is told

    def receiver(self, chance: Random) -> None:
        self._sicken(chance.choice(list(self.world.receivers)), chance)

    def _sicken(self, name: str, chance: Random) -> None:
        moods: tuple[Mood, ...] = ("failing", "hanging", "busy", "deaf to answers", "broken")
        self.world.receivers[name].mood = chance.choice(moods)
        self.world.note_trouble(name)
        seconds = chance.choice((10.0, 120.0, HOUR))
        self.world.agenda.after(seconds, self._mend, name)

    def _mend(self, name: str) -> None:
        self.world.receivers[name].mood = "well"
        self.world.note_trouble(name)

    def _enable(self) -> None:
        """Somebody has the server try again by a channel that refused for good."""
        server = self.world.server
        assert server is not None
        for channel in server.notifications.notifier.channels():
            if channel.state == "broken" and self.world.receivers[channel.name].mood != "broken":
                question = EnableChannel(channel.name)
                server.notifications.answering.ask(question, lambda _: None, lambda: True)

    def channel(self, chance: Random) -> None:
        """One is turned off, often as its receiver does not answer, and on again; each by SIGHUP,
        or for the next start only.
        """
        name = chance.choice(list(self.world.receivers))
        begins, seconds = 0.0, chance.uniform(0.5, 1.5) * chance.choice((1.0, 60.0, HOUR))
        off, on = chance.choices(("reload", "restart", "crash"), (3, 1, 1), k=2)
        if chance.random() < 0.6:
            self._sicken(name, chance)
            begins = chance.choice((1.0, 30.0, 300.0))
        self._after(begins, partial(self._switch, name, on=False, by=off))
        self._after(begins + seconds, partial(self._switch, name, on=True, by=on))

    def _switch(self, name: str, *, on: bool, by: str = "reload") -> None:
        world = self.world
        world.change(with_channel(world.config, name, enabled=on), reload=by == "reload")
        if by == "restart" and world.is_up:
            world.stop(1.0)
        elif by == "crash" and world.server is not None:
            world.kill(1.0, power=False)

    def silence(self, chance: Random) -> None:
        if self.world.is_up and self.world.server is not None:
            question = Silence(group="zone-1", seconds=chance.choice((60.0, 600.0, 1200.0)))
            answering = self.world.server.notifications.answering
            answering.ask(question, lambda _: None, lambda: True)

    # --- the network

    def partition(self, chance: Random) -> None:
        zone = f"zone-{chance.randrange(4)}"
        cut = [m for m in self.world.society.machines if zone in m.groups and not m.dark]
        for machine in cut:
            machine.darken()
        self.world.agenda.after(chance.choice((3.0, 30.0, 200.0, 1200.0)), _lighten, cut)

    def vanish(self, chance: Random) -> None:
        share = chance.choice((0.3, 0.7, 0.95))
        cut = [m for m in self.world.society.machines if chance.random() < share and not m.dark]
        for machine in cut:
            machine.darken()
        self.world.agenda.after(chance.choice((5.0, 100.0, 180.0, 400.0)), _lighten, cut)

    def resets(self, chance: Random) -> None:
        share = chance.choice((0.05, 0.5, 1.0))
        for machine in self.world.society.machines:
            if machine.link is not None and chance.random() < share:
                machine.trouble()
                machine.link.reset()

    def kick(self, chance: Random) -> None:
        world = self.world
        if world.is_up and world.server is not None and world.society.subjects:
            client_id = chance.choice(list(world.society.subjects))
            subject = world.society.subjects[client_id]
            subject.kicked, subject.unbeaten = world.awake(), world.now
            presence = world.server.presence
            presence.kick(client_id, presence.clock.now())


def with_channel(config: Config, name: str, *, enabled: bool) -> Config:
    """The settings, with one channel on or off."""
    changed = tuple(
        structs.replace(channel, enabled=enabled) if channel.name == name else channel
        for channel in config.notify.webhook
    )
    return structs.replace(config, notify=structs.replace(config.notify, webhook=changed))


def _lighten(machines: list[Onlooker]) -> None:
    for machine in machines:
        if not machine.asleep:
            machine.lighten()


_BEFALL: dict[str, Callable[[Fate, Random], None]] = {
    kind: getattr(Fate, kind.replace(" ", "_")) for kind in KINDS
}
