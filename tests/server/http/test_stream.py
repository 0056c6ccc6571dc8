"""The stream: a snapshot, then diffs, from where a reader left off, in bounded memory."""

# ruff: noqa: ARG001 - pytest-trio takes the clock from the arguments

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from lastseen.server.http import stream
from lastseen.server.http.stream import FORMAT, Readers, encode_diff, parse_event_id
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.model import Policy, Registration, Session
from lastseen.server.presence.presence import Presence
from lastseen.server.presence.watchers import TICK
from lastseen.shared.messages import ClientRecord, Diff, Goodbye, Register, Watch

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Event:
    """One event, as a browser understands it."""

    def __init__(self, text: str) -> None:
        self.id = self.name = ""
        self.data: Any = None
        for line in text.split("\n"):
            field, _, value = line.partition(": ")
            if field == "id":
                self.id = value
            elif field == "event":
                self.name = value
            elif field == "data":
                self.data = json.loads(value)


class Tab:
    """Whoever reads: keeps a view as docs/http.md says, and may read slowly.

    Attributes:
        text: All that was written to it.
        reads: Set while it takes what is written.
    """

    def __init__(self, pages: float = float("inf")) -> None:
        """It reads so many pages of the snapshot, and then nothing more."""
        self._pages = pages
        self.text = ""
        self.view: dict[str, Any] = {}
        self.last_id = ""
        self.events: list[Event] = []
        self.reads = trio.Event()
        self.reads.set()
        self._rest = ""

    async def write(self, data: bytes) -> None:
        await self.reads.wait()
        await trio.lowlevel.checkpoint()
        self.text += data.decode()
        *whole, self._rest = (self._rest + data.decode()).split("\n\n")
        for text in whole:
            self._take(Event(text))
        if self.names.count("clients") >= self._pages:
            self.reads = trio.Event()

    def _take(self, event: Event) -> None:
        if event.name:
            self.events.append(event)
        self.last_id = event.id or self.last_id
        if event.name == "clients" and event.data.get("first"):
            self.view = {}
        if event.name in ("clients", "diff"):
            for kind in ("clients", "joins", "updates"):
                self.view |= {r["client_id"]: r for r in event.data.get(kind, [])}
            for record in event.data.get("leaves", []):
                self.view.pop(record["client_id"], None)

    @property
    def names(self) -> list[str]:
        return [event.name for event in self.events]


class Town:
    """A presence whose diffs are told, and tabs that read them."""

    def __init__(self, nursery: trio.Nursery) -> None:
        policy = Policy(max_clients=100_000)
        self.presence = Presence(policy, AwakeClock(), {FORMAT: encode_diff})
        self.readers = Readers(self.presence)
        self._nursery = nursery
        nursery.start_soon(self.presence.watchers.tell)

    def open(self, tab: Tab) -> trio.CancelScope:
        """Begin to read, from where the tab left off; cut by cancelling."""
        scope = trio.CancelScope()

        async def read() -> None:
            with scope:
                await self.readers.serve(parse_event_id(tab.last_id), tab.write)

        self._nursery.start_soon(read)
        return scope

    def register(self, client_id: str, **said: Any) -> Session:
        link: Any = Silent()
        registration = Registration(Register(client_id, **said), "tcp", "192.0.2.1:7")
        return self.presence.register(registration, link, self.presence.clock.now())

    def leave(self, session: Session) -> None:
        self.presence.leave(session, self.presence.clock.now())

    def ids(self) -> set[str]:
        return set(self.presence.registry.ids_after(None)) - {
            client_id
            for client_id in self.presence.registry.ids_after(None)
            if client_id not in self.presence.registry
        }


class Silent:
    def send(self, message: Any) -> None: ...

    def dismiss(self, goodbye: Goodbye) -> None: ...

    def has_unread(self) -> bool:
        return False

    def crashed(self) -> None: ...


async def told() -> None:
    """Until changes have been told."""
    await trio.sleep(3 * TICK)


@pytest.fixture
async def town(autojump_clock: MockClock, nursery: trio.Nursery) -> Town:
    return Town(nursery)


async def test_a_reader_is_told_everyone_then_every_change(autojump_clock: MockClock, town: Town):
    town.register("a")
    tab = Tab()
    town.open(tab)
    await told()
    assert tab.names == ["clients"]
    assert tab.events[0].id == f"{town.presence.epoch}:{town.presence.journal.revision}"
    assert tab.events[0].data["first"] is True
    b = town.register("b")
    await told()
    town.leave(b)
    town.register("c")
    await told()
    assert tab.names == ["clients", "diff", "diff"]
    assert [r["client_id"] for r in tab.events[2].data["leaves"]] == ["b"]
    assert tab.view.keys() == {"a", "c"}


async def test_a_reader_that_was_cut_off_resumes_with_what_it_missed(
    autojump_clock: MockClock, town: Town
):
    tab = Tab()
    link = town.open(tab)
    town.register("a")
    await told()
    link.cancel()
    await told()
    assert len(town.presence.watchers) == len(town.readers) == 0
    town.register("b")
    await told()
    tab.events.clear()
    town.open(tab)
    await told()
    assert tab.names == ["diff", "diff"]  # the answer, empty, then what was missed
    assert "joins" not in tab.events[0].data
    assert tab.view.keys() == {"a", "b"}


@pytest.mark.parametrize("last_id", ["", "0" * 12 + ":3", "nonsense", "x:-1", "x:1e3", ":"])
async def test_an_id_that_means_nothing_to_this_run_begins_anew(
    last_id: str, autojump_clock: MockClock, town: Town
):
    town.register("a")
    tab = Tab()
    tab.last_id = last_id
    tab.view = {"of another run": {}}
    town.open(tab)
    await told()
    assert tab.names == ["clients"]
    assert tab.view.keys() == {"a"}


async def test_a_snapshot_comes_in_pages_and_only_the_last_has_an_id(
    autojump_clock: MockClock, town: Town
):
    for number in range(1200):
        town.register(f"client-{number:04}", name="x" * 100)
    tab = Tab()
    town.open(tab)
    await told()
    pages = [event for event in tab.events if event.name == "clients"]
    assert len(pages) > 2
    assert [bool(page.id) for page in pages] == [False] * (len(pages) - 1) + [True]
    assert [page.data.get("first", False) for page in pages] == [True] + [False] * (len(pages) - 1)
    assert len(tab.view) == 1200


async def test_one_that_is_cut_off_between_pages_does_not_resume_in_their_midst(
    autojump_clock: MockClock, town: Town
):
    for number in range(1200):
        town.register(f"client-{number:04}", name="x" * 100)
    await told()
    tab = Tab(pages=2)
    link = town.open(tab)
    await told()
    town.register("aaa-passes")  # before the place that the pages have come to
    await told()
    link.cancel()
    await told()
    assert tab.names == ["clients", "clients"]
    assert tab.last_id == ""
    tab = Tab()
    town.open(tab)
    await told()
    assert tab.view.keys() == town.ids()


async def test_a_diff_between_two_pages_bears_no_id(autojump_clock: MockClock, town: Town):
    for number in range(1200):
        town.register(f"client-{number:04}", name="x" * 100)
    await told()
    tab = Tab(pages=2)
    town.open(tab)
    await told()
    town.register("aaa-passes")
    await told()
    tab._pages = float("inf")
    tab.reads.set()
    await told()
    between = tab.names.index("diff")
    assert "clients" in tab.names[between:]
    assert tab.events[between].id == ""
    assert tab.events[-1].id
    assert tab.view.keys() == town.ids()


async def test_silence_is_broken_by_comments(autojump_clock: MockClock, town: Town):
    tab = Tab()
    town.open(tab)
    await trio.sleep(3.5 * stream.KEEP_ALIVE)
    assert tab.text.count(": still here\n\n") == 3
    assert tab.names == ["clients"]


async def test_a_browser_is_told_when_to_try_again(autojump_clock: MockClock, town: Town):
    tab = Tab()
    town.open(tab)
    await told()
    assert tab.text.startswith("retry: 1000\n\n")


async def test_one_that_does_not_read_is_dismissed_and_held_in_bounded_memory(
    autojump_clock: MockClock, town: Town
):
    quick, slow = Tab(), Tab()
    town.open(quick)
    town.open(slow)
    await told()
    slow.reads = trio.Event()
    for turn in range(100):
        for number in range(50):
            town.leave(town.register(f"passes-{turn}-{number}", name="x" * 100))
            town.register(f"stays-{turn}-{number}", name="x" * 100)
        await trio.sleep(2 * TICK)
        for reader in town.readers._readers:
            assert len(reader._unsent) < 3 * 65_536
    slow.reads.set()
    await told()
    assert slow.names[-1] == "goodbye"
    assert slow.events[-1].data["reason"] == "slow"
    assert quick.view.keys() == town.ids()


async def test_one_that_is_told_too_much_while_it_does_not_read_is_dismissed_once(
    autojump_clock: MockClock, town: Town
):
    tab = Tab()
    town.open(tab)
    await told()
    tab.reads = trio.Event()
    for _ in range(300):
        town.readers.tell(stream.to_event("settings", "x" * 3_000))
    (reader,) = town.readers._readers
    assert len(reader._unsent) < stream.UNSENT_LIMIT + 4_000
    tab.reads.set()
    await told()
    assert tab.names.count("goodbye") == 1
    assert tab.events[-1].data["reason"] == "slow"
    assert len(town.readers) == 0


async def test_clients_whose_texts_are_six_times_as_long_in_json_reach_one_that_reads(
    autojump_clock: MockClock, town: Town
):
    long = {"name": "\1" * 128, "hostname": "\1" * 255}
    long |= {"meta": {f"key-{n}": "\1" * 256 for n in range(16)}}
    before, after = Tab(), Tab()
    town.open(before)
    await told()
    for number in range(40):
        town.register(f"client-{number:02}", **long)
    await told()
    town.open(after)
    await told()
    assert max(len(as_json(event)) for event in before.events) > 300_000
    assert before.view.keys() == after.view.keys() == town.ids()
    assert "goodbye" not in before.names + after.names


def as_json(event: Event) -> str:
    return json.dumps(event.data)


async def test_every_stream_ends_with_a_goodbye_when_the_server_stops(
    autojump_clock: MockClock, town: Town
):
    tabs = [Tab(), Tab()]
    for tab in tabs:
        town.open(tab)
    await told()
    town.readers.end()
    await told()
    assert town.readers.stopping
    assert len(town.readers) == 0
    assert [tab.events[-1].data["reason"] for tab in tabs] == ["shutdown", "shutdown"]


async def test_something_else_is_told_to_all(autojump_clock: MockClock, town: Town):
    tab = Tab()
    town.open(tab)
    await told()
    town.readers.tell(stream.to_event("settings", {"heartbeat_interval": 30}))
    await told()
    assert tab.events[-1].name == "settings"
    assert tab.events[-1].data == {"heartbeat_interval": 30}


async def test_diffs_are_encoded_once_whatever_the_number_of_readers(
    autojump_clock: MockClock, town: Town, monkeypatch: pytest.MonkeyPatch
):
    encoded: list[int] = []

    def counting(diff: Diff) -> bytes:
        encoded.append(diff.revision)
        return encode_diff(diff)

    monkeypatch.setitem(town.presence.journal._encoders, FORMAT, counting)  # type: ignore[arg-type]
    for _ in range(50):
        town.open(Tab())
    await told()
    town.register("a")
    await told()
    assert encoded == [1]


def test_no_text_of_a_client_can_end_an_event_early():
    record = ClientRecord(
        "x\n\nevent: goodbye", "online", "registered", since=_EPOCH, last_seen=_EPOCH, name="\r\n"
    )
    event = encode_diff(Diff("e", 1, joins=[record]))
    assert event.count(b"\n") == 4
    assert event.endswith(b"\n\n")
    assert b"\r" not in event


@given(st.text(max_size=120))
def test_any_text_may_be_given_as_an_id(text: str):
    request = parse_event_id(text)
    assert isinstance(request, Watch)
    if request.revision is not None:
        assert f"{request.epoch}:{text.rpartition(':')[2]}" == text
        assert 0 <= request.revision < 10**15


def test_an_id_is_an_epoch_and_a_revision():
    assert parse_event_id("0f1e:12") == Watch(epoch="0f1e", revision=12)
