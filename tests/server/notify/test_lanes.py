"""The lanes of several channels: begun, exchanged and ended as the settings say."""

# ruff: noqa: ARG001 - pytest-trio finds its clock among the arguments of the test itself

from typing import Any

import pytest
import trio

from lastseen.server.config.sections.channels import Channel
from lastseen.server.config.sections.kinds import Webhook
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.lanes import Lanes, digest_of
from lastseen.server.notify.notice import MassLoss, Message, to_json
from lastseen.server.notify.taking import Supply
from lastseen.server.store.telling import BrokenChannel, Delivery, Telling

NOTICE = to_json(MassLoss(0.0, 1, 2, 3.0))  # what it says is not the lanes' business


class Senders:
    """Ways to channels that take what they are sent in `takes` seconds, or as a test wants."""

    def __init__(self) -> None:
        self.made: list[Channel] = []
        self.taken: list[tuple[str, str]] = []
        self.closed: list[Way] = []
        self.crashes = False
        self.takes = 0.0
        self.stuck: str | None = None
        self.refused: str | None = None
        self.fails = False

    def make(self, channel: Channel) -> Any:
        self.made.append(channel)
        return Way(self, channel)

    async def close(self, way: Any) -> None:
        if self.crashes:
            raise ValueError("a bug")
        self.closed.append(way)


class Way:
    def __init__(self, senders: Senders, channel: Channel) -> None:
        self._senders, self.channel = senders, channel

    async def send(self, message: Message) -> None:
        assert self not in self._senders.closed
        await trio.sleep(self._senders.takes)
        if message.id == self._senders.stuck:
            await trio.sleep_forever()
        if message.id == self._senders.refused:
            raise TransportError("answered 401", permanent=True)
        if self._senders.fails:
            raise TransportError("answered 429", retry_after=3600.0)
        self._senders.taken.append((f"{self.channel.name} {self.channel.timeout:g}", message.id))


class World:
    """A real store, whose calls do not leave this thread, and lanes that are running."""

    def __init__(self, store: Any, in_this_thread: Any, nursery: trio.Nursery, *names: str) -> None:
        self.store = store
        self.senders = Senders()
        self.began = trio.current_time()
        self.channels = {name: Channel(name=name, timeout=1) for name in names}
        supply = Supply(store.deliveries, in_this_thread, self._written_until, self.now, str)
        self.lanes = Lanes(self.channels.values(), self.senders, supply, lambda: 1.0)
        self._nursery = nursery
        self.ended = trio.Event()

    def run(self, *broken: BrokenChannel) -> None:
        self._nursery.start_soon(self._run, broken)

    async def _run(self, broken: Any) -> None:
        await self.lanes.run(broken)
        self.ended.set()

    def follow(self, *names: str, **settings: Any) -> None:
        """Other channels, with other settings."""
        self.channels = {name: Channel(name=name, **({"timeout": 1} | settings)) for name in names}
        self.lanes.follow(self.channels.values())

    def tell(self, channel: str, key: str) -> None:
        delivery = Delivery(
            key=key,
            channel=channel,
            kind="mass_loss",
            client_id=key,
            notice=NOTICE,
            created_at=0.0,
            due_at=0.0,
        )
        self.store.tell(Telling((delivery,)))
        self.lanes.wake([channel])

    def broken(self, name: str, digest: str | None = None) -> BrokenChannel:
        return BrokenChannel(name, 0.0, "answered 401", digest or digest_of(self.channels[name]))

    def states(self) -> dict[str, str]:
        return {lane.channel.name: lane.state for lane in self.lanes}

    def now(self) -> float:
        return trio.current_time() - self.began

    async def _written_until(self) -> float:
        return self.now()


@pytest.fixture
def new_world(autojump_clock, nursery, store, in_this_thread):
    return lambda *names: World(store, in_this_thread, nursery, *names)


async def test_each_channel_has_a_lane_of_its_own(autojump_clock, new_world):
    world = new_world("a", "b")
    world.run()
    world.tell("a", "1")
    world.tell("b", "2")
    await trio.sleep(1)
    assert sorted(world.senders.taken) == [("a 1", "1"), ("b 1", "2")]
    assert world.states() == {"a": "working", "b": "working"}


async def test_a_channel_that_hangs_holds_up_no_other(autojump_clock, new_world):
    world = new_world("a", "b")
    world.senders.stuck = "1"
    world.run()
    world.tell("a", "1")
    await trio.sleep(1)
    world.tell("b", "2")
    await trio.sleep(1)
    assert world.senders.taken == [("b 1", "2")]


async def test_a_channel_that_is_new_in_the_settings_begins(autojump_clock, new_world):
    world = new_world("a")
    world.run()
    await trio.sleep(1)
    world.follow("a", "b")
    world.tell("b", "1")
    await trio.sleep(1)
    assert world.senders.taken == [("b 1", "1")]


async def test_a_channel_that_is_no_more_in_the_settings_ends(autojump_clock, new_world):
    world = new_world("a", "b")
    world.run()
    await trio.sleep(1)
    world.follow("b")
    world.tell("a", "1")
    await trio.sleep(10)
    assert world.senders.taken == []
    assert world.states() == {"b": "working"}


async def test_a_channel_whose_settings_are_as_before_goes_on(autojump_clock, new_world):
    world = new_world("a")
    world.run()
    await trio.sleep(1)
    [before] = world.lanes
    world.follow("a")
    assert list(world.lanes) == [before]
    assert len(world.senders.made) == 1


async def test_other_settings_count_once_what_is_on_its_way_by_the_old_ones_has_arrived(
    autojump_clock, new_world
):
    world = new_world("a")
    world.senders.takes = 5
    world.run()
    world.tell("a", "1")
    await trio.sleep(1)
    world.follow("a", timeout=2)
    world.tell("a", "2")
    await trio.sleep(3)
    assert world.senders.taken == []
    await trio.sleep(10)
    assert world.senders.taken == [("a 1", "1"), ("a 2", "2")]


async def test_settings_that_change_twice_while_a_message_is_on_its_way_end_with_the_last(
    autojump_clock, new_world
):
    world = new_world("a")
    world.senders.takes = 5
    world.run()
    world.tell("a", "1")
    await trio.sleep(1)
    world.follow("a", timeout=2)
    world.follow("a", timeout=3)
    world.tell("a", "2")
    await trio.sleep(20)
    assert world.senders.taken == [("a 1", "1"), ("a 3", "2")]


async def test_a_channel_that_is_taken_out_and_put_back_waits_for_what_is_on_its_way(
    autojump_clock, new_world
):
    world = new_world("a")
    world.senders.takes = 5
    world.run()
    world.tell("a", "1")
    await trio.sleep(1)
    world.follow()
    await trio.sleep(1)
    world.follow("a")
    world.tell("a", "2")
    await trio.sleep(20)
    assert world.senders.taken == [("a 1", "1"), ("a 1", "2")]


# --- broken ones ---------------------------------------------------------------------------------


async def test_a_channel_that_was_broken_before_a_restart_stays_so(autojump_clock, new_world):
    world = new_world("a", "b")
    world.tell("a", "1")
    world.run(world.broken("a"))
    await trio.sleep(100)
    assert world.senders.taken == []
    assert world.states() == {"a": "broken", "b": "working"}


async def test_a_channel_that_was_broken_by_other_settings_is_tried_again(
    autojump_clock, new_world
):
    world = new_world("a")
    world.tell("a", "1")
    world.run(world.broken("a", "another digest"))
    await trio.sleep(1)
    assert world.senders.taken == [("a 1", "1")]


async def test_a_broken_channel_that_is_enabled_sends_what_waited(autojump_clock, new_world):
    world = new_world("a")
    world.tell("a", "1")
    world.run(world.broken("a"))
    await trio.sleep(1)
    world.lanes.enable("a")
    await trio.sleep(1)
    assert world.senders.taken == [("a 1", "1")]
    assert world.states() == {"a": "working"}


async def test_a_broken_channel_with_other_settings_sends_what_waited(autojump_clock, new_world):
    world = new_world("a")
    world.tell("a", "1")
    world.run(world.broken("a"))
    await trio.sleep(1)
    world.follow("a", timeout=2)
    await trio.sleep(1)
    assert world.senders.taken == [("a 2", "1")]


async def test_a_broken_channel_that_is_taken_out_and_put_back_is_broken_no_more(
    autojump_clock, new_world
):
    world = new_world("a")
    world.store.deliveries.mark_broken(world.broken("a"))
    world.run(*world.store.deliveries.broken())
    await trio.sleep(1)
    assert world.states() == {"a": "broken"}
    world.follow()
    world.follow("a")
    await trio.sleep(1)
    assert world.states() == {"a": "working"}
    assert world.store.deliveries.broken() == []  # nor is it after a restart


async def test_that_a_channel_is_broken_still_is_said_at_the_start(
    autojump_clock, new_world, capsys
):
    world = new_world("a")
    world.run(world.broken("a"))
    await trio.sleep(1)
    assert "the channel is still broken" in capsys.readouterr().err


async def test_a_channel_that_fails_is_tried_at_once_when_it_is_enabled(autojump_clock, new_world):
    world = new_world("a")
    world.senders.fails = True
    world.run()
    world.tell("a", "1")
    await trio.sleep(100)
    world.senders.fails = False
    world.store.deliveries.hasten("a", world.now())
    for now in (world.lanes.enable, world.lanes.retry):
        now("a")
    await trio.sleep(0.1)
    assert world.senders.taken == [("a 1", "1")]


async def test_other_settings_do_not_shorten_the_interval_between_two_messages(
    autojump_clock, new_world
):
    world = new_world("a")
    world.run()
    world.follow("a", group_interval=60)
    world.tell("a", "1")
    await trio.sleep(5)
    world.follow("a", group_interval=60, timeout=2)
    world.tell("a", "2")
    await trio.sleep(50)
    assert len(world.senders.taken) == 1
    await trio.sleep(10)
    assert len(world.senders.taken) == 2


async def test_to_enable_one_that_works_or_is_not_there_changes_nothing(autojump_clock, new_world):
    world = new_world("a")
    world.run()
    await trio.sleep(1)
    [before] = world.lanes
    world.lanes.enable("a")
    world.lanes.enable("who")
    world.lanes.retry("who")
    assert list(world.lanes) == [before]


async def test_a_channel_breaks_for_itself_only(autojump_clock, new_world):
    world = new_world("a", "b")
    world.senders.refused = "1"
    world.run()
    world.tell("a", "1")
    world.tell("b", "2")
    await trio.sleep(1)
    assert world.states() == {"a": "broken", "b": "working"}
    assert world.senders.taken == [("b 1", "2")]
    assert [broken.channel for broken in world.store.deliveries.broken()] == ["a"]


# --- ways that are no longer needed -------------------------------------------------------------


async def test_a_way_is_closed_once_what_is_on_it_has_arrived_and_the_next_is_not(
    autojump_clock, new_world
):
    world = new_world("a")
    world.senders.takes = 5
    world.run()
    world.tell("a", "1")
    await trio.sleep(1)
    for timeout in (2, 3):
        world.follow("a", timeout=timeout)
    await trio.sleep(3)
    assert world.senders.closed == []
    await trio.sleep(3)
    assert world.senders.taken == [("a 1", "1")]
    assert [way.channel.timeout for way in world.senders.closed] == [1, 2]


async def test_the_way_to_a_channel_that_is_taken_out_or_breaks_is_closed(
    autojump_clock, new_world
):
    world = new_world("a", "b", "c")
    world.senders.refused = "1"
    world.run(world.broken("c"))
    world.tell("b", "1")
    await trio.sleep(1)
    assert [way.channel.name for way in world.senders.closed] == ["c", "b"]
    world.follow("b")
    await trio.sleep(1)
    assert [way.channel.name for way in world.senders.closed] == ["c", "b", "a"]
    world.lanes.enable("b")
    world.senders.refused = None
    await trio.sleep(1)
    assert world.senders.taken == [("b 1", "1")]


async def test_a_way_that_cannot_be_closed_ends_no_other(autojump_clock, new_world, capsys):
    world = new_world("a", "b")
    world.senders.crashes = True
    world.run()
    await trio.sleep(1)
    world.follow("b")
    world.tell("b", "1")
    await trio.sleep(1)
    assert world.senders.taken == [("b 1", "1")]
    assert "closing crashed" in capsys.readouterr().err


# --- the end -------------------------------------------------------------------------------------


async def test_stopped_it_ends_when_what_is_on_its_way_has_arrived(autojump_clock, new_world):
    world = new_world("a", "b")
    world.senders.takes = 5
    world.run()
    world.tell("a", "1")
    await trio.sleep(1)
    world.lanes.stop()
    await trio.sleep(3)
    assert not world.ended.is_set()
    assert [way.channel.name for way in world.senders.closed] == ["b"]
    with trio.fail_after(5):
        await world.ended.wait()
    assert world.senders.taken == [("a 1", "1")]
    assert world.store.deliveries.find("1").state == "sent"
    assert [way.channel.name for way in world.senders.closed] == ["b", "a"]


async def test_what_is_told_while_it_ends_stays_for_the_next_run(autojump_clock, new_world):
    world = new_world("a")
    world.senders.takes = 5
    world.run()
    world.tell("a", "1")
    await trio.sleep(1)
    world.lanes.stop()
    world.tell("a", "2")
    world.follow("a", "b")
    await world.ended.wait()
    assert world.senders.taken == [("a 1", "1")]
    assert world.store.deliveries.find("2").state == "pending"


async def test_one_that_is_stopped_with_nothing_to_do_ends_at_once(autojump_clock, new_world):
    world = new_world("a", "b")
    world.run()
    await trio.sleep(1)
    began = trio.current_time()
    world.lanes.stop()
    await world.ended.wait()
    assert trio.current_time() - began < 1


# --- digests of settings -------------------------------------------------------------------------


def test_a_digest_changes_with_any_setting_and_shows_none():
    channel = Webhook(name="a", url="https://a.example/key-1234", secret="whsec_" + "YWJj" * 8)
    others = [
        Webhook(name="a", url="https://a.example/key-1235", secret="whsec_" + "YWJj" * 8),
        Webhook(name="a", url="https://a.example/key-1234", secret="whsec_" + "YWJk" * 8),
        Webhook(name="a", url="https://a.example/key-1234"),
        Channel(name="a"),
    ]
    digests = {digest_of(each) for each in (channel, *others)}
    assert len(digests) == 5
    assert "key-1234" not in digest_of(channel)
    same = Webhook(name="a", url="https://a.example/key-1234", secret="whsec_" + "YWJj" * 8)
    assert digest_of(channel) == digest_of(same)
