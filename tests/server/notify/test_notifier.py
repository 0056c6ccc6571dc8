"""Everything that tells someone, over a real store, in simulated time."""

# ruff: noqa: ARG001 - pytest-trio finds its clock among the arguments of the test itself

from itertools import count
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from lastseen.server.config.sections.channels import Channel
from lastseen.server.config.sections.kinds import Command
from lastseen.server.config.sections.notify import Maintenance, Notify
from lastseen.server.errors import StartFailed
from lastseen.server.notify.channel_records import STILL_OFF
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.giving_up import GONE, OFF
from lastseen.server.notify.notice import ClientNotice, Message
from lastseen.server.notify.notifier import LAST_MESSAGES, PAGE, TICK, Notifier, Surroundings
from lastseen.server.notify.outbox import FORGETTING
from lastseen.server.notify.pace import STORE_PAUSE
from lastseen.server.presence.model import Moment, Transition
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.telling import BrokenChannel, Silence, Standing, Telling

NOW = 1_800_000_000.0
"""2027-01-15 08:00 UTC: when each test begins."""

SOON = TICK + 0.5

REFUSED = TransportError("answered 401", permanent=True)


class Keeper:
    """Writes at once, unless it is held up."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.teller: Any = None
        self.goes_on = trio.Event()
        self.goes_on.set()

    def tell(self, telling: Telling) -> None:
        self.store.tell(telling)
        if self.teller is not None:
            self.teller.written(telling)

    async def caught_up(self) -> None:
        await self.goes_on.wait()


class Hesitant:
    """Has a keeper write what it is told only when it may, and says so."""

    def __init__(self, keeper: Keeper) -> None:
        self.goes_on = trio.Event()
        self._keeper = keeper
        self._unwritten: list[Telling] = []

    def tell(self, telling: Telling) -> None:
        self._unwritten.append(telling)

    async def caught_up(self) -> None:
        if self._unwritten:
            await self.goes_on.wait()
            while self._unwritten:
                self._keeper.tell(self._unwritten.pop(0))


class Senders:
    """Ways to channels that note what they are sent; one may take its time, or refuse."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []
        self.takes = 0.0
        self.error: TransportError | None = None
        self.closed: list[Any] = []

    def make(self, channel: Channel) -> Any:
        return Way(self, channel.name)

    async def close(self, way: Any) -> None:
        self.closed.append(way)


class Way:
    def __init__(self, senders: Senders, name: str) -> None:
        self._senders, self._name = senders, name

    async def send(self, message: Message) -> None:
        await trio.sleep(self._senders.takes)
        if self._senders.error is not None:
            raise self._senders.error
        for item in message.items:
            notice = item.notice
            about = notice.client.client_id if isinstance(notice, ClientNotice) else ""
            self._senders.told.append((self._name, item.kind, about))


class World:
    """One run of a server's notifications; `next_run` is another one, of the same database."""

    def __init__(
        self, kit: Any, settings: Notify, began: float, run: int = 1, ahead: float = 0.0
    ) -> None:
        """`ahead` is by how many seconds the machine's clock is wrong when the run begins."""
        self.kit, self.number, self.epoch = kit, run, f"run-{run}"
        self.began_ahead = self.ahead = ahead
        self.store, in_this_thread, self.nursery, self.make_client = kit
        self.settings, self.began, self.retention = settings, began, 1e9
        self.keeper, self.senders, self.numbers = Keeper(self.store), Senders(), count(1)
        self.notifier = Notifier(
            self.store.deliveries,
            self.keeper,
            self.senders,
            settings=lambda: self.settings,
            retention=lambda: self.retention,
            grace=lambda: 5.0,
            epoch=self.epoch,
            around=Surroundings(self.wall, self.now, lambda: 1.0, in_this_thread),
        )
        self.keeper.teller = self.notifier

    def now(self) -> float:
        """By the clock of the schedule, which is as wrong as the wall clock was at the start."""
        return NOW + trio.current_time() - self.began + self.began_ahead

    def wall(self) -> float:
        return NOW + trio.current_time() - self.began + self.ahead

    async def begin(self) -> None:
        self.store.begin_run(self.epoch, self.wall(), 0.0)
        await self.notifier.restore()
        self.nursery.start_soon(self.notifier.run)
        await trio.sleep(0.1)

    def forget(self, client_id: str) -> None:
        """As somebody who says `lastseen forget`, once everything is written."""
        self.store.delete(client_id)
        self.notifier.forgotten(client_id)

    def forget_once_it_is_looked_at(self, client_id: str) -> None:
        """... for what waits, and before anything is done about that."""
        look = self.store.deliveries.waiting

        def look_and_forget(*what: Any) -> Any:
            found = look(*what)
            self.forget(client_id)
            self.store.deliveries.waiting = look
            return found

        self.store.deliveries.waiting = look_and_forget

    def hesitate(self) -> None:
        """Nothing more is written until `hesitant` may go on."""
        self.hesitant = Hesitant(self.keeper)
        self.notifier._keeper = self.notifier._giving_up._keeper = self.hesitant

    async def next_run(self, away: float = 0.0, ahead: float = 0.0) -> "World":
        await self.notifier.finish()
        self.store.end_run(self.epoch, self.wall(), 0.0)
        await trio.sleep(away)
        return World(self.kit, self.settings, self.began, self.number + 1, ahead)

    def goes(self, client_id: str, **fields: Any) -> None:
        self._turn(client_id, "online", "offline", "left", fields)

    def comes(self, client_id: str, **fields: Any) -> None:
        self._turn(client_id, "offline", "online", "registered", fields)

    def _turn(self, client_id: str, before: Any, after: Any, reason: Any, fields: Any) -> None:
        record = self.make_client(client_id, status=after, reason=reason, **fields)
        transition = Transition(client_id, before, after, reason, self.now(), 0.0, "")
        telling = self.notifier.transition(transition, record, self.epoch, next(self.numbers))
        self.keeper.tell(telling)

    @property
    def told(self) -> list[tuple[str, str, str]]:
        return self.senders.told


@pytest.fixture
def new_world(autojump_clock, store, in_this_thread, nursery, make_client):
    kit = (store, in_this_thread, nursery, make_client)
    began = trio.current_time()
    return lambda *channels, **rest: World(kit, Notify(command=channels, **rest), began)


def channel(name: str = "ops", **settings: Any) -> Command:
    return Command(name=name, argv=("true",), **settings)


# --- from a transition to a channel --------------------------------------------------------------


async def test_a_transition_is_told_by_the_channels_that_asked(autojump_clock, new_world):
    world = new_world(channel("all"), channel("db", clients=("db-*",)))
    await world.begin()
    world.goes("web-01")
    await trio.sleep(1)
    assert world.told == [("all", "offline", "web-01")]


async def test_nothing_is_sent_that_is_not_written(autojump_clock, new_world):
    world = new_world(channel())
    await world.begin()
    world.keeper.goes_on = trio.Event()
    world.goes("web-01")
    await trio.sleep(100)
    assert world.told == []
    world.keeper.goes_on.set()
    await trio.sleep(1)
    assert world.told == [("ops", "offline", "web-01")]


async def test_a_mass_loss_is_told(autojump_clock, new_world):
    world = new_world(channel())
    await world.begin()
    moment = Moment(0.0, world.now())
    world.keeper.tell(world.notifier.mass_loss(30, 40, 60.0, moment))
    await trio.sleep(1)
    assert world.told == [("ops", "mass_loss", "")]


async def test_a_channel_that_is_not_enabled_is_told_nothing(autojump_clock, new_world):
    world = new_world(channel(enabled=False))
    await world.begin()
    world.goes("web-01")
    await trio.sleep(100)
    assert world.told == []
    [record] = world.notifier.channels()
    assert (record.name, record.enabled, record.state) == ("ops", False, "working")


async def test_of_who_was_forgotten_no_return_is_told(autojump_clock, new_world):
    world = new_world(channel())
    await world.begin()
    world.goes("web-01")
    await trio.sleep(1)
    world.notifier.forgotten("web-01")
    world.comes("web-01")
    await trio.sleep(100)
    assert world.told == [("ops", "offline", "web-01")]


async def test_who_has_been_offline_for_as_long_as_clients_are_remembered_is_forgotten(
    autojump_clock, new_world
):
    world = new_world(channel())
    world.retention = 60.0
    await world.begin()
    world.goes("web-01")
    await trio.sleep(FORGETTING + 30)
    world.goes("web-02")
    await trio.sleep(40)
    world.comes("web-01")
    world.comes("web-02")
    await trio.sleep(1)
    assert [about for _, kind, about in world.told if kind == "online"] == ["web-02"]


# --- time alone ----------------------------------------------------------------------------------


async def test_of_a_long_outage_a_channel_is_reminded(autojump_clock, new_world):
    world = new_world(channel(repeat_interval=60))
    await world.begin()
    world.goes("web-01")
    await trio.sleep(60 + SOON)
    assert [kind for _, kind, _ in world.told] == ["offline", "reminder"]


async def test_who_flapped_is_told_of_when_it_is_steady(autojump_clock, new_world):
    world = new_world(channel(flap_threshold=3, flap_window=60))
    await world.begin()
    for _ in range(2):
        world.goes("web-01")
        world.comes("web-01")
        await trio.sleep(1)
    await trio.sleep(60 + SOON)
    assert [kind for _, kind, _ in world.told] == ["offline", "online", "flapping", "online"]


# --- quiet ---------------------------------------------------------------------------------------


async def test_a_silence_counts_at_once_and_what_is_still_so_is_told_when_it_ends_by_itself(
    autojump_clock, new_world
):
    world = new_world(channel())
    await world.begin()
    world.notifier.silenced(Silence("web-*", None, world.now(), world.now() + 60, "", 1))
    world.goes("web-01")
    world.goes("web-02")
    world.comes("web-02")
    world.goes("db-01")
    await trio.sleep(59)
    assert world.told == [("ops", "offline", "db-01")]
    await trio.sleep(1 + SOON)
    assert world.told[1:] == [("ops", "offline", "web-01")]


async def test_a_silence_that_is_ended_is_over_at_once(autojump_clock, new_world):
    world = new_world(channel())
    await world.begin()
    world.notifier.silenced(Silence("web-*", None, world.now(), world.now() + 60, "", 1))
    world.goes("web-01")
    world.notifier.unsilenced(1)
    world.notifier.unsilenced(2)  # another took it away before
    await trio.sleep(0.1)
    assert world.told == [("ops", "offline", "web-01")]


async def test_nothing_is_told_in_a_planned_maintenance_and_then_what_is_still_so(
    autojump_clock, new_world
):
    window = Maintenance(name="nightly", start="08:01", end="08:02")
    world = new_world(channel(), maintenance=(window,))
    await world.begin()
    assert world.notifier.windows() == (window,)
    await trio.sleep(60 + SOON)
    world.goes("web-01")
    await trio.sleep(50)
    assert world.told == []
    await trio.sleep(10 + SOON)
    assert world.told == [("ops", "offline", "web-01")]


# --- settings ------------------------------------------------------------------------------------


async def test_a_channel_that_is_new_is_told_from_then_on(autojump_clock, new_world):
    world = new_world(channel())
    await world.begin()
    world.goes("web-01")
    await trio.sleep(1)
    world.settings = Notify(command=(channel(), channel("new")))
    await trio.sleep(SOON)
    world.comes("web-01")
    world.goes("web-02")
    await trio.sleep(1)
    assert [told for told in world.told if told[0] == "new"] == [("new", "offline", "web-02")]
    assert len(world.told) == 4


async def test_a_channel_that_is_removed_is_told_nothing_more(autojump_clock, new_world):
    world = new_world(channel(), channel("old"))
    await world.begin()
    world.settings = Notify(command=(channel(),))
    await trio.sleep(SOON)
    world.goes("web-01")
    await trio.sleep(100)
    assert world.told == [("ops", "offline", "web-01")]
    assert [record.name for record in world.notifier.channels()] == ["ops"]


async def test_by_a_channel_that_is_turned_off_what_waited_is_not_sent_and_says_why(
    autojump_clock, new_world
):
    world = new_world(channel())
    await world.begin()
    world.senders.error = TransportError("answered 503")
    world.goes("web-01")
    world.goes("web-02")
    await trio.sleep(60)
    world.settings = Notify(command=(channel(enabled=False),))
    await trio.sleep(SOON)
    world.senders.error = None
    world.comes("web-01")
    for delivery in world.store.deliveries.list():
        assert (delivery.state, delivery.error) == ("withdrawn", OFF)
    await trio.sleep(600)
    world.settings = Notify(command=(channel(),))
    await trio.sleep(SOON)
    world.comes("web-02")
    await trio.sleep(SOON)
    of_the_other = [kind for _, kind, about in world.told if about == "web-02"]
    assert of_the_other == ["offline", "online"]
    # Its outage was tried, and may have arrived without anybody knowing.
    assert [kind for _, kind, about in world.told if about == "web-01"] == ["online"]


async def test_what_is_on_its_way_by_a_channel_that_is_turned_off_is_waited_for(
    autojump_clock, new_world
):
    world = new_world(channel())
    await world.begin()
    world.senders.takes = 20.0
    world.goes("web-01")
    await trio.sleep(1)
    world.settings = Notify(command=(channel(enabled=False),))
    await trio.sleep(SOON)
    world.goes("web-02")
    world.settings = Notify(command=(channel(),))
    await trio.sleep(60)
    assert world.told == [("ops", "offline", "web-01"), ("ops", "offline", "web-02")]
    assert [d.state for d in world.store.deliveries.list()] == ["sent", "sent"]


async def test_a_channel_that_is_turned_off_and_on_at_once_tells_what_is_so_once(
    autojump_clock, new_world
):
    world = new_world(channel())
    await world.begin()
    world.keeper.goes_on = trio.Event()
    world.goes("web-01")
    world.goes("web-02")
    await trio.sleep(SOON)
    for enabled in (False, True, False, True):
        world.settings = Notify(command=(channel(enabled=enabled),))
        await trio.sleep(SOON)
    world.comes("web-01")
    world.keeper.goes_on.set()
    await trio.sleep(60)
    assert world.told == [("ops", "offline", "web-02")]


async def test_a_channel_that_is_on_again_is_shown_as_off_until_what_waited_is_given_up(
    autojump_clock, new_world
):
    world = new_world(channel())
    await world.begin()
    world.keeper.goes_on = trio.Event()
    world.goes("web-01")
    shown = []
    for enabled in (False, True):
        world.settings = Notify(command=(channel(enabled=enabled),))
        await trio.sleep(SOON)
        shown += [(c.enabled, c.why) for c in world.notifier.channels()]
    assert shown == [(False, ""), (False, STILL_OFF)]
    world.keeper.goes_on.set()
    await trio.sleep(SOON)
    assert [(c.enabled, c.why) for c in world.notifier.channels()] == [(True, "")]


async def test_a_channel_that_is_on_again_sends_no_digest_whose_giving_up_is_not_written_yet(
    autojump_clock, new_world
):
    world = new_world(channel(group_wait=1))
    await world.begin()
    world.senders.error = TransportError("answered 503")
    world.goes("web-01")
    await trio.sleep(60)
    world.keeper = world.notifier._giving_up._keeper = Hesitant(world.keeper)
    world.settings = Notify(command=(channel(group_wait=1, enabled=False),))
    await trio.sleep(SOON)
    world.senders.error = None
    world.settings = Notify(command=(channel(group_wait=1),))
    await trio.sleep(600)
    assert world.told == []
    world.keeper.goes_on.set()
    await trio.sleep(60)
    assert world.told == [("ops", "offline", "web-01")]
    states = [delivery.state for delivery in world.store.deliveries.list()]
    assert states == ["sent", "withdrawn"]  # the newest first


async def _off_with_a_return_that_waits(world: "World") -> None:
    """A channel is turned off that has not taken an outage and the return; the client goes again.
    Nothing is given up before the keeper goes on.
    """
    await world.begin()
    world.senders.error = TransportError("answered 503")
    world.goes("web-01")
    world.comes("web-01")
    await trio.sleep(60)
    world.keeper.goes_on = trio.Event()
    world.settings = Notify(command=(channel(enabled=False),))
    await trio.sleep(SOON)
    world.goes("web-01")
    assert [s.client_id for s in world.store.deliveries.standings()] == ["web-01"]


async def test_nothing_is_left_of_who_is_forgotten_between_the_look_at_what_waits_and_giving_it_up(
    autojump_clock, new_world
):
    world = new_world(channel())
    await _off_with_a_return_that_waits(world)
    world.forget_once_it_is_looked_at("web-01")
    world.keeper.goes_on.set()
    await trio.sleep(60)
    assert world.store.deliveries.list() == []
    assert world.store.deliveries.standings() == []
    assert len(world.notifier._outbox) == 0


async def test_nothing_is_left_of_who_is_forgotten_before_what_was_given_up_is_written(
    autojump_clock, new_world
):
    world = new_world(channel())
    await _off_with_a_return_that_waits(world)
    world.hesitate()
    world.keeper.goes_on.set()
    await trio.sleep(1)
    world.forget("web-01")
    world.hesitant.goes_on.set()
    await trio.sleep(60)
    assert world.store.deliveries.list() == []
    assert world.store.deliveries.standings() == []
    assert len(world.notifier._outbox) == 0


async def test_of_others_what_waited_is_given_up_though_one_is_forgotten_meanwhile(
    autojump_clock, new_world
):
    world = new_world(channel())
    await _off_with_a_return_that_waits(world)
    world.goes("web-02")
    await trio.sleep(1)
    world.forget_once_it_is_looked_at("web-01")
    world.keeper.goes_on.set()
    await trio.sleep(60)
    assert [s.client_id for s in world.store.deliveries.standings()] == ["web-02"]


async def test_a_channel_that_is_taken_out_and_put_back_begins_afresh(autojump_clock, new_world):
    world = new_world(channel())
    await world.begin()
    world.senders.error = TransportError("answered 503")
    world.goes("web-01")
    await trio.sleep(60)
    world.settings = Notify()
    await trio.sleep(SOON)
    [delivery] = world.store.deliveries.list()
    assert (delivery.state, delivery.error) == ("withdrawn", GONE)
    world.senders.error = None
    world.settings = Notify(command=(channel(),))
    await trio.sleep(SOON)
    world.comes("web-01")
    world.goes("web-02")
    await trio.sleep(100)
    assert world.told == [("ops", "offline", "web-02")]


async def test_a_store_that_is_gone_for_a_while_only_delays_what_is_given_up(
    autojump_clock, new_world
):
    world = new_world(channel())
    await world.begin()
    world.senders.error = TransportError("answered 503")
    world.goes("web-01")
    await trio.sleep(1)
    down = iter([StoreUnavailable("it is gone")])

    def unavailable(_channel: str) -> list[str]:
        for error in down:
            raise error
        return ["web-01"]

    world.store.deliveries.waiting_clients = unavailable
    world.settings = Notify()
    await trio.sleep(SOON + STORE_PAUSE)
    assert [d.state for d in world.store.deliveries.list()] == ["withdrawn"]


async def test_a_maintenance_that_is_new_counts(autojump_clock, new_world):
    world = new_world(channel())
    await world.begin()
    window = Maintenance(name="now", start="00:00", end="24:00")
    world.settings = replace(world.settings, maintenance=(window,))
    await trio.sleep(SOON)
    world.goes("web-01")
    await trio.sleep(100)
    assert world.told == []


# --- broken --------------------------------------------------------------------------------------


async def test_a_broken_channel_is_shown_and_tried_again_when_it_is_enabled(
    autojump_clock, new_world
):
    world = new_world(channel())
    await world.begin()
    world.senders.error = REFUSED
    world.goes("web-01")
    await trio.sleep(1)
    [record] = world.notifier.channels()
    assert (record.kind, record.state, record.why) == ("command", "broken", "answered 401")
    assert record.since is not None
    world.senders.error = None
    world.notifier.enable("ops")
    await trio.sleep(1)
    assert world.told == [("ops", "offline", "web-01")]
    [record] = world.notifier.channels()
    assert (record.state, record.sent) == ("working", 1)
    assert record.last_sent is not None


async def test_a_channel_that_rests_is_shown_to_until_it_does_no_more(autojump_clock, new_world):
    world = new_world(channel())
    await world.begin()
    world.senders.error = TransportError("answered 429", retry_after=600.0)
    world.goes("web-01")
    await trio.sleep(10)
    [record] = world.notifier.channels()
    assert record.state == "failing"
    assert 589 <= record.rests_until.timestamp() - world.now() <= 591
    world.senders.error = None
    await trio.sleep(600)
    [record] = world.notifier.channels()
    assert (record.state, record.rests_until) == ("working", None)


async def test_what_was_given_up_is_sent_at_once_when_it_is_retried(autojump_clock, new_world):
    world = new_world(channel(max_attempts=1))
    await world.begin()
    world.senders.error = TransportError("answered 503")
    world.goes("web-01")
    await trio.sleep(10)
    world.senders.error = None
    [failed] = world.store.deliveries.list(state="failed")
    assert world.notifier.outcomes()["ops", "failed"] == 1
    world.store.deliveries.retry(failed.id, world.notifier.now())
    world.notifier.retried("ops")
    await trio.sleep(0.1)
    assert world.told == [("ops", "offline", "web-01")]


async def test_what_still_gathers_is_sent_at_once_when_it_is_retried(autojump_clock, new_world):
    world = new_world(channel(group_wait=600))
    await world.begin()
    world.goes("web-01")
    await trio.sleep(10)
    assert world.told == []
    [pending] = world.store.deliveries.list(state="pending")
    world.store.deliveries.retry(pending.id, world.notifier.now())
    world.notifier.retried("ops")
    await trio.sleep(0.1)
    assert world.told == [("ops", "offline", "web-01")]


async def test_what_became_of_deliveries_is_counted(autojump_clock, new_world):
    world = new_world(channel(), channel("idle", clients=("nobody",)))
    await world.begin()
    world.goes("web-01")
    world.goes("web-02")
    await trio.sleep(1)
    assert world.notifier.outcomes() == {
        ("ops", "sent"): 2,
        ("ops", "failed"): 0,
        ("idle", "sent"): 0,
        ("idle", "failed"): 0,
    }


@pytest.mark.parametrize(
    "change", ["enabled", "other settings", "turned off and on", "taken out and put back"]
)
async def test_the_counters_of_a_channel_go_on_whatever_becomes_of_it(
    autojump_clock, new_world, change: str
):
    world = new_world(channel(max_attempts=1))
    await world.begin()
    world.senders.error = TransportError("answered 503")
    world.goes("web-01")
    await trio.sleep(60)
    world.senders.error = None
    world.goes("web-02")
    await trio.sleep(1)
    world.senders.error = REFUSED
    world.goes("web-03")
    await trio.sleep(1)
    world.senders.error = None
    [before] = world.notifier.channels()
    match change:
        case "enabled":
            world.notifier.enable("ops")
        case "other settings":
            world.settings = Notify(command=(channel(max_attempts=1, timeout=9),))
        case "turned off and on":
            world.settings = Notify(command=(channel(max_attempts=1, enabled=False),))
            await trio.sleep(3)
            [off] = world.notifier.channels()
            assert (off.enabled, off.sent, off.last_sent) == (False, 1, before.last_sent)
            world.settings = Notify(command=(channel(max_attempts=1),))
        case "taken out and put back":
            world.settings = Notify()
            await trio.sleep(3)
            world.settings = Notify(command=(channel(max_attempts=1),))
    await trio.sleep(3)
    world.goes("web-04")
    await trio.sleep(1)
    told = len(world.told)
    [record] = world.notifier.channels()
    assert record.sent == told
    assert record.last_sent > before.last_sent
    assert world.notifier.outcomes() == {("ops", "sent"): told, ("ops", "failed"): 1}


# --- from run to run -----------------------------------------------------------------------------


async def test_the_next_run_knows_who_was_told_what(autojump_clock, new_world):
    first = new_world(channel())
    await first.begin()
    first.goes("web-01")
    await trio.sleep(1)
    world = await first.next_run()
    await world.begin()
    await trio.sleep(100)
    assert world.told == []
    world.comes("web-01")
    world.comes("web-02")
    await trio.sleep(1)
    assert world.told == [("ops", "online", "web-01")]


async def test_the_next_run_knows_of_more_than_a_page(autojump_clock, new_world):
    world = new_world(channel())
    ids = [f"web-{number:05}" for number in range(2 * PAGE)]
    world.store.tell(Telling(standings=tuple(map(_told_of, ids))))
    await world.begin()
    for client_id in (ids[0], ids[PAGE], ids[-1]):
        world.comes(client_id)
    await trio.sleep(1)
    assert sorted(about for _, _, about in world.told) == [ids[0], ids[PAGE], ids[-1]]


def _told_of(client_id: str) -> Standing:
    return Standing(
        channel="ops",
        client_id=client_id,
        said="offline",
        offline=True,
        changed_at=NOW - 100,
        since=NOW - 100,
        notice=None,
    )


async def test_the_next_run_keeps_silences_and_ends_those_that_are_over(autojump_clock, new_world):
    first = new_world(channel())
    await first.begin()
    for client, seconds in (("web-01", 60), ("web-02", 6000)):
        silence = Silence(client, None, NOW, NOW + seconds)
        first.notifier.silenced(first.store.deliveries.add_silence(silence))
        first.goes(client)
    world = await first.next_run()
    await trio.sleep(100)  # nobody runs
    await world.begin()
    assert world.told == [("ops", "offline", "web-01")]


async def test_the_next_run_knows_which_channel_is_broken(autojump_clock, new_world):
    first = new_world(channel())
    await first.begin()
    first.senders.error = REFUSED
    first.goes("web-01")
    await trio.sleep(1)
    world = await first.next_run()
    await world.begin()
    await trio.sleep(100)
    assert world.told == []
    assert [record.state for record in world.notifier.channels()] == ["broken"]


async def test_a_channel_that_is_gone_in_the_next_run_leaves_nothing_behind(
    autojump_clock, new_world
):
    first = new_world(channel(), channel("old"))
    await first.begin()
    first.goes("web-01")
    await trio.sleep(1)
    first.settings = Notify(command=(channel(),))
    world = await first.next_run()
    await world.begin()
    standings = world.store.deliveries.standings()
    assert [standing.channel for standing in standings] == ["ops"]


@pytest.mark.parametrize(
    ("settings", "why"), [(Notify(), "no more"), (Notify(command=(channel(enabled=False),)), "off")]
)
async def test_what_waits_for_a_channel_that_the_next_run_does_not_send_by_is_given_up(
    autojump_clock, new_world, settings, why
):
    first = new_world(channel())
    await first.begin()
    first.senders.error = REFUSED
    first.goes("web-01")
    await trio.sleep(1)
    first.settings = settings
    world = await first.next_run()
    await world.begin()
    await trio.sleep(1)
    [delivery] = world.store.deliveries.list()
    assert delivery.state == "withdrawn"
    assert why in delivery.error
    world.comes("web-01")
    world.settings = Notify(command=(channel(),))
    await trio.sleep(100)
    assert [kind for _, kind, _ in world.told] in ([], ["online"])


async def test_a_database_that_does_not_answer_is_no_start(autojump_clock, new_world):
    world = new_world(channel())

    async def unavailable(_call: Any, *_what: Any) -> Any:
        raise StoreUnavailable("it is gone")

    world.notifier._around = replace(world.notifier._around, in_thread=unavailable)
    with pytest.raises(StartFailed, match="it is gone"):
        await world.notifier.restore()


DAY = 86_400.0


@pytest.mark.parametrize("ahead", [-DAY, -100 * DAY, 3600.0, 100 * DAY])
async def test_a_clock_that_is_set_delays_and_hurries_nothing(autojump_clock, new_world, ahead):
    world = new_world(channel(delay=30))
    await world.begin()
    world.goes("web-01")
    world.goes("brief")
    await trio.sleep(5)
    world.ahead = ahead
    await trio.sleep(20)
    assert world.told == []
    world.comes("brief")
    await trio.sleep(10)
    assert world.told == [("ops", "offline", "web-01")]


@pytest.mark.parametrize("ahead", [-DAY, 100 * DAY])
async def test_what_is_shown_of_this_run_is_what_the_clock_shows_now(
    autojump_clock, new_world, ahead
):
    world = new_world(channel())
    await world.begin()
    world.goes("web-01")
    await trio.sleep(1)
    world.ahead = ahead
    [record] = world.notifier.channels()
    assert abs(record.last_sent.timestamp() - world.wall()) < 2
    assert world.notifier.as_wall(NOW - 10) == NOW - 10  # an earlier run knew no better


async def test_a_silence_lasts_as_long_as_it_was_ordered_for_although_the_clock_is_set_back(
    autojump_clock, new_world
):
    world = new_world(channel())
    await world.begin()
    silence = Silence("web-*", None, world.now(), world.now() + 60)
    world.notifier.silenced(world.store.deliveries.add_silence(silence))
    world.goes("web-01")
    world.ahead = -DAY
    await trio.sleep(50)
    assert world.told == []
    await trio.sleep(15)
    assert world.told == [("ops", "offline", "web-01")]


@pytest.mark.parametrize("set_while", ["it ran", "it was away"])
async def test_a_clock_that_is_set_back_before_a_restart_has_nothing_wait_for_longer(
    autojump_clock, new_world, set_while
):
    first = new_world(channel(delay=30, retry_interval=60), channel("at-once", retry_interval=60))
    await first.begin()
    silence = Silence("quiet", None, first.now(), first.now() + 60)
    first.notifier.silenced(first.store.deliveries.add_silence(silence))
    first.senders.error = TransportError("answered 503")
    for client_id in ("web-01", "quiet"):
        first.goes(client_id)
    if set_while == "it ran":
        first.ahead = -DAY
    await trio.sleep(10)
    world = await first.next_run(away=100, ahead=-DAY)
    await world.begin()
    await trio.sleep(2)
    assert world.told == [("at-once", "offline", "web-01")]
    await trio.sleep(15)
    assert world.told == [("at-once", "offline", "web-01")]
    await trio.sleep(5)
    assert world.told[1:] == [("ops", "offline", "web-01")]
    await trio.sleep(60)
    assert world.told[2:] == [("at-once", "offline", "quiet"), ("ops", "offline", "quiet")]


async def test_a_delay_that_ended_while_the_server_was_away_is_no_false_alarm(
    autojump_clock, new_world
):
    first = new_world(channel(delay=30, events=("offline", "online")), channel("hook", delay=0))
    await first.begin()
    first.goes("web-01")
    await trio.sleep(25)
    world = await first.next_run(away=600)
    await world.begin()
    await trio.sleep(4)
    world.comes("web-01")
    await trio.sleep(100)
    assert [told for told in world.told if told[0] == "ops"] == []
    assert world.told == [("hook", "online", "web-01")]


# --- the end -------------------------------------------------------------------------------------


async def test_to_finish_waits_for_what_is_on_its_way(autojump_clock, new_world):
    world = new_world(channel())
    await world.begin()
    world.senders.takes = LAST_MESSAGES - 1
    world.goes("web-01")
    await trio.sleep(0.1)
    await world.notifier.finish()
    assert world.notifier.finished.is_set()
    assert world.told == [("ops", "offline", "web-01")]
    assert world.senders.closed


async def test_to_finish_waits_for_no_longer_than_it_may(autojump_clock, new_world):
    world = new_world(channel())
    await world.begin()
    world.senders.takes = 1000
    world.goes("web-01")
    await trio.sleep(0.1)
    began = trio.current_time()
    await world.notifier.finish()
    assert trio.current_time() - began == pytest.approx(LAST_MESSAGES)
    assert not world.notifier.finished.is_set()


async def test_a_broken_channel_in_the_database_alone_stops_nothing_else(autojump_clock, new_world):
    world = new_world(channel())
    world.store.deliveries.mark_broken(BrokenChannel("gone", NOW, "answered 401", "a digest"))
    await world.begin()
    world.goes("web-01")
    await trio.sleep(1)
    assert world.told == [("ops", "offline", "web-01")]


async def test_a_clock_that_was_set_back_across_a_restart_makes_no_outage_untold(
    autojump_clock, new_world
):
    world = new_world(channel())
    await world.begin()
    world.goes("web-01")
    await trio.sleep(1)
    assert world.told == [("ops", "offline", "web-01")]
    following = await world.next_run()
    following.began += 3600
    await following.begin()
    following.comes("web-01")
    await trio.sleep(1)
    assert following.told == [("ops", "online", "web-01")]
