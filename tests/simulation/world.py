"""One world from beginning to end: its people, their network, and the server among them, whose
tasks take their turn after each tick; while it is stopped, suspended or gone, the world goes on.
"""

import random
from collections.abc import Sequence
from random import Random

import trio
from msgspec import Struct, structs
from sqlalchemy import select
from tests.simulation.agenda import Agenda
from tests.simulation.clock import SimulatedClock
from tests.simulation.kernel import Kernel
from tests.simulation.laws import Breach, Breached
from tests.simulation.machines import Beater
from tests.simulation.muting import Mutings
from tests.simulation.network import Network
from tests.simulation.people import Society
from tests.simulation.receivers import Receiver
from tests.simulation.records import BEGAN
from tests.simulation.server import Clocks, Server
from tests.simulation.storage import Disk
from tests.simulation.witness import TICK, Decided, Pause, Rule, Run, Subject

from lastseen.server import logs
from lastseen.server.config import Config
from lastseen.server.config.sections.kinds import Webhook
from lastseen.server.config.sections.notify import Notify
from lastseen.server.config.sections.server import Server as ServerSettings
from lastseen.server.errors import StartFailed
from lastseen.server.presence.linkless import Beat
from lastseen.server.presence.model import Moment, Transition
from lastseen.server.store.tables import EVENTS
from lastseen.shared.messages import ClientRecord

UNSAVED = 12.0
"""Seconds before a kill of which the store may not know: `store.flush_interval` and a write."""

UNWELL = 90.0
"""Seconds after which a store that is well again has everything: writes are tried every 30 s."""

RETRY_START = 30.0
"""Seconds after which a service manager starts a server again that could not."""


class Plan(Struct, frozen=True):
    """Which world: all that happens in it follows from this.

    Attributes:
        clients: The numbers of those who live in it; `incidents` those of what befalls it, None:
            all that its seed holds.
        seconds: For how long; then `calm` follows, in which nothing is wrong any more.
        steps: Whether somebody sets the server's wall clock now and then.
        duplicate: As `server.duplicate`.
    """

    seed: int
    clients: tuple[int, ...]
    seconds: float
    incidents: tuple[int, ...] | None = None
    calm: float = 1800.0


class World:
    """Attributes:
    asleep: Seconds for which the server's machine was suspended so far.
    skew: By how much its wall clock was set wrong.
    runs, decided: The server's, in order; `moments` are those of the latter, by epoch and number.
    breaches: Laws broken, the first first.
    troubles: When the store ("") or a receiver got worse or better.
    mutings: Which channels were off when.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.chance = Random(f"{plan.seed}/world")
        self.clock = SimulatedClock()
        self.agenda = Agenda()
        self.network = Network(self.agenda, self.awake)
        self.society = Society(self.agenda, self.network, self.awake)
        self.society.take_beat, self.society.say_goodbye = self._take_beat, self._say_goodbye
        self.disk = Disk()
        self.config = _settings(plan)
        names = [channel.name for channel in self.config.notify.channels]
        self.receivers = {name: Receiver(name, lambda: self.now) for name in names}
        self.mutings = Mutings(self)
        self.asleep = self.skew = 0.0
        self.runs: list[Run] = []
        self.decided: list[Decided] = []
        self.moments: dict[tuple[str, int], float] = {}
        self.breaches: list[Breach] = []
        self.laws: Sequence[object] = ()
        self.server: Server | None = None
        self.starting = self.stopping = False
        self.start_at: float | None = 0.0
        self.skewed_at: list[float] = []
        self.troubles: list[tuple[float, str]] = []
        self._undo: list[tuple[Decided, Subject, bool, float, int]] = []
        self._lost = 0.0  # time of the world in which the server was not awake
        self._frozen: float | None = None
        for number in plan.clients:
            self.society.settle(plan.seed, number)

    # --- time

    @property
    def now(self) -> float:
        """This moment of the world."""
        agenda, process = self.agenda.now, self.clock._now + self.asleep
        return agenda if agenda > process else process  # noqa: FURB136 - the busiest line

    def awake(self) -> float:
        """The server's awake time, as it should be."""
        if self._frozen is not None:
            return self._frozen
        return self.now - self._lost

    def wall(self) -> float:
        """What the server's machine shows."""
        return BEGAN + self.clock.current_time() + self.asleep + self.skew

    @property
    def is_up(self) -> bool:
        return self.server is not None and not (self.starting or self.stopping)

    # --- running

    def run(self) -> None:
        """Let it happen.

        Raises:
            Breached: A law was broken.
        """
        _make_repeatable(self.plan.seed)
        logs.set_level("error")
        kept, logs._processors[:] = list(logs._processors), [self._logged]
        try:
            trio.run(self._run, clock=self.clock)
        finally:
            logs._processors[:] = kept
        if self.breaches:
            raise Breached(self.breaches[0])

    async def _run(self) -> None:
        from tests.simulation.incidents import Fate
        from tests.simulation.judgement import all_laws

        self.laws = all_laws(self)
        self.fate = Fate(self)
        async with trio.open_nursery() as self._nursery:
            while self.now < self.plan.seconds and not self.breaches:
                await self._tick()
            await self.fate.make_good()
            until = self.now + self.plan.calm
            while self.now < until and not self.breaches:
                await self._tick()
            for law in self.laws:
                if not self.breaches:
                    law.at_end()
            self._nursery.cancel_scope.cancel()

    async def _tick(self) -> None:
        await trio.sleep(TICK)
        self.agenda.advance(self.clock.current_time() + self.asleep)
        self.society.look_for_pongs()
        self.fate.befall()
        if self.start_at is not None and self.now >= self.start_at and self.server is None:
            self._start()
        for law in self.laws:
            law.tick()

    def pass_by(self, seconds: float) -> None:
        """Time of the world in which the server has no turn."""
        until = self.agenda.now + seconds
        while self.agenda.now < until:
            self.agenda.advance(min(until, self.agenda.now + TICK))
            self.society.look_for_pongs()

    # --- the server

    def stall(self, seconds: float) -> None:
        """The process is stopped: connections and bytes wait in its kernel."""
        self._pause("stall", seconds)
        self.clock.jump(seconds)

    def suspend(self, seconds: float) -> None:
        """Its machine is suspended: nothing reaches it, and its monotonic clock stands still."""
        self.network.obscure()
        self._pause("suspend", seconds)
        self.asleep += seconds
        self.network.clear()

    def _pause(self, kind: str, seconds: float) -> None:
        since, self._frozen = self.now, self.awake()
        self.pass_by(seconds)
        self._lost += seconds
        self.runs[-1].pauses.append(Pause(kind, self._frozen, since, since + seconds))
        self._frozen = None

    def kill(self, down: float, *, power: bool) -> None:
        """It ends at once: killed, or its machine is without power."""
        assert self.server is not None
        if power:
            self.network.reachable = False
            self.agenda.after(max(0.0, down - 1.0), self._powered)
        self.network.sever(told=not power)
        self.server.die()
        self._ended(clean=False)
        self._scope.cancel()
        self.start_at = self.now + down

    def _powered(self) -> None:
        self.network.reachable = True

    def stop(self, down: float) -> None:
        """It is told to stop, and does so in order."""
        self.stopping = True
        self._nursery.start_soon(self._stop, self.server, down)

    async def _stop(self, server: Server, down: float) -> None:
        self.network.refuse()
        await server.stop()
        if self.server is server:
            self.network.sever(told=True)
            server.die()
            self._ended(clean=server.memory.keeper.finished.is_set())
            self._scope.cancel()
            self.start_at = self.now + down

    def _ended(self, *, clean: bool) -> None:
        run = self.runs[-1]
        run.ended_at, run.clean = self.now, clean
        if not clean:
            self._forget_unsaved(run)
        self.server, self.stopping, self.starting = None, False, False

    def _forget_unsaved(self, run: Run) -> None:
        """What the store does not know yet is lost, once the server is killed."""
        unwell = not self.disk.well or self.was_disturbed(self.now - UNWELL, self.now, "")
        run.unsaved = self.now - run.began_at if unwell else UNSAVED
        for subject in self.society.subjects.values():
            subject.forget_beats(run.began_at if unwell else self.now - UNSAVED)
        for beater in self.society.beaters:
            beater.forgotten(self._away(), unsure=unwell)

    def _start(self) -> None:
        self.starting, self.start_at = True, None
        self._believe_store()
        self.network.kernel = kernel = Kernel()
        clocks = Clocks(self.wall, lambda: self.asleep)
        chance = Random(self.chance.random())
        server = Server(self.config, kernel, self.disk, self.receivers, clocks, chance)
        self.server = server
        run = Run(len(self.runs), server.presence.epoch, self.awake(), self.now, self.skew)
        self.runs.append(run)
        self.note_rules()
        self.mutings.note(starting=True)
        server.presence.recorder = Tap(self, server, run)
        self._scope = trio.CancelScope()
        self._nursery.start_soon(self._serve, server, run, self._scope)

    async def _serve(self, server: Server, run: Run, scope: trio.CancelScope) -> None:
        with scope:
            try:
                async with trio.open_nursery() as nursery:
                    await nursery.start(server.run)
                    run.served = self.awake()
                    self.starting = False
                    self.change(self.config)  # what changed while it started
            except* StartFailed:
                server.die()
                self._ended(clean=False)
                self.start_at = self.now + RETRY_START

    def _believe_store(self) -> None:
        """What the last run decided and could not write is undone: its store knows better. Before
        the next one decides anything.
        """
        if not self._undo:
            return
        epochs = {decided.epoch for decided, *_ in self._undo}
        with self.disk.kept.reading() as connection:
            columns = select(EVENTS.c.epoch, EVENTS.c.number)
            found = connection.execute(columns.where(EVENTS.c.epoch.in_(epochs)))
            stored = {(row.epoch, row.number) for row in found}
        for decided, subject, present, came, stretches in reversed(self._undo):
            if (decided.epoch, decided.number) not in stored:
                subject.present, subject.came = present, came
                del subject.stretches[stretches:]
        self._undo.clear()

    def was_quiet(self, since: float, until: float, receiver: str) -> bool:
        """Whether nothing that could delay a message was wrong around these moments."""
        since -= 3700.0  # a retry may be so far away
        if self.was_disturbed(since, until + 60, receiver):
            return False
        skew = [run.skew for run in self.runs if run.began_at <= until][-1]
        # Set back, the clock has what was to be tried again wait for longer.
        return not any(
            run.ended_at is not None
            and since - max(0.0, run.skew - skew) <= run.ended_at < until + 60
            for run in self.runs
        )

    def was_disturbed(self, since: float, until: float, receiver: str) -> bool:
        """Whether the store or the receiver got worse or better, or the server paused."""
        return any(
            since < at < until and who in ("", receiver) for at, who in self.troubles
        ) or any(
            since < pause.until and pause.since < until for run in self.runs for pause in run.pauses
        )

    def awake_between(self, since: float, until: float) -> float:
        """For how long the server ran and did not pause between two moments."""
        return sum(
            max(0.0, min(until, end) - max(since, begin))
            for run in self.runs
            for begin, end in run.stretches(until)
        )

    def note_trouble(self, receiver: str = "") -> None:
        """The store, or a receiver, begins to be unwell, or is well again."""
        self.troubles.append((self.now, receiver))

    def change(self, config: Config, *, reload: bool = True) -> None:
        """Other settings from now on; or from the next start, without `reload`."""
        self.config = config
        if reload and self.is_up and self.server is not None:
            self.server.steering.follow(config)
            self.note_rules()
            self.mutings.note()

    def note_rules(self) -> None:
        server, detector = self.config.server, self.config.detector
        self.runs[-1].rules.append(
            Rule(
                self.awake(),
                server.heartbeat_interval,
                server.connection_timeout,
                server.reconnect_grace,
                server.reap_interval,
                detector.mass_loss_hold,
            )
        )

    # --- beats

    def _take_beat(self, beater: Beater) -> None:
        if self._is_reachable():
            client_id, limits = beater.subject.client_id, (beater.timeout, beater.every)
            beater.reached()
            beater.subject.beat(self.awake(), *limits)
            beat = Beat(client_id, beater.via, "10.9.0.1:9", *limits)  # type: ignore[arg-type]
            self.network.kernel.take_request(lambda presence, now: presence.beat(beat, now))
        else:
            beater.missed(self._away())

    def _say_goodbye(self, beater: Beater) -> None:
        if self._is_reachable():
            client_id, via = beater.subject.client_id, beater.via
            beater.subject.left, beater.subject.unbeaten = self.awake(), self.now
            self.network.kernel.take_request(
                lambda presence, now: presence.leave_linkless(client_id, via, now)  # type: ignore[arg-type]
            )

    def _away(self) -> object:
        """A name for the time in which the server is away now, the same until that is over."""
        return len(self.runs), len(self.runs[-1].pauses) if self.runs else 0

    def _is_reachable(self) -> bool:
        """Whether a request comes to a server, which reads it when it is awake."""
        return self.network.kernel.listening and self.network.reachable

    # --- what is seen

    def saw(self, decided: Decided) -> None:
        """The server decided something."""
        self.decided.append(decided)
        self.moments[decided.epoch, decided.number] = decided.at
        subject = self.society.subjects[decided.client_id]
        for law in self.laws:
            law.decided(decided, subject)
        before = (decided, subject, subject.present, subject.came, len(subject.stretches))
        self._undo.append(before)
        if decided.after == "offline":
            if subject.present:
                if subject.heard < self.runs[-1].began_at or self._was_unread(decided, subject):
                    subject.unsure += 1  # its last words may have died with the run before
                until = subject.heard_until(decided.reason, decided.at)
                subject.stretches.append((subject.came, until))
            subject.present = False
        elif not subject.present:
            subject.present, subject.came = True, subject.heard

    def _was_unread(self, decided: Decided, subject: Subject) -> bool:
        """Whether it was sent away as a pause ended (or several without a turn for the server in
        between), before its words of meanwhile were read.
        """
        pauses = self.runs[-1].pauses
        if decided.reason != "kicked" or not pauses or decided.at - pauses[-1].until > TICK:
            return False
        return any(p.awake == pauses[-1].awake and p.since <= subject.heard for p in pauses)

    def breach(self, law: int, how: str) -> None:
        """A law is broken."""
        self.breaches.append(Breach(law, self.now, how))

    def _logged(self, _logger: object, _name: str, event: dict[str, object]) -> str:
        if event.get("exc_info"):
            import traceback

            self.breach(0, f"the server crashed: {event['event']}\n{traceback.format_exc()}")
        return ""


class Tap:
    """Stands before the keeper as presence's recorder: the world sees what is decided."""

    def __init__(self, world: World, server: Server, run: Run) -> None:
        self._world, self._server, self._run = world, server, run
        self._keeper = server.memory.keeper

    def transition(self, transition: Transition, record: ClientRecord) -> None:
        self._keeper.transition(transition, record)
        world = self._world
        world.saw(
            Decided(
                self._run.number,
                self._run.epoch,
                self._keeper._numbered,
                transition.client_id,
                transition.before,
                transition.after,
                transition.reason,
                world.now,
                world.awake(),
                transition.wall,
            )
        )

    def change(self, record: ClientRecord) -> None:
        self._keeper.change(record)

    def stalled(self, now: Moment) -> None:
        self._keeper.stalled(now)

    def mass_loss(self, silent: int, present: int, hold: float, now: Moment) -> None:
        self._keeper.mass_loss(silent, present, hold, now)

    def forgotten(self, client_id: str) -> None:
        self._keeper.forgotten(client_id)


def _settings(plan: Plan) -> Config:
    duplicate = Random(f"{plan.seed}/duplicate").choice(("replace", "replace", "share", "reject"))
    people = Webhook(
        name="people", url="http://x", delay=30, group_wait=10, group_interval=60,
        flap_threshold=6, repeat_interval=3600,
    )  # fmt: skip
    channels = (
        Webhook(name="pager", url="http://x"),
        Webhook(name="patient", url="http://x", delay=30),
        people,
    )
    config = Config(server=ServerSettings(duplicate=duplicate), notify=Notify(webhook=channels))  # type: ignore[arg-type]
    return structs.replace(config)


def _make_repeatable(seed: int) -> None:
    """Nothing is left to chance but by the seed: trio, too, would otherwise mix the order in which
    tasks have their turn.
    """
    random.seed(seed)
    trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]
    trio._core._run._r.seed(seed)
