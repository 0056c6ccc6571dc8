"""What is decided to be told, by examples and by laws."""

from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.notice import MassLoss, from_json
from lastseen.server.notify.outbox import PORTION, Outbox
from lastseen.server.notify.quiet import Matcher
from lastseen.server.presence.model import Transition
from lastseen.server.store.telling import Delivery, Telling
from lastseen.shared.messages import ClientRecord

T0 = 1_800_000_000.0
EVERYONE = frozenset({Matcher()})
NOBODY: frozenset[Matcher] = frozenset()


class World:
    """An outbox, the clients it hears of, and what a store would keep of its decisions."""

    def __init__(self, *channels: Channel, returns: bool = True) -> None:
        names = map(str, count(1))
        self.outbox = Outbox(channels, lambda: f"msg_{next(names)}", returns_during_silence=returns)
        self.now = T0
        self.numbers = count(1)
        self.kept: dict[str, Delivery] = {}
        self.withdrawn: set[str] = set()
        self.superseded: list[str] = []
        self.standings: dict[tuple[str, str], object] = {}
        self.offline: set[str] = set()

    def keep(self, telling: Telling) -> Telling:
        self.kept |= {delivery.key: delivery for delivery in telling.deliveries}
        for key in telling.withdrawn:
            delivery = self.kept[key]
            if delivery.kind == "reminder":  # withdrawn by the store if it was not sent yet
                self.superseded.append(key)
                continue
            assert delivery.due_at > self.now, "what is due may have been sent"
            self.withdrawn.add(key)
        self.standings |= {(s.channel, s.client_id): s for s in telling.standings}
        for key in telling.settled:
            self.standings.pop(key, None)
        assert len(self.standings) == len(self.outbox)
        return telling

    def goes(self, client_id: str = "web-01", reason: str = "timeout", **fields: object) -> None:
        self.offline.add(client_id)
        self._turn(client_id, "late", "offline", reason, fields)

    def comes(self, client_id: str = "web-01", **fields: object) -> None:
        self.offline.discard(client_id)
        self._turn(client_id, "offline", "online", "returned", fields)

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.keep(self.outbox.tick(self.now, self.now))

    def silence(self, quiet: frozenset[Matcher] = EVERYONE) -> None:
        for telling in self.outbox.silence(quiet, self.now):
            self.keep(telling)

    def unsilence(self) -> None:
        self.silence(NOBODY)

    def follow(self, *channels: Channel) -> None:
        for telling in self.outbox.follow(channels, self.now):
            self.keep(telling)

    def told(self, channel: str = "ops", client_id: str = "web-01") -> list[str]:
        """The kinds of what a channel is told in the end, with what is not due yet."""
        return [delivery.kind for delivery in self.deliveries(channel, client_id)]

    def deliveries(self, channel: str = "ops", client_id: str = "web-01") -> list[Delivery]:
        return [
            delivery
            for delivery in self.kept.values()
            if (delivery.channel, delivery.client_id) == (channel, client_id)
            and delivery.key not in self.withdrawn
        ]

    def restarted(self) -> None:
        """Another run begins with what the store has."""
        before = self.outbox
        self.outbox = Outbox(
            before._channels.values(),
            before._new_key,
            returns_during_silence=before.returns_during_silence,
        )
        self.outbox.restore(self.standings.values())

    def _turn(self, client_id, before, after, reason, fields) -> None:
        moment = datetime.fromtimestamp(self.now - 1, UTC)
        record = ClientRecord(
            client_id,
            "offline" if after == "offline" else "online",
            reason,
            moment,
            moment,
            **fields,
        )
        transition = Transition(client_id, before, after, reason, self.now, 1.0, "10.0.0.1:1")
        self.keep(self.outbox.transition(transition, record, "epoch", next(self.numbers), self.now))


def ops(**settings: object) -> Channel:
    return Channel(name="ops", **settings)


# --- outages and returns ------------------------------------------------------------------------


def test_an_outage_is_told_once_and_the_return_once():
    world = World(ops())
    world.goes()
    world.passes(1000)
    world.comes()
    assert world.told() == ["offline", "online"]


def test_who_comes_for_the_first_time_is_not_told_of():
    world = World(ops())
    world.comes()
    assert world.told() == []


def test_who_is_back_within_the_delay_makes_no_noise():
    world = World(ops(delay=30))
    world.goes()
    world.passes(29)
    world.comes()
    world.passes(1000)
    assert world.told() == []
    assert len(world.outbox) == 0


def test_who_is_back_after_the_delay_was_told_of_and_is_told_of_again():
    world = World(ops(delay=30))
    world.goes()
    world.passes(30)
    world.comes()
    assert world.told() == ["offline", "online"]


def test_an_outage_is_due_after_the_delay_and_a_return_at_once():
    world = World(ops(delay=30))
    world.goes()
    world.passes(50)
    world.comes()
    assert [d.due_at for d in world.deliveries()] == [T0 + 30, T0 + 50]


def test_the_return_says_how_long_the_client_was_gone():
    world = World(ops())
    world.goes()
    world.passes(600)
    world.comes()
    [gone, back] = [from_json("online", d.notice) for d in world.deliveries()]
    assert gone.offline_since == T0
    assert gone.gone == 1.0
    assert back.offline_since == T0
    assert back.gone == 601.0  # since its last sign of life


def test_a_channel_that_asks_for_returns_only_hears_of_those_it_would_have_heard_gone():
    world = World(ops(events=("online",), delay=30))
    world.goes("brief")
    world.goes("long")
    world.passes(10)
    world.comes("brief")
    world.passes(30)
    world.comes("long")
    assert world.told(client_id="brief") == []
    assert world.told(client_id="long") == ["online"]


def test_a_channel_that_asks_for_outages_only_hears_no_return():
    world = World(ops(events=("offline",)))
    world.goes()
    world.comes()
    world.goes()
    assert world.told() == ["offline", "offline"]


@pytest.mark.parametrize(
    ("settings", "heard"),
    [
        ({"clients": ("web-*",)}, True),
        ({"clients": ("db-*",)}, False),
        ({"groups": ("rack-3",)}, True),
        ({"groups": ("rack-4",)}, False),
        ({"via": ("tcp",)}, True),
        ({"via": ("lan",)}, False),
        ({"reasons": ("timeout", "closed")}, True),
        ({"reasons": ("left",)}, False),
        ({"clients": ("web-*",), "groups": ("rack-4",)}, False),
    ],
)
def test_a_channel_hears_only_of_what_it_asked_for(settings, heard):
    world = World(ops(**settings))
    world.goes(groups=("rack-3", "dmz"))
    world.comes(groups=("rack-3", "dmz"))
    assert world.told() == (["offline", "online"] if heard else [])


def test_whoever_heard_that_a_client_went_hears_that_it_is_back_whatever_it_is_now():
    world = World(ops(groups=("rack-3",)))
    world.goes(groups=("rack-3",))
    world.comes(groups=("elsewhere",), via="websocket")
    assert world.told() == ["offline", "online"]


def test_each_channel_is_decided_for_by_itself():
    world = World(ops(delay=30), Channel(name="hook"))
    world.goes()
    world.passes(10)
    world.comes()
    assert world.told("ops") == []
    assert world.told("hook") == ["offline", "online"]


def test_a_delivery_names_the_event_that_it_tells():
    world = World(ops())
    world.goes()
    world.comes()
    assert [(d.epoch, d.number) for d in world.deliveries()] == [("epoch", 1), ("epoch", 2)]


# --- restarts -----------------------------------------------------------------------------------


def test_a_restart_repeats_nothing_and_forgets_nothing():
    world = World(ops())
    world.goes()
    world.restarted()
    world.passes(10_000)
    assert world.told() == ["offline"]
    world.comes()
    assert world.told() == ["offline", "online"]


def test_a_delay_goes_on_across_a_restart():
    world = World(ops(delay=30))
    world.goes()
    world.restarted()
    world.passes(20)
    world.comes()
    assert world.told() == []


# --- flapping -----------------------------------------------------------------------------------


def flapping() -> World:
    world = World(ops(flap_threshold=3, flap_window=60))
    world.goes()
    world.passes(5)
    world.comes()
    world.passes(5)
    world.goes()
    return world


def test_who_comes_and_goes_is_told_of_once_as_flapping():
    world = flapping()
    for _ in range(10):
        world.passes(5)
        world.comes()
        world.passes(5)
        world.goes()
    assert world.told() == ["offline", "online", "flapping"]
    notice = from_json("flapping", world.deliveries()[-1].notice)
    assert (notice.changes, notice.window) == (3, 60)


@pytest.mark.parametrize("ends", ["offline", "online"])
def test_who_flapped_and_is_steady_is_told_of_as_it_is(ends):
    world = flapping()
    if ends == "online":
        world.comes()
    world.passes(59)
    assert world.told()[-1] == "flapping"
    world.passes(1)
    assert world.told() == ["offline", "online", "flapping", ends]


def test_flapping_goes_on_across_a_restart_and_ends_when_it_is_steady():
    world = flapping()
    world.restarted()
    world.comes()
    world.passes(30)
    assert world.told()[-1] == "flapping"
    world.passes(30)
    assert world.told()[-1] == "online"


def test_an_outage_that_is_held_back_is_not_told_once_the_client_flaps():
    world = World(ops(delay=30, flap_threshold=3, flap_window=60))
    world.goes()
    world.comes()
    world.goes()
    assert world.told() == ["flapping"]


def test_changes_that_are_far_apart_are_no_flapping():
    world = World(ops(flap_threshold=3, flap_window=60))
    for _ in range(20):
        world.goes()
        world.passes(31)
        world.comes()
        world.passes(31)
    assert world.told() == ["offline", "online"] * 20


def test_clients_that_are_steady_leave_nothing_behind_in_memory():
    world = World(ops(flap_threshold=6, flap_window=60))
    world.goes()
    world.comes()
    world.passes(61)
    world.passes(61)
    assert not world.outbox._changes


# --- silences -----------------------------------------------------------------------------------


def test_in_a_silence_nothing_is_told():
    world = World(ops())
    world.silence()
    world.goes()
    world.comes()
    world.unsilence()
    assert world.told() == []


def test_what_is_still_offline_when_the_silence_ends_is_told_then():
    world = World(ops())
    world.silence()
    world.goes()
    world.passes(3600)
    world.unsilence()
    [delivery] = world.deliveries()
    assert (delivery.kind, delivery.due_at) == ("offline", T0 + 3600)
    world.comes()
    assert world.told() == ["offline", "online"]


@pytest.mark.parametrize("silenced_for", [10, 3600])
def test_after_a_silence_the_delay_counts_from_its_end(silenced_for):
    world = World(ops(delay=30))
    world.silence()
    world.goes("back soon")
    world.goes("gone")
    world.passes(silenced_for)
    world.unsilence()
    world.passes(4)
    world.comes("back soon")
    world.passes(100)
    assert world.told(client_id="back soon") == []
    [delivery] = world.deliveries(client_id="gone")
    assert (delivery.kind, delivery.due_at) == ("offline", T0 + silenced_for + 30)


def test_after_a_channel_was_off_the_delay_counts_from_when_it_is_on_again():
    world = World(ops(delay=30))
    world.follow(ops(delay=30, enabled=False))
    world.goes()
    world.passes(3600)
    world.follow(ops(delay=30))
    [delivery] = world.deliveries()
    assert delivery.due_at == T0 + 3600 + 30


def test_after_a_silence_that_ended_while_the_server_was_down_the_delay_counts_from_the_restart():
    world = World(ops(delay=30))
    world.silence()
    world.goes()
    world.passes(3600)
    world.restarted()
    world.unsilence()
    [delivery] = world.deliveries()
    assert delivery.due_at == T0 + 3600 + 30


def test_a_channel_that_still_knows_an_earlier_outage_is_told_of_the_return_from_a_brief_one():
    world = World(ops(delay=30))
    world.goes()
    world.passes(30)
    world.follow(ops(delay=30, enabled=False))
    world.comes()
    world.goes()
    world.follow(ops(delay=30))
    world.passes(10)
    world.comes()
    assert world.told() == ["offline", "online"]


def test_a_channel_that_knows_of_flapping_is_told_of_the_return_from_an_outage_that_was_brief():
    world = World(ops(delay=30, flap_threshold=3, flap_window=60))
    world.goes()
    world.comes()
    world.goes()
    world.silence()
    world.passes(100)
    world.unsilence()
    world.passes(10)
    world.comes()
    assert world.told() == ["flapping", "online"]


def test_after_flapping_the_delay_counts_from_the_last_change():
    world = World(ops(delay=90, flap_threshold=3, flap_window=60))
    for _ in range(3):
        world.goes()
        world.comes()
    world.goes()
    world.passes(60)
    [flapping, offline] = world.deliveries()
    assert (flapping.kind, offline.kind) == ("flapping", "offline")
    assert offline.due_at == T0 + 90


def test_a_reminder_that_came_due_in_a_silence_waits_for_the_delay_after_it():
    world = World(ops(delay=30, repeat_interval=3600))
    world.goes("back soon")
    world.goes("gone")
    world.passes(600)
    world.silence()
    world.passes(7200)
    world.unsilence()
    world.passes(4)
    world.comes("back soon")
    world.passes(25)
    assert world.told(client_id="gone") == ["offline"]
    world.passes(1)
    assert world.told(client_id="gone") == ["offline", "reminder"]
    assert world.told(client_id="back soon") == ["offline", "online"]


def test_what_happened_in_a_silence_does_not_count_as_flapping_after_it():
    world = World(ops(flap_threshold=3, flap_window=600))
    world.silence()
    for _ in range(5):
        world.goes()
        world.comes()
    world.unsilence()
    world.goes()
    assert world.told() == ["offline"]


def test_what_is_held_back_when_a_silence_begins_is_not_told():
    world = World(ops(delay=30))
    world.goes()
    world.passes(10)
    world.silence()
    world.passes(100)
    assert world.told() == []
    world.unsilence()
    assert world.told() == ["offline"]


def test_a_return_in_a_silence_after_an_outage_that_was_told_is_told_at_once():
    world = World(ops())
    world.goes()
    world.silence()
    world.passes(10)
    world.comes()
    [_, back] = world.deliveries()
    assert (back.kind, back.due_at) == ("online", T0 + 10)
    world.passes(10)
    world.goes()
    world.comes()
    world.unsilence()
    assert world.told() == ["offline", "online"]
    assert not world.standings


def test_without_returns_during_silence_a_return_is_told_when_the_silence_ends():
    world = World(ops(), returns=False)
    world.goes()
    world.silence()
    world.passes(10)
    world.comes()
    assert world.told() == ["offline"]
    world.unsilence()
    assert world.told() == ["offline", "online"]


def test_a_return_that_waits_for_the_end_of_a_silence_is_told_when_the_setting_is_turned_on():
    world = World(ops(), returns=False)
    world.goes()
    world.silence()
    world.comes()
    world.outbox.returns_during_silence = True
    world.follow(ops())
    assert world.told() == ["offline", "online"]


def test_in_a_silence_a_return_is_not_told_after_flapping_nor_by_a_channel_that_is_off():
    world = World(ops(flap_threshold=3, flap_window=60), Channel(name="off"))
    world.goes()
    world.follow(ops(flap_threshold=3, flap_window=60), Channel(name="off", enabled=False))
    world.comes()
    world.goes()
    world.silence()
    world.comes()
    assert world.told() == ["offline", "online", "flapping"]
    assert world.told("off") == ["offline"]


def test_what_is_held_back_is_not_told_if_the_client_is_back_as_one_that_is_silenced():
    world = World(ops(delay=30))
    world.silence(frozenset({Matcher(groups=("rack-3",))}))
    world.goes(groups=("rack-4",))
    world.passes(10)
    world.comes(groups=("rack-3",))
    world.passes(100)
    world.unsilence()
    assert world.told() == []
    assert not world.standings


def test_an_outage_that_was_told_is_not_told_again_when_a_silence_ends():
    world = World(ops())
    world.goes()
    world.silence()
    world.passes(10)
    world.unsilence()
    assert world.told() == ["offline"]


def test_another_outage_that_began_in_the_silence_is_told_when_it_ends():
    world = World(ops())
    world.goes()
    world.silence()
    world.passes(10)
    world.comes()
    world.passes(10)
    world.goes()
    assert world.told() == ["offline", "online"]
    world.unsilence()
    assert world.told() == ["offline", "online", "offline"]


def test_a_silence_covers_only_whom_it_names():
    world = World(ops())
    world.silence(frozenset({Matcher(clients=("web-*",)), Matcher(groups=("rack-3",))}))
    world.goes("web-01")
    world.goes("db-01", groups=("rack-3",))
    world.goes("db-02", groups=("rack-4",))
    assert [d.client_id for d in world.kept.values()] == ["db-02"]


def test_a_silence_by_group_ends_for_its_members_after_a_restart_too():
    world = World(ops())
    world.silence(frozenset({Matcher(groups=("rack-3",))}))
    world.goes(groups=("rack-3",))
    world.restarted()
    world.silence(frozenset({Matcher(groups=("rack-3",))}))
    assert world.told() == []
    world.unsilence()
    assert world.told() == ["offline"]


def test_who_went_by_another_way_in_the_silence_is_not_said_to_be_back_when_it_ends():
    world = World(ops(reasons=("timeout",)), returns=False)
    world.goes(reason="timeout")
    world.silence()
    world.comes()
    world.goes(reason="left")
    world.unsilence()
    assert world.told() == ["offline"]
    world.comes()
    assert world.told() == ["offline", "online"]


def test_a_silence_reaches_many_in_portions_and_who_comes_in_between_is_not_lost():
    world = World(ops(delay=30))
    for number in range(3 * PORTION):
        world.goes(f"web-{number}")
    portions = world.outbox.silence(EVERYONE, world.now)
    world.keep(next(portions))
    world.comes(f"web-{3 * PORTION - 1}")
    for telling in portions:
        world.keep(telling)
    assert len(world.withdrawn) == 3 * PORTION
    world.unsilence()
    told = [d.client_id for d in world.kept.values() if d.key not in world.withdrawn]
    assert sorted(told) == sorted(f"web-{number}" for number in range(3 * PORTION - 1))


# --- reminders ----------------------------------------------------------------------------------


def test_of_a_long_outage_the_channel_is_reminded():
    world = World(ops(repeat_interval=3600))
    world.goes()
    for _ in range(10):
        world.passes(720)
    assert world.told() == ["offline", "reminder", "reminder"]
    world.comes()
    world.passes(7200)
    assert world.told() == ["offline", "reminder", "reminder", "online"]


def test_a_reminder_says_for_how_long_the_client_has_been_gone_by_now():
    world = World(ops(repeat_interval=3600))
    world.goes()
    world.passes(3600)
    notice = from_json("reminder", world.deliveries()[-1].notice)
    assert (notice.offline_since, notice.at, notice.gone) == (T0, T0 + 3600, 3601.0)


def test_a_reminder_that_was_not_sent_is_not_needed_after_the_next_nor_after_the_return():
    world = World(ops(repeat_interval=3600))
    world.goes()
    for _ in range(3):
        world.passes(3600)
    world.comes()
    reminders = [d.key for d in world.deliveries() if d.kind == "reminder"]
    assert world.superseded == reminders
    assert world.told()[-1] == "online"


def test_of_reminders_that_were_missed_one_is_enough():
    world = World(ops(repeat_interval=3600))
    world.goes()
    world.restarted()
    world.passes(36_000 + 10)
    world.passes(60)
    assert world.told() == ["offline", "reminder"]


def test_in_a_silence_nobody_is_reminded():
    world = World(ops(repeat_interval=60))
    world.goes()
    world.silence()
    world.passes(600)
    assert world.told() == ["offline"]


# --- conversations ------------------------------------------------------------------------------


def threads_of(world: World) -> list[tuple[str, str]]:
    return [(d.kind, from_json(d.kind, d.notice).thread) for d in world.deliveries()]


def test_all_that_is_told_of_one_outage_is_one_thread_and_another_outage_is_another():
    world = World(ops(repeat_interval=60))
    world.goes()
    first = world.deliveries()[0].key
    world.passes(60)
    world.restarted()
    world.comes()
    world.goes()
    second = world.deliveries()[-1].key
    assert first != second
    assert threads_of(world) == [
        ("offline", first),
        ("reminder", first),
        ("online", first),
        ("offline", second),
    ]


def test_what_a_channel_is_told_after_it_was_off_goes_on_with_the_thread_that_it_knows():
    world = World(ops())
    world.goes()
    first = world.deliveries()[0].key
    world.follow(ops(enabled=False))
    world.comes()
    world.passes(10)
    world.goes()
    world.follow(ops())
    world.comes()
    assert threads_of(world) == [("offline", first), ("offline", first), ("online", first)]


def test_an_outage_that_was_withdrawn_begins_no_thread():
    world = World(ops(delay=30))
    world.goes()
    world.silence()
    world.unsilence()
    second = world.deliveries()[-1].key
    world.passes(60)
    world.comes()
    assert threads_of(world) == [("offline", second), ("online", second)]


# --- the server itself --------------------------------------------------------------------------


def test_a_mass_loss_is_told_as_what_it_is_to_channels_that_hear_of_everyone():
    world = World(ops(), Channel(name="rack", groups=("rack-3",)))
    world.keep(world.outbox.mass_loss(MassLoss(T0, 60, 100, 60.0), "epoch", T0))
    [delivery] = world.kept.values()
    assert (delivery.channel, delivery.kind, delivery.client_id) == ("ops", "mass_loss", "")
    assert from_json("mass_loss", delivery.notice) == MassLoss(T0, 60, 100, 60.0)


def test_a_mass_loss_is_not_told_while_everyone_is_silenced():
    world = World(ops())
    world.silence(frozenset({Matcher(clients=("*",))}))
    world.keep(world.outbox.mass_loss(MassLoss(T0, 60, 100, 60.0), "epoch", T0))
    assert not world.kept


# --- channels come and go -----------------------------------------------------------------------


def test_a_channel_that_is_gone_forgets_where_it_stood():
    world = World(ops())
    world.goes()
    world.follow()
    assert not world.standings
    world.comes()
    assert world.told() == ["offline"]


def test_what_is_held_back_for_a_channel_that_is_gone_is_not_told_when_it_is_there_again():
    world = World(ops(delay=30))
    world.goes()
    world.passes(10)
    world.follow()
    world.comes()
    world.follow(ops(delay=30))
    world.passes(100)
    assert world.told() == []


def test_a_channel_that_is_off_is_told_nothing_and_of_what_is_so_when_it_is_on_again():
    world = World(ops())
    world.goes("told before")
    world.follow(ops(enabled=False))
    world.comes("told before")
    for client_id in ("gone", "brief"):
        world.goes(client_id)
    world.passes(600)
    world.comes("brief")
    world.restarted()
    world.unsilence()
    assert len(world.kept) == 1
    world.follow(ops())
    assert world.told(client_id="told before") == ["offline", "online"]
    assert world.told(client_id="gone") == ["offline"]
    assert world.told(client_id="brief") == []


def test_what_is_held_back_for_a_channel_that_is_turned_off_is_not_told():
    world = World(ops(delay=30))
    world.goes()
    world.passes(10)
    world.follow(ops(delay=30, enabled=False))
    world.comes()
    world.passes(100)
    world.follow(ops(delay=30))
    assert world.told() == []
    assert not world.standings


def test_a_silence_that_ends_has_nothing_told_by_a_channel_that_is_off():
    world = World(ops())
    world.silence()
    world.goes()
    world.follow(ops(enabled=False))
    world.unsilence()
    assert world.told() == []
    world.silence()
    world.follow(ops())
    assert world.told() == []
    world.unsilence()
    assert world.told() == ["offline"]


def test_by_a_channel_that_is_off_nobody_is_reminded_and_no_mass_loss_is_told():
    world = World(ops(repeat_interval=60))
    world.goes()
    world.follow(ops(repeat_interval=60, enabled=False))
    world.passes(600)
    world.keep(world.outbox.mass_loss(MassLoss(T0, 60, 100, 60.0), "epoch", T0))
    assert world.told() == ["offline"]
    assert len(world.kept) == 1


def test_a_forgotten_client_that_comes_again_is_new():
    world = World(ops())
    world.goes()
    world.keep(world.outbox.forget("web-01"))
    assert world.standings == {}
    world.comes()
    assert world.told() == ["offline"]


def test_who_is_forgotten_of_whom_nothing_is_known_has_nothing_written():
    world = World(ops())
    world.goes("web-02")
    assert world.outbox.forget("web-01") == Telling()
    assert len(world.outbox) == 1


def test_those_long_offline_are_forgotten():
    world = World(ops())
    world.goes("old")
    world.passes(1000)
    world.goes("young")
    world.outbox.forget_before(T0 + 500)
    assert len(world.outbox) == 1


# --- laws ---------------------------------------------------------------------------------------

steps = st.lists(
    st.one_of(
        st.tuples(st.just("turns"), st.sampled_from(["a", "b"])),
        st.tuples(st.just("passes"), st.sampled_from([1.0, 7.0, 20.0, 45.0, 200.0])),
        st.tuples(st.just("silence"), st.sampled_from([(), ("a",)])),
        st.tuples(st.just("unsilence"), st.none()),
        st.tuples(st.just("restart"), st.none()),
    ),
    max_size=60,
)

channels = st.builds(
    Channel,
    name=st.just("ops"),
    repeat_interval=st.sampled_from([0, 60]),
    delay=st.sampled_from([0, 10, 30]),
    flap_threshold=st.sampled_from([0, 3, 4]),
    flap_window=st.sampled_from([30, 60]),
)


@settings(max_examples=300)
@given(channels, steps, st.booleans())
def test_whatever_happens_a_channel_is_told_a_story_that_makes_sense_and_ends_true(
    channel, steps, returns
):
    world = World(channel, returns=returns)
    for step in steps:
        take(world, *step)
    world.unsilence()
    world.passes(1)
    for _ in range(3):  # whoever flapped is steady, and every delay is over
        world.passes(100)
    for client_id in ("a", "b"):
        assert_makes_sense(world, client_id)


def take(world: World, what: str, which) -> None:
    quiet = world.outbox.quiet
    match what:
        case "turns" if which in world.offline:
            world.comes(which)
        case "turns":
            world.goes(which)
        case "passes":
            world.passes(which)
        case "silence":
            world.silence(frozenset({Matcher(clients=which)}))
        case "unsilence":
            world.unsilence()
        case "restart":
            world.restarted()
            world.silence(quiet)


def assert_makes_sense(world: World, client_id: str) -> None:
    told = [d for d in world.deliveries(client_id=client_id) if d.kind != "reminder"]
    assert [d.due_at for d in told] == sorted(d.due_at for d in told)
    believed = "online"
    for delivery in told:
        if delivery.kind == "online":
            assert believed != "online", "a return is told only after an outage that was"
        believed = delivery.kind
    outages = [d.number for d in told if d.kind == "offline"]
    assert len(outages) == len(set(outages)), "an outage is told once"
    assert believed == ("offline" if client_id in world.offline else "online")


@settings(max_examples=200)
@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(0.1, 100)), max_size=20))
def test_of_outages_those_are_told_that_outlast_the_delay(outages):
    world = World(ops(delay=30))
    expected = []
    for gone, back in outages:
        world.goes()
        world.passes(gone)
        world.comes()
        world.passes(back)
        expected += ["offline", "online"] if gone >= 30 else []
    assert world.told() == expected
