"""A server of our own over in-memory streams: it answers by docs/protocol.md, or as a test says."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
import trio
import trio.testing

from lastseen.shared.framing import Framer
from lastseen.shared.messages import (
    Answer,
    ChannelEnabled,
    ChannelRecord,
    Channels,
    ClientList,
    ClientRecord,
    ClientUptime,
    Deliveries,
    DeliveryRecord,
    Diff,
    EnableChannel,
    Error,
    EventRecord,
    Forget,
    Forgotten,
    GetChannels,
    GetDeliveries,
    GetHistory,
    GetSettings,
    GetSilences,
    GetStats,
    GetUptime,
    Goodbye,
    History,
    Leave,
    List,
    Message,
    Ping,
    Pong,
    Register,
    Registered,
    Retried,
    Retry,
    SetAvailability,
    Settings,
    Silence,
    Silenced,
    SilenceRecord,
    Silences,
    Stats,
    Unsilence,
    Unsilenced,
    UpdateSettings,
    Uptime,
    UptimeWindow,
    Watch,
)
from lastseen.shared.wire import from_client, to_frame

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)

SETTINGS = Settings(
    heartbeat_interval=60.0,
    connection_timeout=120.0,
    reap_interval=10.0,
    reconnect_grace=5.0,
    min_heartbeat_interval=10.0,
    max_heartbeat_interval=600.0,
)

STATS = Stats(
    version="0",
    started_at=NOON,
    uptime=1.0,
    epoch="e1",
    revision=0,
    online=1,
    late=0,
    remembered=0,
    connections=1,
    watchers=0,
    pings=0,
    transitions={},
    reaper_passes=0,
    reaper_duration=0.0,
    reaper_lateness=0.0,
    stalls=0,
    stalled=0.0,
    held=0,
    slow_closes=0,
    refused=0,
    memory=1,
)


def record(client_id: str, **fields: Any) -> ClientRecord:
    defaults: dict[str, Any] = {
        "status": "online",
        "reason": "registered",
        "since": NOON,
        "last_seen": NOON,
    }
    return ClientRecord(client_id=client_id, **(defaults | fields))


def event(before: str, after: str, reason: str, **fields: Any) -> EventRecord:
    defaults: dict[str, Any] = {"at": NOON, "last_seen": NOON, "epoch": "e1"}
    return EventRecord(before=before, after=after, reason=reason, **(defaults | fields))


def uptime(client_id: str, *windows: tuple[float, float]) -> ClientUptime:
    """Watched and online over a day, a week and a month."""
    lengths = (86_400.0, 604_800.0, 2_592_000.0)
    told = [UptimeWindow(w, *seconds) for w, seconds in zip(lengths, windows, strict=True)]
    return ClientUptime(client_id, told)


def delivery(number: int, **fields: Any) -> DeliveryRecord:
    defaults: dict[str, Any] = {
        "channel": "ops",
        "kind": "offline",
        "state": "sent",
        "created_at": NOON,
        "due_at": NOON,
        "client_id": "web-01",
        "attempts": 1,
    }
    return DeliveryRecord(number, f"key-{number}", **(defaults | fields))


def registered(register: Register, session: str, **fields: Any) -> Registered:
    defaults: dict[str, Any] = {
        "heartbeat_interval": 60.0,
        "connection_timeout": 120.0,
        "server_time": NOON,
        "epoch": "e1",
        "revision": 0,
    }
    return Registered(
        client_id=register.client_id,
        session=session,
        request_id=register.request_id,
        **(defaults | fields),
    )


class Connection:
    """The server's end of one link.

    Attributes:
        heard: Every message that came, with trio's time of its coming.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.heard: list[tuple[float, Any]] = []
        self._framer = Framer()
        self._arrived: list[Any] = []

    async def receive(self) -> Any:
        """The next message; None when the client has closed the link."""
        while not self._arrived:
            try:
                data = await self.stream.receive_some()
            except trio.ClosedResourceError:
                return None
            if not data:
                return None
            self._arrived += [from_client.decode(p) for p in self._framer.feed(bytes(data))]
        message = self._arrived.pop(0)
        self.heard.append((trio.current_time(), message))
        return message

    async def send(self, *messages: Message) -> None:
        await self.stream.send_all(b"".join(map(to_frame, messages)))

    async def close(self) -> None:
        await self.stream.aclose()

    def times(self, kind: type) -> list[float]:
        return [time for time, message in self.heard if isinstance(message, kind)]

    def messages(self, kind: Any) -> list[Any]:
        return [message for _, message in self.heard if isinstance(message, kind)]


class FakeServer:
    """Answers like a server; what a test wants otherwise, it overrides.

    Attributes:
        dial: To be given to `connect`: a stream to this server.
        dialled: The times at which somebody dialled.
        down: While set, dialling fails as it does where nobody listens.
        answers: Message type -> what to answer: `answer(connection, message)` gives messages.
        connections: All of them, the oldest first.
        records: What a list and a snapshot show.
        events: The history of each client, the latest first.
        uptimes: Those of everyone.
        silences: Those in force, by their ids.
        deliveries: By their ids.
        channels: Whom it tells, by their names.
        page: Records, events, uptimes, silences, deliveries or channels a page.
        epoch, revision, ring: Where the diffs stand, and those that are still known.
        dial_here, token: See `server_in_thread`.
    """

    dial_here: Any
    token: trio.lowlevel.TrioToken

    def __init__(self) -> None:
        self.down = False
        self.dialled: list[float] = []
        self.connections: list[Connection] = []
        self.records: dict[str, ClientRecord] = {}
        self.events: dict[str, list[EventRecord]] = {}
        self.uptimes: dict[str, ClientUptime] = {}
        self.silences: dict[int, SilenceRecord] = {}
        self.deliveries: dict[int, DeliveryRecord] = {}
        self.channels: dict[str, ChannelRecord] = {}
        self.page = 500
        self.settings = SETTINGS
        self.epoch, self.revision = "e1", 0
        self.ring: list[Diff] = []
        self.answers: dict[type, Callable[[Connection, Any], list[Message]]] = {
            Register: self.register,
            Ping: lambda _, __: [Pong()],
            SetAvailability: lambda _, __: [],
            Leave: lambda _, __: [Goodbye("left", reconnect=False)],
            List: lambda _, message: [self.listed(message)],
            Watch: lambda _, message: self.watched(message),
            GetSettings: lambda _, message: [self.told_settings(message)],
            UpdateSettings: lambda _, message: [self.told_settings(message)],
            GetStats: lambda _, message: [_answering(STATS, message)],
            GetHistory: lambda _, message: [self.told_history(message)],
            GetUptime: lambda _, message: [self.told_uptime(message)],
            Forget: lambda _, message: [self.forgotten(message)],
            Silence: lambda _, message: [self.silenced(message)],
            GetSilences: lambda _, message: [self.told_silences(message)],
            Unsilence: lambda _, message: [self.unsilenced(message)],
            GetDeliveries: lambda _, message: [self.told_deliveries(message)],
            Retry: lambda _, message: [self.retried(message)],
            GetChannels: lambda _, message: [self.told_channels(message)],
            EnableChannel: lambda _, message: [self.enabled(message)],
        }
        self._watchers: list[Connection] = []
        self._accepted, self._pending = trio.open_memory_channel[Connection](math.inf)

    async def dial(self, _host: str, _port: int) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        self.dialled.append(trio.current_time())
        if self.down:
            raise ConnectionRefusedError(111, "Connection refused")
        theirs, ours = trio.testing.memory_stream_pair()
        connection = Connection(ours)
        self.connections.append(connection)
        self._accepted.send_nowait(connection)
        return theirs

    async def accept(self) -> Connection:
        """The next connection, for a test that plays the server itself."""
        return await self._pending.receive()

    async def serve(self) -> None:
        """Answer everybody."""
        async with trio.open_nursery() as nursery:
            while True:
                nursery.start_soon(self.attend, await self.accept())

    async def attend(self, connection: Connection) -> None:
        """Answer one connection until it ends."""
        try:
            while (message := await connection.receive()) is not None:
                answers = self.answers[type(message)](connection, message)
                await connection.send(*answers)
                if isinstance(message, Watch):
                    self._watchers.append(connection)
                if any(isinstance(answer, Goodbye) for answer in answers):
                    await connection.close()
                    return
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return

    async def change(
        self,
        *,
        joins: list[ClientRecord] = [],  # noqa: B006 (never changed)
        leaves: list[ClientRecord] = [],  # noqa: B006 (never changed)
        updates: list[ClientRecord] = [],  # noqa: B006 (never changed)
    ) -> None:
        """Change the presence, and push the diff to who watches."""
        self.revision += 1
        self.ring.append(Diff(self.epoch, self.revision, joins, leaves, updates))
        for one in joins + updates:
            self.records[one.client_id] = one
        for one in leaves:
            del self.records[one.client_id]
        for watcher in self._watchers:
            await watcher.send(self.ring[-1])

    async def cut(self) -> None:
        """Break every link without a goodbye."""
        self._watchers.clear()
        for connection in self.connections:
            await connection.close()

    async def restart(self) -> None:
        """Come back as another run, which remembers no diffs."""
        self.epoch, self.revision, self.ring = self.epoch + "'", 0, []
        await self.cut()

    # --- what it answers unless told otherwise

    def register(self, _: Connection, message: Register) -> list[Message]:
        interval = self.settings.heartbeat_interval
        session = f"s{len(self.connections)}"
        return [registered(message, session, heartbeat_interval=interval, epoch=self.epoch)]

    def told_settings(self, message: GetSettings | UpdateSettings) -> Settings:
        return _answering(self.settings, message)

    def listed(self, message: List) -> ClientList:
        names = sorted(self.records)
        if message.after is not None:
            names = [name for name in names if name > message.after]
        return self._page(names, message.request_id)

    def watched(self, message: Watch) -> list[Message]:
        known = [diff for diff in self.ring if diff.revision > (message.revision or 0)]
        if message.epoch == self.epoch and len(known) == self.revision - (message.revision or 0):
            empty = Diff(self.epoch, message.revision or 0, request_id=message.request_id)
            return [empty, *known]
        return self._pages(message.request_id)

    def told_history(self, message: GetHistory) -> Answer:
        if message.client_id not in self.events:
            return unknown(message)
        everything = self.events[message.client_id]
        if message.since is not None:
            everything = [event for event in everything if event.at >= message.since]
        start = message.before or 0
        end = start + self.page
        return History(
            message.client_id,
            everything[start:end],
            before=end if end < len(everything) else None,
            request_id=message.request_id,
        )

    def told_uptime(self, message: GetUptime) -> Answer:
        if message.client_id is not None and message.client_id not in self.uptimes:
            return unknown(message)
        names = sorted(self.uptimes) if message.client_id is None else [message.client_id]
        names = [name for name in names if name > (message.after or "")]
        shown = names[: self.page]
        return Uptime(
            [self.uptimes[name] for name in shown],
            after=shown[-1] if len(names) > len(shown) else None,
            request_id=message.request_id,
        )

    def forgotten(self, message: Forget) -> Answer:
        if message.client_id in self.records:
            sentence = f"{message.client_id!r} is present"
            return Error("client_present", sentence, request_id=message.request_id)
        if self.events.pop(message.client_id, None) is None:
            return unknown(message)
        return Forgotten(message.client_id, request_id=message.request_id)

    def silenced(self, message: Silence) -> Answer:
        silence = SilenceRecord(
            NOON + timedelta(seconds=message.seconds),
            NOON,
            len(self.silences) + 1,
            () if message.client is None else (message.client,),
            () if message.group is None else (message.group,),
            message.reason,
        )
        self.silences[silence.id or 0] = silence
        return Silenced(silence, request_id=message.request_id)

    def told_silences(self, message: GetSilences) -> Answer:
        places = [place for place in self.silences if place > (message.after or 0)]
        shown = places[: self.page]
        return Silences(
            [self.silences[place] for place in shown],
            after=shown[-1] if len(places) > len(shown) else None,
            request_id=message.request_id,
        )

    def unsilenced(self, message: Unsilence) -> Answer:
        if self.silences.pop(message.id, None) is None:
            sentence = f"there is no silence {message.id}"
            return Error("unknown_silence", sentence, request_id=message.request_id)
        return Unsilenced(message.id, request_id=message.request_id)

    def told_deliveries(self, message: GetDeliveries) -> Answer:
        found = [
            d
            for d in reversed(self.deliveries.values())
            if message.channel in (None, d.channel)
            and message.client_id in (None, d.client_id)
            and message.state in (None, d.state)
            and (message.before is None or d.id < message.before)
        ]
        shown = found[: self.page]
        before = shown[-1].id if len(found) > len(shown) else None
        return Deliveries(shown, before, request_id=message.request_id)

    def retried(self, message: Retry) -> Answer:
        if message.id not in self.deliveries:
            sentence = f"there is no delivery {message.id}"
            return Error("unknown_delivery", sentence, request_id=message.request_id)
        pending = msgspec.structs.replace(self.deliveries[message.id], state="pending", attempts=0)
        self.deliveries[message.id] = pending
        return Retried(pending, request_id=message.request_id)

    def told_channels(self, message: GetChannels) -> Answer:
        names = [name for name in sorted(self.channels) if name > (message.after or "")]
        shown = names[: self.page]
        return Channels(
            [self.channels[name] for name in shown],
            after=shown[-1] if len(names) > len(shown) else None,
            request_id=message.request_id,
        )

    def enabled(self, message: EnableChannel) -> Answer:
        if message.name not in self.channels:
            sentence = f"the settings have no channel {message.name!r}"
            return Error("unknown_channel", sentence, request_id=message.request_id)
        channel = self.channels[message.name]
        self.channels[message.name] = msgspec.structs.replace(channel, state="working")
        return ChannelEnabled(message.name, request_id=message.request_id)

    def _pages(self, request_id: int | None) -> list[Message]:
        names = sorted(self.records)
        starts = range(0, max(len(names), 1), self.page)
        return [self._page(names[start:], request_id) for start in starts]

    def _page(self, names: list[str], request_id: int | None) -> ClientList:
        shown = names[: self.page]
        return ClientList(
            clients=[self.records[name] for name in shown],
            epoch=self.epoch,
            revision=self.revision,
            after=shown[-1] if len(names) > len(shown) else None,
            request_id=request_id,
        )


def unknown(request: Any) -> Error:
    sentence = f"no client {request.client_id!r} is known"
    return Error("unknown_client", sentence, request_id=request.request_id)


def _answering(answer: Any, request: Any) -> Any:
    return msgspec.structs.replace(answer, request_id=request.request_id)


@pytest.fixture(name="record")
def _record() -> Any:
    """Makes a record of a client_id, with the given fields."""
    return record


@pytest.fixture(name="event")
def _event() -> Any:
    """Makes an event of two statuses and a reason, with the given fields."""
    return event


@pytest.fixture(name="uptime")
def _uptime() -> Any:
    """Makes an uptime of a client_id and (watched, online) over a day, a week and a month."""
    return uptime


@pytest.fixture(name="delivery")
def _delivery() -> Any:
    """Makes a delivery of an id, with the given fields."""
    return delivery


@pytest.fixture
def settings() -> Settings:
    return SETTINGS


@pytest.fixture
def stats_answer() -> Stats:
    return STATS


@pytest.fixture
def quiet_server() -> FakeServer:
    """A fake server that accepts and says nothing: the test plays it."""
    return FakeServer()


@pytest.fixture
async def fake_server(quiet_server: FakeServer, nursery: trio.Nursery) -> FakeServer:
    """A fake server that answers everybody."""
    nursery.start_soon(quiet_server.serve)
    return quiet_server


@pytest.fixture
def connect(quiet_server: FakeServer) -> Any:
    """`connect` to the fake server as web-01, with no jitter: every pause is its ceiling."""
    from lastseen.client import connect

    return partial(connect, client_id="web-01", dial=quiet_server.dial, jitter=lambda: 1.0)


@pytest.fixture
def observe(quiet_server: FakeServer) -> Any:
    """`observe` of the fake server, with no jitter."""
    from lastseen.client import observe

    return partial(observe, dial=quiet_server.dial, jitter=lambda: 1.0)


@pytest.fixture
def server_in_thread(quiet_server: FakeServer) -> FakeServer:
    """A fake server that answers in the thread that dials first: `blocking` and `aio` have one.

    Its `dial_here` is for `connect`, and its `token` is that thread's.
    """

    async def dial(host: str, port: int) -> trio.abc.Stream:
        if not quiet_server.dialled:
            quiet_server.token = trio.lowlevel.current_trio_token()
            trio.lowlevel.spawn_system_task(quiet_server.serve)
        return await quiet_server.dial(host, port)

    quiet_server.dial_here = dial
    return quiet_server
