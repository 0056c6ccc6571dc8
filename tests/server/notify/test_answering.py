"""Questions about notifications, answered from a real database; the notifier is a fake."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from lastseen.server.config.sections.notify import Maintenance
from lastseen.server.notify import answering as module
from lastseen.server.notify.answering import Answering
from lastseen.server.notify.records import LONGEST_ERROR
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.opening import open_store
from lastseen.server.store.store import Store
from lastseen.server.store.telling import Attempt, BrokenChannel, Delivery, Telling
from lastseen.server.store.telling import Silence as StoredSilence
from lastseen.shared.framing import FRAME_LIMIT
from lastseen.shared.messages import (
    ChannelEnabled,
    ChannelRecord,
    Channels,
    Deliveries,
    EnableChannel,
    GetChannels,
    GetDeliveries,
    GetSilences,
    Retried,
    Retry,
    Silence,
    Silenced,
    Silences,
    Unsilence,
    Unsilenced,
)
from lastseen.shared.wire import pack

NOW = 1_800_000_000.0  # a Friday, 08:00 UTC
HOUR = 3600.0

Ask = Callable[[Any], Any]


class FakeNotifier:
    """Knows three channels and two windows, and notes what it is told.

    Attributes:
        told: What was called, and with what.
    """

    def __init__(self) -> None:
        self.known = [
            ChannelRecord("web", "webhook", enabled=True, state="working", sent=7),
            ChannelRecord("ops", "telegram", enabled=True, state="broken", why="401"),
            ChannelRecord("mail", "apprise", enabled=False, state="working"),
        ]
        self.planned: list[Maintenance] = []
        self.told: list[tuple[str, Any]] = []

    def channels(self) -> list[ChannelRecord]:
        return self.known

    def windows(self) -> list[Maintenance]:
        return self.planned

    def now(self) -> float:
        return NOW

    def as_wall(self, moment: float) -> float:
        return moment

    def silenced(self, silence: StoredSilence) -> None:
        self.told.append(("silenced", silence))

    def unsilenced(self, which: int) -> None:
        self.told.append(("unsilenced", which))

    def retried(self, channel: str) -> None:
        self.told.append(("retried", channel))

    def enable(self, channel: str) -> None:
        self.told.append(("enable", channel))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store("sqlite:///notify.db", tmp_path)
    yield store
    store.close()


@pytest.fixture
def notifier() -> FakeNotifier:
    return FakeNotifier()


class Switch:
    """Calls the store, unless it is `down`."""

    down = False

    async def __call__(self, call: Callable[..., Any], *what: Any) -> Any:
        await trio.lowlevel.checkpoint()
        if self.down:
            raise StoreUnavailable("it is away")
        return call(*what)


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
async def ask(store: Store, notifier: FakeNotifier, switch: Switch, nursery: trio.Nursery) -> Ask:
    """Asks, and waits for the answer, which fits a frame and repeats the request_id."""
    answering = Answering(store.deliveries, notifier, lambda: NOW, switch)
    nursery.start_soon(answering.run)
    await trio.testing.wait_all_tasks_blocked()

    async def ask(question: Any) -> Any:
        send, receive = trio.open_memory_channel[Any](1)
        answering.ask(question, send.send_nowait, lambda: True)
        with trio.fail_after(10):
            answer = await receive.receive()
        assert answer.request_id == question.request_id
        assert len(pack(answer)) <= FRAME_LIMIT
        return answer

    return ask


@pytest.fixture
def deliver(store: Store) -> Callable[..., None]:
    """Has the store keep deliveries of these keys."""

    def deliver(*keys: str, **fields: Any) -> None:
        defaults = {"channel": "ops", "kind": "offline", "client_id": "web-01", "notice": {}}
        defaults |= {"created_at": NOW - 60, "due_at": NOW - 60} | fields
        store.tell(Telling(tuple(Delivery(key=key, **defaults) for key in keys)))

    return deliver


@pytest.fixture
def settle(store: Store) -> Callable[..., None]:
    """Has the store know what became of a delivery."""

    def settle(key: str, state: Any, error: str = "") -> None:
        store.deliveries.settle([Attempt((key,), state, NOW - 30, NOW - 30, error)])

    return settle


# --- silences ---------------------------------------------------------------------------------


async def test_a_silence_is_kept_told_to_the_notifier_and_shown(ask, store, notifier):
    answer = await ask(Silence(2 * HOUR, "web-*", "rack-3", "new disks", request_id=5))
    assert isinstance(answer, Silenced)
    silence = answer.silence
    assert (silence.clients, silence.groups, silence.reason) == (
        ("web-*",),
        ("rack-3",),
        "new disks",
    )
    assert (silence.since.timestamp(), silence.until.timestamp()) == (NOW, NOW + 2 * HOUR)
    [kept] = store.deliveries.silences()
    assert notifier.told == [("silenced", kept)]
    assert kept.id == silence.id
    assert await ask(GetSilences(request_id=6)) == Silences([silence], request_id=6)


async def test_a_silence_of_nobody_in_particular_is_refused(ask, store, notifier):
    answer = await ask(Silence(2 * HOUR, request_id=5))
    assert answer.code == "bad_silence"
    assert "`client` or a `group`" in answer.message
    assert (store.deliveries.silences(), notifier.told) == ([], [])


async def test_what_is_over_is_not_shown(ask, store):
    store.deliveries.add_silence(StoredSilence("a", None, NOW - 60, NOW))
    assert (await ask(GetSilences())).silences == []


async def test_there_is_a_bound_to_silences_in_force(ask, store, monkeypatch):
    monkeypatch.setattr(module, "MOST_SILENCES", 2)
    store.deliveries.add_silence(StoredSilence("over", None, NOW - 60, NOW - 30))
    for name in ("a", "b"):
        assert isinstance(await ask(Silence(HOUR, name)), Silenced)
    assert (await ask(Silence(HOUR, "c"))).code == "too_many_silences"


async def test_planned_maintenance_that_goes_on_is_shown_without_an_id(ask, notifier):
    notifier.planned = [
        Maintenance(name="backups", clients=("nas-*",), start="07:00", end="09:00"),
        Maintenance(name="night", groups=("lab",), start="22:00", end="04:00"),
    ]
    await ask(Silence(HOUR, "a"))
    own, planned = (await ask(GetSilences())).silences
    assert own.id is not None
    assert (planned.id, planned.reason, planned.clients) == (None, "backups", ("nas-*",))
    assert planned.until.timestamp() == NOW + HOUR


async def test_silences_that_fill_more_than_a_frame_lose_none(ask, store, notifier):
    long = "\N{PILE OF POO}" * 128
    for n in range(100):
        store.deliveries.add_silence(StoredSilence(long, None, NOW, NOW + 60 + n, "x" * 256))
    planned = {"clients": (long,) * 500, "start": "07:00", "end": "09:00"}
    notifier.planned = [Maintenance(name=f"w{n}", **planned) for n in range(3)]
    found, after = [], None
    while True:
        page = await ask(GetSilences(after))
        found += page.silences
        after = page.after
        if after is None:
            break
    assert [s.until.timestamp() for s in found[:100]] == [NOW + 60 + n for n in range(100)]
    assert [s.reason for s in found[100:]] == ["w0", "w1", "w2"]


async def test_a_silence_ends_when_it_is_told_to(ask, store, notifier):
    silence = (await ask(Silence(HOUR, "a"))).silence
    assert await ask(Unsilence(silence.id)) == Unsilenced(silence.id)
    assert store.deliveries.silences() == []
    assert notifier.told[-1] == ("unsilenced", silence.id)
    assert (await ask(Unsilence(silence.id))).code == "unknown_silence"


# --- deliveries -------------------------------------------------------------------------------


async def test_deliveries_come_the_latest_first_page_by_page(ask, deliver):
    deliver(*"abcde")
    first = await ask(GetDeliveries(limit=3, request_id=1))
    assert isinstance(first, Deliveries)
    second = await ask(GetDeliveries(limit=3, before=first.before, request_id=2))
    assert [d.key for d in first.deliveries + second.deliveries] == [*"edcba"]
    assert second.before is None


async def test_deliveries_can_be_those_of_a_channel_of_a_client_or_in_a_state(ask, deliver, settle):
    deliver("a", channel="web")
    deliver("b", client_id="db-01")
    deliver("c")
    settle("c", "failed", "no route")

    async def keys(**fields: Any) -> list[str]:
        return [d.key for d in (await ask(GetDeliveries(**fields))).deliveries]

    assert await keys(channel="web") == ["a"]
    assert await keys(client_id="db-01") == ["b"]
    assert await keys(state="failed") == ["c"]
    assert await keys(state="failed", channel="web") == []


async def test_a_delivery_tells_what_became_of_it(ask, deliver, settle):
    deliver("a")
    settle("a", "failed", "no route")
    [found] = (await ask(GetDeliveries())).deliveries
    assert (found.channel, found.client_id, found.kind) == ("ops", "web-01", "offline")
    assert (found.state, found.attempts, found.error) == ("failed", 1, "no route")
    assert found.created_at.timestamp() == NOW - 60
    assert found.settled_at.timestamp() == NOW - 30


async def test_errors_as_long_as_a_page_are_cut_and_no_delivery_is_lost(ask, deliver, settle):
    keys = [f"k{n}" for n in range(200)]
    deliver(*keys)
    for key in keys:
        settle(key, "failed", "\N{PILE OF POO}" * 5000)
    found, before = [], None
    while True:
        page = await ask(GetDeliveries(limit=1000, before=before))
        found += page.deliveries
        before = page.before
        if before is None:
            break
    assert [d.key for d in found] == keys[::-1]
    assert {len(d.error) for d in found} == {LONGEST_ERROR}


async def test_a_failed_delivery_is_tried_again_when_it_is_told_to(
    ask, store, notifier, deliver, settle
):
    deliver("a")
    settle("a", "failed", "no route")
    [failed] = store.deliveries.list()
    answer = await ask(Retry(failed.id, request_id=4))
    assert isinstance(answer, Retried)
    assert (answer.delivery.id, answer.delivery.state) == (failed.id, "pending")
    assert answer.delivery.due_at.timestamp() == NOW
    assert notifier.told == [("retried", "ops")]


async def test_only_what_is_known_and_not_settled_is_tried_again(
    ask, store, notifier, deliver, settle
):
    assert (await ask(Retry(17))).code == "unknown_delivery"
    deliver("sent")
    deliver("orphan", channel="gone")
    settle("sent", "sent")
    ids = {d.key: d.id for d in store.deliveries.list()}
    assert (await ask(Retry(ids["sent"]))).code == "already_settled"
    refusal = await ask(Retry(ids["orphan"]))
    assert (refusal.code, refusal.message) == (
        "unknown_channel",
        "the settings have no channel 'gone'",
    )
    assert notifier.told == []


# --- channels ---------------------------------------------------------------------------------


async def test_channels_are_told_by_name_with_what_waits_and_what_was_given_up(
    ask, deliver, settle
):
    deliver("a", "b", "c")
    settle("a", "failed")
    answer = await ask(GetChannels(request_id=3))
    assert isinstance(answer, Channels)
    told = {c.name: (c.state, c.pending, c.failed, c.sent) for c in answer.channels}
    assert told == {
        "mail": ("working", 0, 0, 0),
        "ops": ("broken", 2, 1, 0),
        "web": ("working", 0, 0, 7),
    }
    assert [*told] == sorted(told)
    assert answer.after is None


async def test_channels_that_fill_more_than_a_frame_lose_none(ask, notifier):
    names = [f"c{n:03}" for n in range(200)]
    notifier.known = [
        ChannelRecord(name, "webhook", enabled=True, state="failing", why="y" * 5000)
        for name in names
    ]
    found, after = [], None
    while True:
        page = await ask(GetChannels(after))
        found += [c.name for c in page.channels]
        after = page.after
        if after is None:
            break
    assert found == names


async def test_a_broken_channel_is_used_again_when_it_is_enabled(ask, store, notifier):
    store.deliveries.mark_broken(BrokenChannel("ops", NOW, "401", "digest"))
    assert await ask(EnableChannel("ops")) == ChannelEnabled("ops")
    assert store.deliveries.broken() == []
    assert notifier.told == [("enable", "ops")]


async def test_what_waits_for_a_channel_that_does_not_send_is_said_to_be_held(ask, deliver, settle):
    deliver("broken")
    for key, channel in (("off", "mail"), ("gone", "nobody"), ("works", "web"), ("sent", "mail")):
        deliver(key, channel=channel)
    settle("sent", "sent")
    page = await ask(GetDeliveries())
    held = {delivery.key: delivery.held for delivery in page.deliveries}
    assert held == {"broken": "broken", "off": "off", "gone": "off", "works": "", "sent": ""}


async def test_what_is_due_by_a_channel_that_rests_is_due_when_that_ends(
    ask, deliver, settle, notifier
):
    until = datetime.fromtimestamp(NOW + 600, UTC)
    notifier.known[0] = replace(notifier.known[0], state="failing", rests_until=until)
    deliver("now", "later", "sent", channel="web")
    settle("sent", "sent")
    deliver("tomorrow", channel="web", due_at=NOW + 86_400)
    deliver("elsewhere")
    page = await ask(GetDeliveries())
    due = {d.key: d.due_at.timestamp() - NOW for d in page.deliveries}
    assert due == {"now": 600, "later": 600, "sent": -60, "tomorrow": 86_400, "elsewhere": -60}


async def test_by_a_channel_that_is_off_still_though_on_again_nothing_is_retried_and_it_says_why(
    ask, deliver, notifier
):
    notifier.known[2] = replace(notifier.known[2], why="off still: for a reason")
    deliver("a", channel="mail")
    page = await ask(GetDeliveries())
    assert page.deliveries[0].held == "off"
    refusal = await ask(Retry(page.deliveries[0].id))
    assert (refusal.code, refusal.message) == (
        "channel_disabled",
        "channel 'mail' is off still: for a reason",
    )


async def test_nothing_is_retried_by_a_channel_that_is_off(ask, store, deliver, settle, notifier):
    deliver("a", channel="mail")
    settle("a", "failed")
    delivery = store.deliveries.find("a")
    assert (await ask(Retry(delivery.id))).code == "channel_disabled"
    assert store.deliveries.find("a").state == "failed"
    assert notifier.told == []


async def test_what_a_channel_did_not_take_is_due_at_once_when_it_is_enabled(
    ask, store, deliver, notifier
):
    deliver("a")
    attempt = Attempt(("a",), "pending", NOW - 30, NOW + HOUR, "HTTP 429")
    store.deliveries.settle([attempt])
    await ask(EnableChannel("ops"))
    assert store.deliveries.find("a").due_at == notifier.now()


async def test_only_a_channel_that_the_settings_have_on_can_be_enabled(ask, notifier):
    assert (await ask(EnableChannel("nobody"))).code == "unknown_channel"
    assert (await ask(EnableChannel("mail"))).code == "channel_disabled"
    assert notifier.told == []


# --- faults -----------------------------------------------------------------------------------

QUESTIONS = [
    Silence(HOUR, "a", request_id=9),
    GetSilences(request_id=9),
    Unsilence(1, request_id=9),
    GetDeliveries(request_id=9),
    Retry(1, request_id=9),
    GetChannels(request_id=9),
    EnableChannel("ops", request_id=9),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: type(q).__name__)
async def test_a_store_that_does_not_answer_is_said_and_nothing_is_done(
    ask, switch, notifier, question
):
    switch.down = True
    assert (await ask(question)).code == "store_unavailable"
    assert notifier.told == []
