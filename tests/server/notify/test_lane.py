"""A channel's way out, in simulated time, with a store in memory and a receiver that obeys."""

# ruff: noqa: ARG001 - pytest-trio finds its clock among the arguments of the test itself

from collections.abc import Callable, Iterable, Sequence
from itertools import count, pairwise
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.lane import Lane
from lastseen.server.notify.notice import MassLoss, Message, to_json
from lastseen.server.notify.taking import Supply
from lastseen.server.notify.tally import Tally
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.telling import Attempt, BrokenChannel, Delivery

NOTICE = to_json(MassLoss(0.0, 1, 2, 3.0))  # what it says is not the lane's business


class Deliveries:
    """What a lane needs of a store, in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, Delivery] = {}
        self.broken: list[BrokenChannel] = []
        self.down = False

    def add(self, key: str, client_id: str = "", due_at: float = 0.0, **fields: Any) -> None:
        self.rows[key] = Delivery(
            key=key,
            channel="ops",
            kind="mass_loss",
            client_id=client_id or key,
            notice=NOTICE,
            created_at=0.0,
            due_at=due_at,
            id=len(self.rows) + 1,
            **fields,
        )

    def due(self, channel: str, until: float, limit: int) -> list[Delivery]:
        self._check()
        first: dict[str, Delivery] = {}
        for row in self._pending(channel):
            if not row.message:
                first.setdefault(row.client_id, row)
        return [row for row in first.values() if row.due_at <= until][:limit]

    def claim(self, channel: str, until: float, message: str, limit: int) -> list[Delivery]:
        self._check()
        fresh = [r for r in self._pending(channel) if not r.message and r.due_at <= until]
        for row in fresh[:limit]:
            self.rows[row.key] = replace(row, message=message)
        return [self.rows[row.key] for row in fresh[:limit]]

    def claimed(self, channel: str) -> list[Delivery]:
        self._check()
        begun = [r for r in self._pending(channel) if r.message]
        return [r for r in begun if r.message == begun[0].message]

    def next_due(self, channel: str) -> float | None:
        self._check()
        first = {r.client_id: r for r in reversed(self._pending(channel)) if not r.message}
        return min((r.due_at for r in first.values()), default=None)

    def settle(self, attempts: Iterable[Attempt]) -> None:
        self._check()
        for attempt in attempts:
            for key in attempt.keys:
                row = self.rows[key]
                self.rows[key] = replace(
                    row,
                    state=attempt.state,
                    attempts=row.attempts + 1,
                    due_at=attempt.due_at,
                    error=attempt.error,
                )

    def divide(self, parts: Iterable[tuple[str, Sequence[str]]]) -> None:
        self._check()
        for message, keys in parts:
            self.rows |= {key: replace(self.rows[key], message=message) for key in keys}

    def hasten(self, channel: str, now: float) -> None:
        self._check()
        for row in self._pending(channel):
            if row.attempts and row.due_at > now:
                self.rows[row.key] = replace(row, due_at=now)

    def mark_broken(self, broken: BrokenChannel) -> None:
        self._check()
        self.broken.append(broken)

    def mend(self, channel: str) -> None:
        self._check()
        self.broken = [broken for broken in self.broken if broken.channel != channel]

    def states(self) -> dict[str, str]:
        return {key: row.state for key, row in self.rows.items()}

    def _pending(self, channel: str) -> list[Delivery]:
        return [r for r in self.rows.values() if (r.channel, r.state) == (channel, "pending")]

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailable("it is gone")


class Receiver:
    """A channel that takes what it is sent, unless it has another answer for that."""

    def __init__(self) -> None:
        self.met: list[tuple[float, Message]] = []
        self.takes = 0.0
        self.answer: Callable[[Message], Exception | None] = lambda _message: None

    async def send(self, message: Message) -> None:
        self.met.append((trio.current_time(), message))
        await trio.sleep(self.takes)
        error = self.answer(message)
        if error is not None:
            raise error

    @property
    def ids(self) -> list[str]:
        return [message.id for _, message in self.met]

    @property
    def times(self) -> list[float]:
        return [time for time, _ in self.met]


class World:
    def __init__(self, nursery: trio.Nursery, **settings: Any) -> None:
        names = count(1)
        self.nursery = nursery
        self.deliveries = Deliveries()
        self.receiver = Receiver()
        self.start = trio.current_time()
        self.supply = Supply(
            self.deliveries, self._here, self._written_until, self.now, lambda: f"m{next(names)}"
        )
        self.lane = self.new_lane(**settings)

    def new_lane(self, **settings: Any) -> Lane:
        channel = Channel(name="ops", **settings)
        return Lane(channel, "digest", self.receiver, self.supply, lambda: 1.0, Tally())

    def now(self) -> float:
        return trio.current_time() - self.start

    def begin(self) -> None:
        self.nursery.start_soon(self.lane.run)

    async def _here(self, call: Callable[..., Any], *what: Any) -> Any:
        await trio.lowlevel.checkpoint()
        return call(*what)

    async def _written_until(self) -> float:
        return self.now()


@pytest.fixture
def new_world(autojump_clock, nursery) -> Callable[..., World]:
    return lambda **settings: World(nursery, **settings)


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """The log since the last call, as text."""
    return lambda: capsys.readouterr().err


def refuse(message: str = "no", **fields: Any) -> Callable[[Message], Exception]:
    return lambda _message: TransportError(message, **fields)


# --- one by one ---------------------------------------------------------------------------------


async def test_what_is_due_is_sent_under_its_own_name_and_noted(autojump_clock, new_world):
    world = new_world()
    world.deliveries.add("a")
    world.begin()
    await trio.sleep(1)
    assert world.receiver.ids == ["a"]
    assert world.deliveries.states() == {"a": "sent"}
    assert (world.lane.state, world.lane.tally.sent) == ("working", 1)


async def test_what_is_not_due_is_sent_when_it_is(autojump_clock, new_world):
    world = new_world()
    world.deliveries.add("a", due_at=30.0)
    world.begin()
    await trio.sleep(29)
    assert world.receiver.ids == []
    await trio.sleep(2)
    assert world.receiver.ids == ["a"]


async def test_a_lane_that_is_woken_looks_at_once(autojump_clock, new_world):
    world = new_world()
    world.begin()
    await trio.sleep(100)
    world.deliveries.add("a")
    world.lane.wake()
    await trio.sleep(0.1)
    assert world.receiver.ids == ["a"]


async def test_of_one_client_nothing_is_sent_before_what_came_first_was_taken(
    autojump_clock, new_world
):
    world = new_world(retry_interval=60)
    world.deliveries.add("gone", "web-01")
    world.deliveries.add("back", "web-01")
    world.deliveries.add("other", "web-02")
    answers = iter([TransportError("no")])
    world.receiver.answer = lambda m: next(answers, None) if m.id == "gone" else None
    world.begin()
    await trio.sleep(30)
    assert world.deliveries.states() == {"gone": "pending", "back": "pending", "other": "sent"}
    await trio.sleep(60)
    assert [i for i in world.receiver.ids if i != "other"] == ["gone", "gone", "back"]


async def test_a_delivery_is_tried_again_under_the_same_name_with_growing_pauses(
    autojump_clock, new_world
):
    world = new_world(retry_interval=10)
    world.deliveries.add("a")
    world.receiver.answer = refuse()
    world.begin()
    await trio.sleep(200)
    pauses = [later - earlier for earlier, later in pairwise(world.receiver.times)]
    assert world.receiver.ids == ["a"] * 5
    assert pauses == pytest.approx([10, 20, 40, 80], abs=0.1)
    assert world.deliveries.rows["a"].error == "no"
    assert world.lane.state == "failing"


async def test_a_delivery_that_was_tried_often_enough_is_failed_and_the_next_is_sent(
    autojump_clock, new_world
):
    world = new_world(retry_interval=1, max_attempts=3)
    world.deliveries.add("bad", "web-01")
    world.deliveries.add("good", "web-01")
    world.receiver.answer = lambda m: TransportError("no") if m.id == "bad" else None
    world.begin()
    await trio.sleep(100)
    assert world.deliveries.states() == {"bad": "failed", "good": "sent"}
    assert (world.lane.tally.failed, world.lane.tally.sent) == (1, 1)


async def test_a_receiver_that_is_down_is_tried_with_one_message_at_a_time_and_gets_all_in_order(
    autojump_clock, new_world
):
    world = new_world(retry_interval=5)
    for number in range(50):
        world.deliveries.add(f"{number:02}", client_id=f"c{number % 5}")
    world.receiver.answer = refuse()
    world.begin()
    await trio.sleep(600)
    assert len(world.receiver.met) < 60  # 30 seconds between two, once it has failed often
    world.receiver.answer = lambda _message: None
    world.receiver.met.clear()
    await trio.sleep(4000)
    assert set(world.deliveries.states().values()) == {"sent"}
    for client in range(5):
        of_client = [i for i in world.receiver.ids if int(i) % 5 == client]
        assert of_client == sorted(of_client)


async def test_after_an_outage_nothing_waits_out_its_pause(autojump_clock, new_world):
    world = new_world(retry_interval=600)
    for number in range(8):
        world.deliveries.add(str(number))
    world.receiver.answer = refuse()
    world.begin()
    await trio.sleep(100)
    world.receiver.answer = lambda _message: None
    world.deliveries.add("new")
    world.lane.wake()
    await trio.sleep(40)
    assert set(world.deliveries.states().values()) == {"sent"}


async def test_a_bad_delivery_is_not_hurried_by_the_good_ones(autojump_clock, new_world):
    world = new_world(retry_interval=600)
    for number in range(20):
        world.deliveries.add(str(number))
    world.receiver.answer = lambda m: TransportError("no") if m.id == "3" else None
    world.begin()
    await trio.sleep(500)
    assert world.receiver.ids.count("3") == 1


async def test_one_bad_delivery_holds_up_no_other_clients(autojump_clock, new_world):
    world = new_world(retry_interval=5)
    for number in range(20):
        world.deliveries.add(str(number))
    world.receiver.answer = lambda m: TransportError("no") if m.id == "3" else None
    world.begin()
    await trio.sleep(3)
    states = world.deliveries.states()
    assert states.pop("3") == "pending"
    assert set(states.values()) == {"sent"}


async def test_at_most_eight_messages_are_on_their_way(autojump_clock, new_world):
    world = new_world()
    world.receiver.takes = 1.0
    for number in range(20):
        world.deliveries.add(str(number))
    world.begin()
    await trio.sleep(0.5)
    assert len(world.receiver.met) == 8
    await trio.sleep(3)
    assert len(world.receiver.met) == 20


async def test_a_receiver_that_asks_to_wait_is_left_alone_for_so_long(autojump_clock, new_world):
    world = new_world(retry_interval=1)
    world.deliveries.add("a")
    world.deliveries.add("b")
    answers = iter([TransportError("slow down", retry_after=120.0)])
    world.receiver.answer = lambda _message: next(answers, None)
    world.receiver.takes = 0.1
    world.begin()
    await trio.sleep(0.5)
    before = len(world.receiver.met)  # both were on their way
    await trio.sleep(119)
    assert len(world.receiver.met) == before
    await trio.sleep(2)
    assert set(world.deliveries.states().values()) == {"sent"}


async def test_the_longest_wait_counts_that_any_of_several_on_their_way_was_asked_for(
    autojump_clock, new_world
):
    world = new_world(retry_interval=1)
    world.deliveries.add("a")
    world.deliveries.add("b")
    answers = iter([TransportError("slow down", retry_after=120.0), TransportError("HTTP 500")])
    world.receiver.answer = lambda _message: next(answers, None)
    world.receiver.takes = 0.1
    world.begin()
    await trio.sleep(119)
    assert len(world.receiver.met) == 2
    await trio.sleep(5)
    assert set(world.deliveries.states().values()) == {"sent"}


async def test_several_that_fail_at_the_same_time_are_one_failure(autojump_clock, new_world):
    world = new_world(retry_interval=1)
    for number in range(8):
        world.deliveries.add(str(number))
    world.receiver.answer = refuse()
    world.begin()
    await trio.sleep(0.1)
    assert len(world.receiver.met) == 8
    world.receiver.answer = lambda _message: None
    await trio.sleep(5)
    assert set(world.deliveries.states().values()) == {"sent"}


async def test_whatever_a_sender_raises_counts_as_not_taken(autojump_clock, new_world, logged):
    world = new_world()
    world.deliveries.add("a")
    answers = iter([ValueError("a bug")])
    world.receiver.answer = lambda _message: next(answers, None)
    world.begin()
    await trio.sleep(60)
    assert world.receiver.ids == ["a", "a"]
    assert world.deliveries.states() == {"a": "sent"}


async def test_who_wants_to_see_now_whether_a_channel_works_ends_its_rest(
    autojump_clock, new_world
):
    world = new_world(retry_interval=1)
    world.deliveries.add("a")
    world.receiver.answer = refuse(retry_after=10_000.0)
    world.begin()
    await trio.sleep(10)
    assert len(world.receiver.met) == 1
    world.receiver.answer = lambda _message: None
    world.deliveries.hasten("ops", world.now())
    world.lane.hurry()
    await trio.sleep(0.1)
    assert world.deliveries.states() == {"a": "sent"}


async def test_a_channel_says_until_when_it_rests(autojump_clock, new_world):
    world = new_world(retry_interval=1)
    world.deliveries.add("a")
    world.receiver.answer = refuse(retry_after=100.0)
    world.begin()
    assert world.lane.rests_until is None
    await trio.sleep(10)
    assert world.lane.rests_until == 100.0
    world.receiver.answer = lambda _message: None
    await trio.sleep(100)
    assert world.lane.rests_until is None
    assert world.deliveries.states() == {"a": "sent"}


async def test_whoever_wants_to_see_now_or_mends_it_finds_no_rest(autojump_clock, new_world):
    world = new_world(retry_interval=1)
    world.deliveries.add("a")
    world.receiver.answer = refuse(retry_after=100.0)
    world.begin()
    await trio.sleep(10)
    world.lane.retry()
    assert world.lane.rests_until is None
    world.deliveries.hasten("ops", world.now())
    world.receiver.answer = refuse(permanent=True, retry_after=100.0)
    world.lane.retry()
    await trio.sleep(1)
    assert (world.lane.state, world.lane.rests_until) == ("broken", None)


async def test_a_channel_that_takes_messages_again_rests_no_longer(autojump_clock, new_world):
    world = new_world(retry_interval=1)
    world.deliveries.add("a")
    world.receiver.answer = refuse(retry_after=10_000.0)
    world.begin()
    await trio.sleep(10)
    world.receiver.answer = lambda _message: None
    world.deliveries.hasten("ops", world.now())
    world.lane.hurry()
    await trio.sleep(10)
    world.deliveries.add("b")
    world.lane.wake()
    await trio.sleep(0.1)
    assert world.deliveries.states() == {"a": "sent", "b": "sent"}


async def test_who_wants_to_see_now_while_an_attempt_is_on_its_way_sees_another(
    autojump_clock, new_world
):
    world = new_world(retry_interval=1)
    world.deliveries.add("a")
    world.deliveries.add("b", "a")
    answers = iter([TransportError("slow down", retry_after=10_000.0)])
    world.receiver.answer = lambda _message: next(answers, None)
    world.receiver.takes = 5.0
    world.begin()
    await trio.sleep(4)
    world.deliveries.add("c")
    world.lane.hurry()
    await trio.sleep(10)
    assert world.deliveries.states() == {"a": "pending", "b": "pending", "c": "sent"}


# --- messages that are too large ----------------------------------------------------------------


async def test_a_digest_that_is_too_large_is_divided_until_it_fits(autojump_clock, new_world):
    world = new_world(group_wait=1, group_interval=3600, max_attempts=1)
    for number in range(20):
        world.deliveries.add(f"{number:02}", client_id=f"c{number % 3}")
    world.receiver.answer = lambda message: (
        TransportError("HTTP 413", too_large=True) if len(message.items) > 3 else None
    )
    world.begin()
    await trio.sleep(2)
    assert set(world.deliveries.states().values()) == {"sent"}
    taken = [message for _, message in world.receiver.met if len(message.items) <= 3]
    assert [item.key for message in taken for item in message.items] == sorted(
        world.deliveries.rows
    )
    assert len(set(world.receiver.ids)) == len(world.receiver.ids)  # each says something else
    tally = world.lane.tally
    assert (world.lane.state, tally.sent, tally.failed) == ("working", 20, 0)


async def test_a_notice_that_is_too_large_by_itself_is_given_up_at_once_and_holds_up_no_other(
    autojump_clock, new_world, logged
):
    world = new_world(group_wait=1)
    for key in "abcd":
        world.deliveries.add(key)
    world.receiver.answer = lambda message: (
        TransportError("HTTP 413", too_large=True)
        if any(item.key == "b" for item in message.items)
        else None
    )
    world.begin()
    await trio.sleep(2)
    assert world.deliveries.states() == {"a": "sent", "b": "failed", "c": "sent", "d": "sent"}
    assert world.deliveries.rows["b"].error == "HTTP 413"
    assert (world.lane.state, world.lane.tally.failed) == ("working", 1)
    assert "given up" in logged()


# --- channels that refuse for good --------------------------------------------------------------


async def test_a_permanent_error_breaks_the_channel_loudly_and_loses_nothing(
    autojump_clock, new_world, logged
):
    world = new_world()
    world.deliveries.add("a")
    world.receiver.answer = refuse("401 Unauthorized", permanent=True)
    world.begin()
    await trio.sleep(10_000)
    assert world.receiver.ids == ["a"]
    assert world.deliveries.states() == {"a": "pending"}
    [broken] = world.deliveries.broken
    assert (broken.channel, broken.why, broken.settings) == ("ops", "401 Unauthorized", "digest")
    assert (world.lane.state, world.lane.error) == ("broken", "401 Unauthorized")
    assert world.lane.stopped.is_set()
    assert "the channel is broken" in logged()


async def test_a_channel_that_broke_in_an_earlier_run_is_not_tried(autojump_clock, new_world):
    world = new_world()
    world.deliveries.add("a")
    world.lane.begin_broken(BrokenChannel("ops", 0.0, "404", "digest"))
    world.begin()
    await trio.sleep(1000)
    assert world.receiver.ids == []
    assert (world.lane.state, world.lane.error) == ("broken", "404")


# --- digests ------------------------------------------------------------------------------------


async def test_what_gathers_is_one_message(autojump_clock, new_world):
    world = new_world(group_wait=10)
    for number in range(2000):
        world.deliveries.add(str(number), due_at=30 + number / 1000)
    world.begin()
    await trio.sleep(39)
    assert world.receiver.met == []
    await trio.sleep(5)
    [(_, message)] = world.receiver.met
    assert (message.id, message.digest, len(message.items)) == ("m1", True, 2000)
    assert set(world.deliveries.states().values()) == {"sent"}


async def test_the_next_message_waits_for_group_interval(autojump_clock, new_world):
    world = new_world(group_wait=10, group_interval=300)
    world.deliveries.add("a")
    world.deliveries.add("b", due_at=20.0)
    world.deliveries.add("c", due_at=200.0)
    world.begin()
    await trio.sleep(1000)
    assert [len(message.items) for _, message in world.receiver.met] == [1, 2]
    assert world.receiver.times[1] - world.receiver.times[0] == pytest.approx(300, abs=0.1)


async def test_a_digest_that_was_not_taken_is_repeated_as_it_was(autojump_clock, new_world):
    world = new_world(group_wait=1, retry_interval=30)
    world.deliveries.add("a")
    answers = iter([TransportError("no")])
    world.receiver.answer = lambda _message: next(answers, None)
    world.begin()
    await trio.sleep(5)
    world.deliveries.add("b", due_at=world.now())
    world.lane.wake()
    await trio.sleep(100)
    assert world.receiver.ids == ["m1", "m1", "m2"]
    assert [[i.key for i in m.items] for _, m in world.receiver.met] == [["a"], ["a"], ["b"]]


async def test_a_digest_that_was_begun_before_a_restart_goes_first_and_under_its_name(
    autojump_clock, new_world
):
    world = new_world()  # the settings are other ones now: one by one
    world.deliveries.add("old", message="m0")
    world.deliveries.add("new")
    world.begin()
    await trio.sleep(1)
    assert world.receiver.ids == ["m0", "new"]


# --- the store and the end ----------------------------------------------------------------------


async def test_a_store_that_is_gone_for_a_while_only_delays(autojump_clock, new_world):
    world = new_world()
    world.deliveries.add("a")
    world.deliveries.down = True
    world.begin()
    await trio.sleep(100)
    world.deliveries.down = False
    await trio.sleep(10)
    assert world.receiver.ids == ["a"]


async def test_what_was_sent_while_the_store_is_gone_is_noted_later_and_not_sent_again(
    autojump_clock, new_world
):
    world = new_world()
    world.deliveries.add("a")
    world.receiver.takes = 1.0
    world.begin()
    await trio.sleep(0.5)
    world.deliveries.down = True
    await trio.sleep(100)
    world.deliveries.down = False
    await trio.sleep(10)
    assert world.receiver.ids == ["a"]
    assert world.deliveries.states() == {"a": "sent"}


async def test_a_lane_that_is_stopped_ends_when_what_is_on_its_way_has_arrived(
    autojump_clock, new_world
):
    world = new_world()
    world.receiver.takes = 2.0
    for number in range(20):
        world.deliveries.add(str(number))
    world.begin()
    await trio.sleep(1)
    world.lane.stop()
    with trio.fail_after(2):
        await world.lane.stopped.wait()
    states = list(world.deliveries.states().values())
    assert (states.count("sent"), states.count("pending")) == (8, 12)


async def test_a_stopped_lane_does_not_sit_out_its_rest(autojump_clock, new_world):
    world = new_world()
    world.deliveries.add("a")
    world.receiver.answer = refuse(retry_after=1000.0)
    world.begin()
    await trio.sleep(10)
    world.lane.stop()
    with trio.fail_after(1):
        await world.lane.stopped.wait()
