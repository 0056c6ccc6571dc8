"""A store in memory that fails when it is told to, and a presence beside it in simulated time."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import trio
from hypothesis import settings
from msgspec.structs import replace

from lastseen.server import logs
from lastseen.server.keeping.keeper import Keeper
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.model import Policy, Registration, Session
from lastseen.server.presence.presence import Presence
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.model import ClientUptime, Event, KnownClient, Page, Run, Uptime
from lastseen.server.store.telling import Telling
from lastseen.shared.messages import Register
from lastseen.shared.wire import to_frame

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")

WALL = 1_800_000_000.0
"""Unix time at the start of every test in simulated time."""

WORKS, FAILS, ANSWER_LOST, CRASHES = "works", "fails", "answer lost", "crashes"
"""What may become of a call."""


NOTHING = Telling()


class FakeStore:
    """What a store does, in memory and at once.

    Attributes:
        outcomes: What becomes of the next calls; afterwards all work.
        down: While true, every call fails.
        takes: Seconds that each call takes (`here`).
        calls: The name of each call that was tried, and what it was given.
    """

    def __init__(self) -> None:
        self.outcomes: deque[str] = deque()
        self.down = False
        self.takes = 0.0
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.clients: dict[str, KnownClient] = {}
        self.events: list[Event] = []
        self.runs: list[Run] = []
        self.told: list[Telling] = []

    async def here(self, call: Callable[..., Any], *what: Any) -> Any:
        """Make a call without a thread: simulated time would run past one."""
        await trio.sleep(self.takes)
        return call(*what)

    def called(self, name: str) -> list[tuple[Any, ...]]:
        return [what for called, what in self.calls if called == name]

    def online(self) -> set[str]:
        """Those whose last event left them online."""
        last = {event.client_id: event for event in self.events}
        return {client_id for client_id, event in last.items() if event.after != "offline"}

    # --- writes -------------------------------------------------------------------------------

    def record(
        self,
        events: Sequence[Event],
        clients: Sequence[KnownClient] = (),
        telling: Telling = NOTHING,
    ) -> None:
        def do() -> None:
            self.told.append(telling)
            self._upsert(clients)
            kept = {(event.epoch, event.number) for event in self.events}
            for event in events:
                if (event.epoch, event.number) not in kept:
                    self.events.append(replace(event, id=len(self.events) + 1))

        self._write(do, "record", events, clients)

    def upsert_many(self, clients: Sequence[KnownClient]) -> None:
        self._write(lambda: self._upsert(clients), "upsert_many", clients)

    def update_last_seen(self, seen: Sequence[Any]) -> None:
        def do() -> None:
            for sign in seen:
                if sign.client_id in self.clients:
                    known = self.clients[sign.client_id]
                    said = {name: getattr(sign, name) for name in sign.__struct_fields__}
                    self.clients[sign.client_id] = replace(known, **said)

        self._write(do, "update_last_seen", seen)

    def begin_run(self, epoch: str, now: float, awake: float) -> None:
        run = Run(epoch, now, now, clean=False, awake=awake)
        self._write(lambda: self.runs.append(run), "begin_run", epoch, now)

    def beat(self, epoch: str, now: float, awake: float) -> None:
        self._write(lambda: self._beat(now, awake, clean=False), "beat", epoch, now)

    def end_run(self, epoch: str, now: float, awake: float) -> None:
        self._write(lambda: self._beat(now, awake, clean=True), "end_run", epoch, now)

    def delete(self, client_id: str) -> bool:
        def do() -> bool:
            self.events = [e for e in self.events if e.client_id != client_id]
            return self.clients.pop(client_id, None) is not None

        return self._write(do, "delete", client_id)

    def forget_offline_since(self, moment: float, keep: Any, limit: int) -> int:
        def do() -> int:
            absent = [
                c.client_id
                for c in self.clients.values()
                if c.last_seen < moment and c.client_id not in keep
            ][:limit]
            for client_id in absent:
                del self.clients[client_id]
            return len(absent)

        return self._write(do, "forget_offline_since", moment, limit)

    def forget_events_before(self, moment: float, limit: int) -> int:
        def do() -> int:
            old = [e for e in self.events if e.at < moment][:limit]
            self.events = [e for e in self.events if e not in old]
            return len(old)

        return self._write(do, "forget_events_before", moment, limit)

    def forget_runs_before(self, moment: float, limit: int) -> int:
        return self._write(lambda: 0, "forget_runs_before", moment, limit)

    def shrink(self) -> bool:
        return self._write(lambda: False, "shrink")

    @property
    def deliveries(self) -> "FakeStore":
        return self

    def forget_before(self, moment: float, limit: int) -> int:
        return self._write(lambda: 0, "forget_before", moment, limit)

    def forget_standings_before(self, moment: float, limit: int) -> int:
        return self._write(lambda: 0, "forget_standings_before", moment, limit)

    def forget_silences_before(self, moment: float, limit: int) -> int:
        return self._write(lambda: 0, "forget_silences_before", moment, limit)

    # --- reads --------------------------------------------------------------------------------

    def last_run(self) -> Run | None:
        return self._read(lambda: self.runs[-1] if self.runs else None, "last_run")

    def all_runs(self) -> list[Run]:
        return self._read(lambda: list(self.runs), "all_runs")

    def were_online(self, *, after: str | None = None, limit: int) -> Page[KnownClient]:
        online = self.online()
        return self._page("were_online", after, limit, lambda c: c.client_id in online)

    def find_all(
        self,
        *,
        after: str | None = None,
        limit: int,
        group: str | None = None,
        search: str | None = None,
        via: str | None = None,
    ) -> Page[KnownClient]:
        return self._page(
            "find_all",
            after,
            limit,
            lambda c: (
                (group is None or group in c.groups)
                and (search is None or search in c.client_id)
                and via in (None, c.via)
            ),
        )

    def find_by_id(self, client_id: str) -> KnownClient | None:
        return self._read(lambda: self.clients.get(client_id), "find_by_id")

    def last_events(self, client_ids: Sequence[str]) -> dict[str, Event]:
        last = {e.client_id: e for e in self.events if e.client_id in client_ids}
        return self._read(lambda: last, "last_events")

    def history(
        self, client_id: str, since: float | None, before_id: int | None, limit: int
    ) -> list[Event]:
        found = [
            e
            for e in reversed(self.events)
            if e.client_id == client_id
            and (since is None or e.at >= since)
            and (before_id is None or e.id < before_id)
        ]
        return self._read(lambda: found[:limit], "history")

    def uptime(
        self, client_id: str | None, windows: Sequence[float], _: float, *, after: Any, limit: int
    ) -> Page[ClientUptime]:
        page = self._page(
            "uptime", after, limit, lambda c: client_id is None or c.client_id == client_id
        )
        shares = tuple(Uptime(window, window, window / 2) for window in windows)
        return Page([ClientUptime(c.client_id, shares) for c in page.items], page.after)

    # --- within -------------------------------------------------------------------------------

    def _upsert(self, clients: Sequence[KnownClient]) -> None:
        for client in clients:
            known = self.clients.get(client.client_id, client)
            self.clients[client.client_id] = replace(client, first_seen=known.first_seen)

    def _beat(self, now: float, awake: float, *, clean: bool) -> None:
        if self.runs:
            self.runs[-1] = replace(self.runs[-1], heartbeat_at=now, awake=awake, clean=clean)

    def _page(
        self, name: str, after: str | None, limit: int, wanted: Callable[[KnownClient], bool]
    ) -> Page[KnownClient]:
        def do() -> Page[KnownClient]:
            found = sorted(i for i in self.clients if after is None or i > after)
            found = [i for i in found if wanted(self.clients[i])]
            cursor = found[limit - 1] if len(found) > limit else None
            return Page([self.clients[i] for i in found[:limit]], cursor)

        return self._read(do, name)

    def _read(self, do: Callable[[], Any], name: str) -> Any:
        return self._write(do, name)

    def _write(self, do: Callable[[], Any], name: str, *what: Any) -> Any:
        self.calls.append((name, what))
        outcome = self.outcomes.popleft() if self.outcomes else WORKS
        if self.down or outcome == FAILS:
            raise StoreUnavailable("it is away")
        if outcome == CRASHES:
            raise ZeroDivisionError("a bug")
        result = do()
        if outcome == ANSWER_LOST:
            raise StoreUnavailable("the connection broke")
        return result


class World:
    """A presence, a store and the keeper between them. Make it inside trio.

    Attributes:
        decided: Every transition that presence told its recorder.
    """

    def __init__(
        self, flush_interval: float = 10.0, queue_bound: int = 100_000, **policy: Any
    ) -> None:
        self.asleep = 0.0
        clock = AwakeClock(
            lambda: trio.current_time() + self.asleep,
            lambda: WALL + trio.current_time() + self.asleep,
        )
        self.presence = Presence(Policy(**policy), clock, {"msgpack": to_frame})
        self.store = FakeStore()
        store: Any = self.store
        self.keeper = Keeper(
            store, self.presence, lambda: flush_interval, self.store.here, queue_bound
        )
        self.sessions: dict[str, Session] = {}
        self.decided: list[tuple[str, str, str]] = []
        self.presence.recorder = self

    # As the recorder: notes what it hands on.

    def transition(self, transition: Any, record: Any) -> None:
        self.decided.append((transition.client_id, transition.after, transition.reason))
        self.keeper.transition(transition, record)

    def change(self, record: Any) -> None:
        self.keeper.change(record)

    def stalled(self, now: Any) -> None:
        self.keeper.stalled(now)

    def forgotten(self, client_id: str) -> None:
        self.keeper.forgotten(client_id)

    def mass_loss(self, silent: int, present: int, hold: float, now: Any) -> None:
        self.keeper.mass_loss(silent, present, hold, now)

    @property
    def stored(self) -> list[tuple[str, str, str]]:
        return [(e.client_id, e.after, e.reason) for e in self.store.events]

    def register(self, client_id: str, instance: str = "i1", **fields: Any) -> None:
        message = Register(client_id, instance=instance, **fields)
        registration = Registration(message, "tcp", "127.0.0.1:4000")
        now = self.presence.clock.now()
        self.sessions[client_id] = self.presence.register(registration, None, now)  # type: ignore[arg-type]

    def ping(self, client_id: str) -> None:
        self.presence.heard(self.sessions[client_id], self.presence.clock.now())

    def leave(self, client_id: str) -> None:
        self.presence.leave(self.sessions[client_id], self.presence.clock.now())

    def broke(self, client_id: str) -> None:
        self.presence.broke(self.sessions[client_id], self.presence.clock.now())

    def say(self, client_id: str, note: str) -> None:
        self.presence.set_availability(self.sessions[client_id], "busy", note)

    def reap(self) -> None:
        now = self.presence.clock.now()
        for session in self.presence.due(now):
            self.presence.give_up(session, now)

    async def run(self, *, task_status: Any = trio.TASK_STATUS_IGNORED) -> None:
        """The clock and the keeper, until the keeper has finished."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._sample)
            task_status.started()
            await self.keeper.run()
            nursery.cancel_scope.cancel()

    async def _sample(self) -> None:
        """What `clock.run` does, whose sleep would not know of a stall that is only pretended."""
        while True:
            self.presence.clock.sample()
            await trio.sleep(1.0)

    async def close(self) -> None:
        self.keeper.close()
        await self.keeper.finished.wait()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands come and go here: no line for each."""
    logs.set_level("error")
    yield
    logs.set_level("info")


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """The log since the last call, as text."""
    logs.set_level("info")
    return lambda: capsys.readouterr().err


@pytest.fixture(scope="session")
def new_world() -> type[World]:
    """Makes a world, inside trio."""
    return World


@pytest.fixture
async def world() -> World:
    """A world in simulated time: the test must ask for `autojump_clock`, too."""
    return World()


@pytest.fixture
async def running(world: World, nursery: trio.Nursery) -> World:
    """One whose keeper runs."""
    await nursery.start(world.run)
    return world


@pytest.fixture(scope="session")
def known() -> Callable[..., KnownClient]:
    """Makes a client as a store remembers it."""

    def make(client_id: str, last_seen: float = WALL - 100, **changes: Any) -> KnownClient:
        client = KnownClient(
            client_id=client_id,
            name="Web",
            hostname="web-01.example",
            ip="10.0.0.1",
            port=4000,
            via="tcp",
            user_name="",
            nickname="",
            avatar="",
            groups=("web",),
            meta={"rack": 7},
            availability="busy",
            note="in a call",
            last_seen=last_seen,
            first_seen=last_seen,
            updated_at=last_seen,
        )
        return replace(client, **changes)

    return make


@pytest.fixture(scope="session")
def event() -> Callable[..., Event]:
    """Makes an event of a run before this one."""

    def make(client_id: str, after: str, at: float = WALL - 100, **changes: Any) -> Event:
        before: Any = "online" if after == "offline" else "offline"
        reason: Any = "left" if after == "offline" else "registered"
        event = Event(client_id, before, after, reason, at, at, None, "before", "10.0.0.1:4000")  # type: ignore[arg-type]
        return replace(event, **changes)

    return make
