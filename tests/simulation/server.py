"""A run of the server: the real parts, wired as its composition root does, in simulated time and
on a kernel, a disk and receivers of the world's.
"""

from collections.abc import Callable
from random import Random

import trio
from msgspec import Struct
from tests.simulation.kernel import Kernel, QuietPump
from tests.simulation.receivers import Receiver, Ways
from tests.simulation.storage import Disk, Hands

from lastseen.server.config import Config
from lastseen.server.keeping.memory import Memory
from lastseen.server.links.desk import Desk
from lastseen.server.links.doorkeeper import Doorkeeper
from lastseen.server.links.frames import FORMAT
from lastseen.server.links.reception import Reception
from lastseen.server.notify.notifications import Notifications
from lastseen.server.notify.notifier import Surroundings
from lastseen.server.notify.schedule import Schedule
from lastseen.server.parts import SEEING_OFF
from lastseen.server.presence.admission import RegistrationRefused
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.presence import Presence
from lastseen.server.presence.reaper import reap
from lastseen.server.stats import Gauge
from lastseen.server.steering import Steering, policy_of
from lastseen.shared.wire import to_frame


class Clocks(Struct, frozen=True):
    """What a process reads: the wall clock, and for how long its machine was suspended."""

    wall: Callable[[], float]
    suspended: Callable[[], float]


class Server:
    """One run. Make it inside trio."""

    def __init__(
        self,
        config: Config,
        kernel: Kernel,
        disk: Disk,
        receivers: dict[str, Receiver],
        clocks: Clocks,
        chance: Random,
    ) -> None:
        self.kernel = kernel
        self._hands = Hands(disk)
        self._ways = Ways(receivers, chance)
        self.clock = AwakeClock(wall=clocks.wall, suspended=clocks.suspended)
        self.presence = Presence(policy_of(config), self.clock, {FORMAT: to_frame})
        self.steering = Steering(config, self.presence)
        self.pump = QuietPump(self.clock, kernel.poller)
        self.memory = Memory(disk.store, self.presence, self.steering, self._hands.call)
        schedule = Schedule(clocks.wall, lambda: trio.current_time() + clocks.suspended())
        around = Surroundings(clocks.wall, schedule.now, chance.random, self._hands.call)
        self.schedule = schedule
        self.notifications = Notifications(
            disk.store.deliveries,
            self.memory.keeper,
            self.presence,
            self.steering,
            self._ways,
            around,
        )
        gauge = Gauge(self.presence, self.memory.keeper)
        self.doorkeeper = Doorkeeper()
        desk = Desk(
            self.presence,
            self.steering,
            self.doorkeeper,
            lambda request_id: gauge.read(len(self.pump), request_id),
            self.memory.archive,
            self.notifications.answering,
        )
        self.reception = Reception(self.pump, desk)
        self._accepting = trio.CancelScope()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """As `app.Server.run`, and the doors.

        Raises:
            StartFailed: The database does not answer.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.clock.run)
            await self.memory.restore()
            nursery.start_soon(self.memory.run)
            await self.notifications.restore()
            nursery.start_soon(self.notifications.run)
            nursery.start_soon(self.pump.run)
            nursery.start_soon(self.presence.watchers.tell)
            nursery.start_soon(self.reception.see_to_deadlines)
            nursery.start_soon(self.reception.tell_settings)
            nursery.start_soon(reap, self.presence, self._reap_interval)
            nursery.start_soon(self._accept)
            self.kernel.listening = True
            task_status.started()

    async def stop(self) -> None:
        """As `app.serve` does it, once a signal has come."""
        self._accepting.cancel()
        await trio.lowlevel.checkpoint()
        with trio.move_on_after(SEEING_OFF):
            await self.reception.see_everyone_off()
        self.reception.close_all()
        await self.notifications.finish()
        await self.memory.finish()

    def die(self) -> None:
        """Killed: whatever its tasks still do has no effect."""
        self.kernel.alive = False
        self._hands.die()
        self._ways.alive = False

    async def _accept(self) -> None:
        kernel = self.kernel
        with self._accepting:
            while True:
                kernel.something = trio.Event()
                while kernel.backlog:
                    link = kernel.backlog.popleft().link
                    peer = (f"10.0.{link.machine.number >> 8}.{link.machine.number & 255}", 4000)
                    self.reception.admit_tcp(link.sock, peer)  # type: ignore[arg-type]
                self._take_requests()
                await kernel.something.wait()

    def _take_requests(self) -> None:
        requests = self.kernel.requests
        while requests:
            try:
                requests.popleft()(self.presence, self.clock.now())
            except RegistrationRefused:  # the script is told, and beats again in a minute
                continue

    def _reap_interval(self) -> float:
        return self.steering.config.server.reap_interval
