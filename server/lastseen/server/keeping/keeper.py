"""Writes behind presence: transitions, and what is to be told of them, promptly and in order;
last_seen in batches.

One task does all writing, so everything reaches the store in the order in which it happened.
Presence never waits for it: when the store is slow, locked, full or gone, transitions queue up to a
bound and are tried again, with growing pauses, until they are in. Each bears a number, and the
store keeps each number once, so that a write whose answer was lost is simply repeated.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Protocol, TypeVar

import trio
from msgspec import Struct

from lastseen.server import logs
from lastseen.server.keeping.threads import InThread, in_thread
from lastseen.server.keeping.translation import event_of, known_client, last_seen_of
from lastseen.server.presence.model import Client, Moment, Transition
from lastseen.server.presence.presence import Presence
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.model import Event, KnownClient
from lastseen.server.store.store import Store
from lastseen.server.store.telling import Telling, merged
from lastseen.shared.messages import ClientRecord

BATCH = 1_000
"""Rows written in one call: a larger one holds the interpreter for 60 ms and more."""

QUEUE_BOUND = 100_000
"""Transitions that may wait for the store: some 100 MB, and hours of an ordinary day."""

FIRST_FLUSH = 1.0
"""Seconds from the start to the first flush, and between two flushes at least."""

FLUSH_SHARE = 0.25
"""Of a run's age, the longest pause between two flushes. A server that is killed soon after each
start would otherwise never have been awake, as far as the store knows, and the deadlines of
heartbeats, which count awake time, would never come."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds until a failed write is tried again: doubling from the first to the longest."""

T = TypeVar("T")

log = logs.get_logger()


NOTHING_TOLD = Telling()


class Teller(Protocol):
    """Who decides what is to be told of what happens."""

    def transition(
        self, transition: Transition, record: ClientRecord, epoch: str, number: int
    ) -> Telling:
        """A client's status changed; `number` is that of the event."""

    def mass_loss(self, silent: int, present: int, hold: float, now: Moment) -> Telling:
        """Most of those present fell silent: they are held back for `hold` seconds."""

    def forgotten(self, client_id: str) -> None:
        """A client is forgotten."""

    def written(self, telling: Telling) -> None:
        """The store has it."""

    def now(self) -> float:
        """This moment by the clock that deliveries are scheduled with."""


class Entry(Struct, frozen=True, gc=False):
    """Something to be written, with its number in this run."""

    number: int
    telling: Telling
    event: Event | None = None
    client: KnownClient | None = None


class Keeper:
    """Has the store follow presence.

    Attributes:
        teller: Who decides what is to be told; None: nothing is.
        failures: Writes that failed and were tried again.
        dropped: Transitions given up because the queue was full, the oldest first. What is to be
            told of them is not.
        flushes: How often it was written who was heard from, and that we are awake; `flushing` is
            how long that took in all, in seconds.
        awake_before: What is to be added to an awake time of this run to get that of all runs, in
            seconds.
        finished: Set when `run` has written everything and ended.
    """

    def __init__(
        self,
        store: Store,
        presence: Presence,
        flush_interval: Callable[[], float],
        in_thread: InThread = in_thread,
        queue_bound: int = QUEUE_BOUND,
    ) -> None:
        """`flush_interval` is asked anew for each pause between two flushes, in seconds."""
        self.teller: Teller | None = None
        self.failures = 0
        self.dropped = 0
        self.flushes = 0
        self.flushing = 0.0
        self.awake_before = 0.0
        self._store = store
        self._presence = presence
        self._flush_interval = flush_interval
        self._in_thread = in_thread
        self._queue_bound = queue_bound
        self._queue: deque[Entry] = deque()
        self._on_their_way: list[Entry] = []
        self._still_to_tell: list[Telling] = []
        self._changed: dict[str, KnownClient] = {}
        self._numbered = self._written = 0
        self._progress = trio.lowlevel.ParkingLot()
        self._flushed_until = presence.clock.now()
        self._available = True
        self._full = False
        self._closing = trio.Event()
        self._awake_since: Moment | None = None
        self._something_to_do = trio.Event()
        self.finished = trio.Event()
        presence.recorder = self

    # --- presence's side ----------------------------------------------------------------------

    def transition(self, transition: Transition, record: ClientRecord) -> None:
        """A client's status changed; `record` is how it is now."""
        self._numbered += 1
        epoch, number = self._presence.epoch, self._numbered
        telling = NOTHING_TOLD
        if self.teller is not None:
            telling = self.teller.transition(transition, record, epoch, number)
        event = event_of(transition, record, epoch, number)
        self._enqueue(Entry(number, telling, event, self._known(record)))
        self._changed.pop(record.client_id, None)  # it is older, and would be written later

    def change(self, record: ClientRecord) -> None:
        """Something else about a client changed; written with the next flush."""
        self._changed[record.client_id] = self._known(record)

    def stalled(self, now: Moment) -> None:
        """The server was not awake to watch, until now: that time counts for nobody's uptime."""
        self._awake_since = now

    def mass_loss(self, silent: int, present: int, hold: float, now: Moment) -> None:
        """Most of those present fell silent: they are held back for `hold` seconds."""
        if self.teller is not None:
            self.tell(self.teller.mass_loss(silent, present, hold, now))

    def forgotten(self, client_id: str) -> None:
        """A client is forgotten, in the store too."""
        if self.teller is not None:
            self.teller.forgotten(client_id)

    # --- the server's side --------------------------------------------------------------------

    def tell(self, telling: Telling) -> None:
        """Have something kept that is to be told, after all that was decided before it."""
        if telling != NOTHING_TOLD:
            self._numbered += 1
            self._enqueue(Entry(self._numbered, telling))

    @property
    def queued(self) -> int:
        """Transitions that are not in the store yet."""
        return len(self._on_their_way) + len(self._queue)

    @property
    def state(self) -> Literal["working", "unavailable"]:
        """Whether the last write went well."""
        return "working" if self._available else "unavailable"

    def close(self) -> None:
        """Have `run` write everything once more, and end."""
        self._closing.set()
        self._something_to_do.set()

    async def caught_up(self) -> None:
        """Wait until the transitions up to this moment are in the store."""
        number = self._numbered
        while self._written < number:
            await self._progress.park()

    async def run(self) -> None:
        """Write until closed. `finished` is set when everything is written."""
        began = trio.current_time()
        flush_at = began + min(FIRST_FLUSH, self._flush_interval())
        while not self._closing.is_set():
            with trio.move_on_at(flush_at):
                await self._something_to_do.wait()
            self._something_to_do = trio.Event()
            await self._write_transitions()
            if trio.current_time() >= flush_at:
                flushing_since = trio.current_time()
                await self._flush()
                self.flushes += 1
                now = trio.current_time()
                self.flushing += now - flushing_since
                young = max(FLUSH_SHARE * (now - began), FIRST_FLUSH)
                flush_at = now + min(young, self._flush_interval())
        await self._write_transitions()
        await self._flush()
        await self._write_moment(self._store.end_run, self._flushed_until)
        self.finished.set()

    # --- within -------------------------------------------------------------------------------

    def _enqueue(self, entry: Entry) -> None:
        if self._queue and self.queued >= self._queue_bound:
            oldest = self._queue.popleft()  # those on their way stay: they may be in already
            self._note_dropped()
            if oldest.telling != NOTHING_TOLD:  # of history some is lost, of the telling nothing
                self._still_to_tell.append(oldest.telling)
        self._queue.append(entry)
        self._something_to_do.set()

    async def _write_transitions(self) -> None:
        while self._queue:
            await self._write_still_to_tell()
            count = min(BATCH, len(self._queue))
            batch = self._on_their_way = [self._queue.popleft() for _ in range(count)]
            events = [entry.event for entry in batch if entry.event is not None]
            latest = {e.client.client_id: e.client for e in batch if e.client is not None}
            telling = merged(entry.telling for entry in batch)
            await self._write(self._store.record, events, list(latest.values()), telling)
            self._written, self._on_their_way = batch[-1].number, []
            self._progress.unpark_all()
            if self.teller is not None:
                self.teller.written(telling)

    async def _write_still_to_tell(self) -> None:
        """What was to be told of transitions that were given up, all of it older than the queue."""
        while self._still_to_tell:
            batch = self._still_to_tell[:BATCH]
            del self._still_to_tell[:BATCH]
            telling = merged(batch)
            await self._write(self._store.record, [], [], telling)
            if self.teller is not None:
                self.teller.written(telling)

    async def _flush(self) -> None:
        """Write who was heard from since the last flush, and that we are awake."""
        since, self._flushed_until = self._flushed_until, self._presence.clock.now()
        if self._awake_since is not None:
            resumed, self._awake_since = self._awake_since, None
            await self._write_moment(self._store.begin_run, resumed)
        changed, self._changed = list(self._changed.values()), {}
        for batch in _batches(changed):
            await self._write(self._store.upsert_many, batch)
        for heard in _batches(await self._heard_since(since)):
            signs = [last_seen_of(c, self._heard_awake(c.client_id)) for c in heard]
            await self._write(self._store.update_last_seen, signs)
        await self._write_moment(self._store.beat, self._flushed_until)

    async def _heard_since(self, moment: Moment) -> list[Client]:
        """Clients with a sign of life at a moment or after it, looked for in portions: among
        100,000 it takes longer than anyone should be held up.
        """
        found: list[Client] = []
        for clients in _batches(self._presence.registry.present()):
            found += [c for c in clients if _was_heard_since(c, moment)]
            await trio.lowlevel.checkpoint()
        return found

    def _known(self, record: ClientRecord) -> KnownClient:
        return known_client(record, self._heard_awake(record.client_id))

    def _heard_awake(self, client_id: str) -> float:
        """When the last heartbeat came, as awake time of all runs; 0 for a client with a link."""
        heartbeat = self._presence.registry.last_heartbeat(client_id)
        return 0.0 if heartbeat is None else self.awake_before + heartbeat.awake

    async def _write_moment(self, write: Callable[[str, float, float], None], at: Moment) -> None:
        """Call the store with this run's epoch and a moment of it."""
        await self._write(write, self._presence.epoch, at.wall, self.awake_before + at.awake)

    async def _write(self, write: Callable[..., object], *what: Any) -> None:  # noqa: ANN401 - handed on
        """Call the store as often as it takes."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self._in_thread(write, *what)
            except StoreUnavailable as error:
                self._note_unavailable(error, pause)
            except Exception as error:  # a fault in what is remembered must not end presence
                log.exception("a write crashed; it is tried again")
                self._note_unavailable(error, pause)
            else:
                self._note_available()
                return
            await self._wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _wait(self, pause: float) -> None:
        """Wait to try again: until a shutdown at most, and then for a moment at a time."""
        if self._closing.is_set():
            await trio.sleep(FIRST_PAUSE)
        with trio.move_on_after(pause):
            await self._closing.wait()

    def _note_dropped(self) -> None:
        self.dropped += 1
        if not self._full:
            why = "the oldest are in no history; who should be told of them is"
            log.error("too many transitions wait for the store", bound=self._queue_bound, why=why)
        self._full = True

    def _note_unavailable(self, error: Exception, pause: float) -> None:
        self.failures += 1
        say = log.warning if self._available else log.debug
        say(
            "the store does not answer; presence goes on",
            why=str(error),
            retry_in=pause,
            queued=self.queued,
        )
        self._available = False

    def _note_available(self) -> None:
        if not self._available:
            log.info("the store answers again", queued=self.queued, dropped=self.dropped)
            self._full = False
        self._available = True


def _was_heard_since(client: Client, moment: Moment) -> bool:
    # One without an instance is of the run before, and was last heard in that.
    return any(
        s.last_ping.awake >= moment.awake and s.instance is not None for s in client.sessions
    )


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
