"""What a channel is sent next, from a store in memory and in simulated time."""

# ruff: noqa: ARG001 - pytest-trio finds its clock among the arguments of the test itself

from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
import trio

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.notice import MassLoss, to_json
from lastseen.server.notify.taking import DIGESTED_AT_ONCE, FOREVER, Outgoing, Supply, Taker
from lastseen.server.notify.tally import Tally
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.telling import Attempt, Delivery, Telling

NOTICE = to_json(MassLoss(0.0, 1, 2, 3.0))  # what it says is not the taker's business

APART = {"group_wait": 10, "group_interval": 60}


class World:
    """A real store, whose calls do not leave this thread, and a taker."""

    def __init__(self, store: Any, in_this_thread: Any, **settings: Any) -> None:
        names = count(1)
        self.store = store
        self.began = trio.current_time()
        self.last_sent = 0.0
        self.known_until: float | None = None  # what was decided later is not written yet
        self.supply = Supply(
            store.deliveries,
            in_this_thread,
            self._written_until,
            self.now,
            lambda: f"digest-{next(names)}",
        )
        self.channel = Channel(name="ops", **settings)
        self.tally = Tally()
        self.taker = self.new_taker()

    def new_taker(self) -> Taker:
        return Taker(self.channel, self.supply, self.tally)

    def now(self) -> float:
        return trio.current_time() - self.began

    def tell(self, *keys: str, due_at: float = 0.0, client_id: str = "", **fields: Any) -> None:
        deliveries = tuple(
            Delivery(
                key=key,
                channel="ops",
                kind="mass_loss",
                client_id=client_id or key,
                notice=NOTICE,
                created_at=0.0,
                due_at=due_at,
                **fields,
            )
            for key in keys
        )
        self.store.tell(Telling(deliveries))

    def sent(self, outgoing: Sequence[Outgoing], state: Any = "sent", due_at: float = 0.0) -> None:
        """The messages were taken, or are to be tried again."""
        keys = tuple(item.key for out in outgoing for item in out.message.items)
        self.store.deliveries.settle([Attempt(keys, state, self.now(), due_at)])
        if state == "sent":
            self.tally.last_sent = self.last_sent = self.now()

    def next_opens(self, first: float) -> float:
        """When what gathers from `first` on is told."""
        return max(first + self.channel.group_wait, self.last_sent + self.channel.group_interval)

    async def _written_until(self) -> float:
        return self.now() if self.known_until is None else self.known_until


@pytest.fixture
def new_world(autojump_clock, store, in_this_thread):
    return lambda **settings: World(store, in_this_thread, **settings)


def keys_of(outgoing: Sequence[Outgoing]) -> list[list[str]]:
    return [[item.key for item in out.message.items] for out in outgoing]


# --- one by one ----------------------------------------------------------------------------------


async def test_each_delivery_is_a_message_that_bears_its_name(autojump_clock, new_world):
    world = new_world()
    world.tell("a", "b")
    outgoing, idle = await world.taker.take(100)
    assert [(o.message.id, o.message.digest, o.attempts) for o in outgoing] == [
        ("a", False, 0),
        ("b", False, 0),
    ]
    assert idle == 0.0


async def test_no_more_are_taken_than_asked_for(autojump_clock, new_world):
    world = new_world()
    world.tell("a", "b", "c")
    outgoing, _ = await world.taker.take(2)
    assert keys_of(outgoing) == [["a"], ["b"]]


async def test_of_one_client_only_the_first_is_taken(autojump_clock, new_world):
    world = new_world()
    world.tell("a", "b", client_id="web-01")
    outgoing, _ = await world.taker.take(100)
    assert keys_of(outgoing) == [["a"]]
    world.sent(outgoing)
    outgoing, _ = await world.taker.take(100)
    assert keys_of(outgoing) == [["b"]]


async def test_while_nothing_is_due_it_says_for_how_long(autojump_clock, new_world):
    world = new_world()
    assert await world.taker.take(100) == ([], FOREVER)
    world.tell("a", due_at=30.0)
    assert await world.taker.take(100) == ([], 30.0)
    await trio.sleep(12)
    assert await world.taker.take(100) == ([], 18.0)


async def test_what_might_still_be_withdrawn_is_not_taken(autojump_clock, new_world):
    world = new_world()
    world.tell("a", due_at=5.0)
    world.known_until = 4.0
    await trio.sleep(6)
    assert await world.taker.take(100) == ([], 0.0)
    world.known_until = 5.0
    outgoing, _ = await world.taker.take(100)
    assert keys_of(outgoing) == [["a"]]


async def test_how_often_a_message_was_tried_goes_with_it(autojump_clock, new_world):
    world = new_world()
    world.tell("a")
    for attempts in range(3):
        outgoing, _ = await world.taker.take(100)
        assert [o.attempts for o in outgoing] == [attempts]
        world.sent(outgoing, "pending", due_at=world.now() + 1)
        await trio.sleep(1)


# --- digests -------------------------------------------------------------------------------------


async def test_what_gathers_within_group_wait_is_one_message(autojump_clock, new_world):
    world = new_world(**APART)
    world.tell("a")
    assert await world.taker.take(100) == ([], 10.0)
    await trio.sleep(9)
    world.tell("b", due_at=9.0)
    assert await world.taker.take(100) == ([], 1.0)
    await trio.sleep(1)
    [outgoing], idle = await world.taker.take(100)
    assert (outgoing.message.id, outgoing.message.digest) == ("digest-1", True)
    assert keys_of([outgoing]) == [["a", "b"]]
    assert idle == 0.0


async def test_the_next_message_waits_for_group_interval(autojump_clock, new_world):
    world = new_world(**APART)
    world.tell("a")
    await trio.sleep(10)
    outgoing, _ = await world.taker.take(100)
    world.sent(outgoing)
    world.tell("b", due_at=world.now())
    assert await world.taker.take(100) == ([], 60.0)
    await trio.sleep(60)
    outgoing, _ = await world.taker.take(100)
    assert keys_of(outgoing) == [["b"]]


@pytest.mark.parametrize("settings", [{"group_wait": 10}, {"group_interval": 60}])
async def test_either_of_both_settings_makes_digests(autojump_clock, new_world, settings):
    world = new_world(**settings)
    world.tell("a")
    await trio.sleep(10)
    [outgoing], _ = await world.taker.take(100)
    assert outgoing.message.digest


async def test_what_is_not_due_yet_is_in_no_message(autojump_clock, new_world):
    world = new_world(**APART)
    world.tell("a")
    world.tell("b", due_at=10.5)
    await trio.sleep(10)
    outgoing, _ = await world.taker.take(100)
    assert keys_of(outgoing) == [["a"]]


async def test_a_digest_that_was_begun_is_repeated_as_it_was_after_a_crash(
    autojump_clock, new_world
):
    world = new_world(**APART)
    world.tell("a", "b")
    await trio.sleep(10)
    begun, _ = await world.taker.take(100)
    world.tell("c", due_at=world.now())
    again, _ = await world.new_taker().take(100)
    assert [out.message for out in again] == [out.message for out in begun]


async def test_a_digest_that_is_to_be_tried_again_waits_and_nothing_overtakes_it(
    autojump_clock, new_world
):
    world = new_world(**APART)
    world.tell("a")
    await trio.sleep(10)
    begun, _ = await world.taker.take(100)
    world.sent(begun, "pending", due_at=world.now() + 100)
    world.tell("b", due_at=world.now())
    assert await world.taker.take(100) == ([], 100.0)
    await trio.sleep(100)
    again, _ = await world.taker.take(100)
    assert keys_of(again) == [["a"]]
    assert [o.attempts for o in again] == [1]


async def test_a_digest_that_was_begun_goes_first_when_the_channel_sends_singly_now(
    autojump_clock, new_world
):
    world = new_world(**APART)
    world.tell("a", "b")
    await trio.sleep(10)
    await world.taker.take(100)
    world.channel = Channel(name="ops")
    world.taker = world.new_taker()
    world.tell("c", due_at=world.now())
    outgoing, _ = await world.taker.take(100)
    assert keys_of(outgoing) == [["a", "b"]]
    world.sent(outgoing)
    outgoing, _ = await world.taker.take(100)
    assert keys_of(outgoing) == [["c"]]


async def test_of_very_many_a_digest_tells_a_part_and_the_next_one_the_rest(
    autojump_clock, new_world
):
    world = new_world(group_wait=10)
    world.tell(*(f"{number:05}" for number in range(DIGESTED_AT_ONCE + 1)))
    await trio.sleep(10)
    first, _ = await world.taker.take(1)
    assert [len(keys) for keys in keys_of(first)] == [DIGESTED_AT_ONCE]
    world.sent(first)
    rest, _ = await world.taker.take(1)
    assert keys_of(rest) == [[f"{DIGESTED_AT_ONCE:05}"]]


@pytest.mark.parametrize("settings", [{"group_wait": 600}, {"group_interval": 600}])
async def test_what_is_retried_waits_for_no_others_but_takes_along_those_that_gathered(
    autojump_clock, new_world, settings
):
    world = new_world(**settings)
    world.tally.last_sent = world.now()  # so that group_interval counts
    world.tell("a", "b", "c", due_at=5.0)
    world.tell("d", due_at=30.0)
    await trio.sleep(6)
    assert await world.taker.take(100) == ([], world.next_opens(5.0) - 6.0)
    world.store.deliveries.retry(world.store.deliveries.find("b").id, world.now())
    world.taker.hurry()
    outgoing, _ = await world.taker.take(100)
    assert keys_of(outgoing) == [["a", "b", "c"]]
    world.sent(outgoing)
    await trio.sleep(30)
    assert await world.taker.take(100) == ([], world.next_opens(30.0) - 36.0)


async def test_a_message_that_is_retried_whole_hurries_nothing_that_comes_later(
    autojump_clock, new_world
):
    world = new_world(**APART)
    world.tell("a")
    await trio.sleep(10)
    begun, _ = await world.taker.take(100)
    world.sent(begun, "pending", due_at=world.now() + 100)
    world.store.deliveries.retry(world.store.deliveries.find("a").id, world.now())
    world.taker.hurry()
    world.sent((await world.taker.take(100))[0])
    assert await world.taker.take(100) == ([], FOREVER)
    world.tell("b", due_at=world.now())
    assert await world.taker.take(100) == ([], 60.0)


async def test_what_is_retried_goes_once_the_store_answers(autojump_clock, new_world):
    world = new_world(**APART)
    world.tell("a")
    claim, world.store.deliveries.claim = world.store.deliveries.claim, unavailable
    world.taker.hurry()
    with pytest.raises(StoreUnavailable):
        await world.taker.take(100)
    world.store.deliveries.claim = claim
    assert keys_of((await world.taker.take(100))[0]) == [["a"]]


async def test_what_is_retried_while_a_message_is_made_goes_with_the_next(
    autojump_clock, new_world
):
    world = new_world(**APART)
    world.tell("a")
    await trio.sleep(10)
    claim = world.store.deliveries.claim

    def late(*what: Any) -> Any:
        claimed = claim(*what)
        world.tell("b", due_at=world.now())  # the store has it as soon as it is retried
        world.taker.hurry()
        return claimed

    world.store.deliveries.claim = late
    first, _ = await world.taker.take(100)
    world.store.deliveries.claim = claim
    world.sent(first)
    second, _ = await world.taker.take(100)
    assert keys_of([*first, *second]) == [["a"], ["b"]]


def unavailable(*_what: Any) -> Any:
    raise StoreUnavailable("it is gone")


async def test_a_store_that_does_not_answer_is_the_callers_to_know(autojump_clock, new_world):
    world = new_world()

    async def unavailable(_call: Any, *_what: Any) -> Any:
        raise StoreUnavailable("it is gone")

    taker = Taker(
        world.channel,
        Supply(world.store.deliveries, unavailable, world._written_until, world.now, str),
        world.tally,
    )
    with pytest.raises(StoreUnavailable):
        await taker.take(100)
