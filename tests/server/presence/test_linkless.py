"""Clients that send signs of life and hold no link: alone, beside links, and after a restart."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from lastseen.server.presence.admission import RegistrationRefused
from lastseen.server.presence.linkless import Beat
from lastseen.server.presence.model import Registration
from lastseen.shared.messages import ClientRecord, Goodbye, Register

Worlds = Callable[..., Any]


class Recorded:
    """A recorder that keeps what it was told."""

    def __init__(self) -> None:
        self.changes: list[ClientRecord] = []
        self.transitions: list[str] = []

    def transition(self, transition: Any, record: ClientRecord) -> None:
        self.transitions.append(f"{transition.before} -> {record.status}: {record.reason}")

    def change(self, record: ClientRecord) -> None:
        self.changes.append(record)

    def stalled(self, now: Any) -> None: ...

    def mass_loss(self, silent: int, present: int, hold: float, now: Any) -> None: ...


@pytest.fixture
def recorded(world: Any) -> Recorded:
    world.presence.recorder = Recorded()
    return world.presence.recorder


def beat(world: Any, client_id: str = "job", timeout: float = 90, **fields: Any) -> bool:
    fields = {"via": "http", "address": "10.0.0.7:4000"} | fields
    return world.presence.beat(Beat(client_id, timeout=timeout, **fields), world.now)


def record(world: Any, client_id: str = "job") -> ClientRecord:
    return world.presence.registry.record(client_id)


# --- alone ------------------------------------------------------------------------------------


def test_the_first_beat_registers_and_later_ones_keep_the_client_online(world, recorded):
    assert beat(world, name="Backup", groups=("jobs",), meta={"rack": 7}) is True
    found = record(world)
    assert (found.status, found.reason, found.via) == ("online", "registered", "http")
    assert (found.name, found.groups, found.meta) == ("Backup", ("jobs",), {"rack": 7})
    assert (found.timeout, found.sessions, found.address) == (90, 0, "10.0.0.7:4000")
    for _ in range(5):
        world.wait(60)
        assert beat(world) is False
        assert world.reap() == []
    assert recorded.transitions == ["offline -> online: registered"]
    assert world.presence.counts.beats == 6


def test_with_a_timeout_alone_it_is_online_until_that_ends_and_then_offline(world, recorded):
    beat(world, timeout=90_000)
    world.wait(89_999)
    assert world.reap() == []
    assert world.status("job") == "online"
    world.wait(1)
    assert world.reap() == ["job"]
    assert recorded.transitions == [
        "offline -> online: registered",
        "online -> offline: timeout",
    ]


def test_with_every_it_is_late_after_that_then_offline_and_a_beat_brings_it_back(world, recorded):
    beat(world, timeout=20, every=15)
    assert (record(world).every, record(world).timeout) == (15, 20)
    world.wait(15)
    assert world.reap() == []
    assert world.status("job") == "late"
    beat(world, timeout=20, every=15)
    world.wait(20)
    assert world.reap() == ["job"]
    assert beat(world, timeout=20, every=15) is True
    assert recorded.transitions == [
        "offline -> online: registered",
        "online -> late: silent",
        "late -> online: returned",
        "online -> late: silent",
        "late -> offline: timeout",
        "offline -> online: returned",
    ]


def test_limits_are_rounded_up_to_whole_seconds(world):
    beat(world, timeout=19.01, every=8.5)
    assert (record(world).timeout, record(world).every) == (20, 9)


def test_in_a_mass_loss_one_with_a_timeout_alone_is_late_while_it_is_held(new_world, new_link):
    world = new_world(mass_loss_min=1)
    world.presence.recorder = recorded = Recorded()
    watcher = new_link()
    world.watch(watcher)
    beat(world, timeout=20)
    world.tell()
    world.wait(20)
    assert world.reap() == []
    assert world.status("job") == "late"
    world.tell()
    assert watcher.diffs[-1].updates == [record(world)]
    world.wait(60)
    assert world.reap() == ["job"]
    assert recorded.transitions[1:] == ["online -> late: silent", "late -> offline: timeout"]


def test_punctual_jobs_keep_no_loss_of_others_back(world, recorded):
    for number in range(12):
        beat(world, f"job-{number}", timeout=90_000)
    world.wait(80_000)
    killed, *_ = [world.register(f"web-{number}") for number in range(5)]
    world.presence.broke(killed, world.now)
    world.wait(5)
    assert world.reap() == ["web-0"]
    assert recorded.transitions[-1] == "late -> offline: closed"


@pytest.mark.parametrize("every", [None, 15])
def test_stalls_do_not_hide_a_dead_job(world, every):
    beat(world, timeout=20, every=every)
    awake = 0
    while world.reap() == []:
        world.wait(13)
        awake += 13
        world.stall(9)
        assert awake < 60
    # Its timeout and one grace are 25 s awake. Up to 1.25 s of each stall may count as awake.
    assert awake == 26


def test_a_stall_of_the_server_is_nobody_s_silence(world):
    beat(world, timeout=20)
    world.stall(1000)
    world.wait(10)
    assert world.reap() == []
    assert world.status("job") == "online"


def test_goodbye_ends_it_at_once_and_only_by_its_own_way(world, recorded):
    beat(world)
    assert world.presence.leave_linkless("job", "lan", world.now) is False
    assert world.presence.leave_linkless("job", "http", world.now) is True
    assert world.presence.leave_linkless("job", "http", world.now) is False
    assert recorded.transitions[1:] == ["online -> offline: left"]


def test_a_full_server_takes_no_new_one(new_world: Worlds):
    world = new_world(max_clients=1)
    beat(world)
    with pytest.raises(RegistrationRefused, match="server is full"):
        beat(world, "other")
    assert (world.presence.counts.refused, world.presence.counts.beats) == (1, 1)
    assert beat(world) is False


# --- what a beat says -------------------------------------------------------------------------


def test_what_a_beat_says_is_told_once_and_what_it_leaves_out_stays(world, recorded, new_link):
    link = new_link()
    world.watch(link)
    beat(world, name="Backup", groups=("jobs",), hostname="h", meta={"a": 1})
    for changes in ({}, {"name": "Backup"}, {"meta": {"a": 1}}, {"address": "10.0.0.7:4001"}):
        beat(world, **changes)
    world.tell()
    assert recorded.changes == []
    assert len(link.diffs) == 1
    assert record(world).address == "10.0.0.7:4001"
    beat(world, name="", groups=(), hostname="", meta={})
    world.tell()
    [changed] = recorded.changes
    assert (changed.name, changed.groups, changed.hostname, changed.meta) == ("", (), "", {})
    assert link.diffs[-1].updates == [changed]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "b"},
        {"hostname": "b"},
        {"groups": ("b",)},
        {"meta": {"b": 1}},
        {"timeout": 91},
        {"every": 60},
        {"address": "10.0.0.8:4000"},
        {"address": "[::1]:4000"},
        {"via": "lan"},
    ],
)
def test_each_thing_that_is_new_is_told(world, recorded, changes):
    beat(world, name="a", hostname="a", groups=("a",), meta={"a": 1})
    beat(world, **changes)
    assert len(recorded.changes) == 1
    told = recorded.changes[0]
    assert {name: getattr(told, name) for name in changes} == changes


def test_a_member_may_be_away(world, recorded):
    say = world.presence.set_linkless_availability
    assert say("job", "lan", "away", "") is False
    beat(world, via="lan")
    assert say("job", "lan", "away", "at lunch") is True
    assert say("job", "lan", "away", "at lunch") is False
    beat(world, via="lan")
    [told] = recorded.changes
    assert (told.availability, told.note) == ("away", "at lunch")


# --- beside links -----------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", ["replace", "reject", "share"])
@pytest.mark.parametrize("link_first", [True, False])
def test_links_and_beats_of_one_id_stand_beside_each_other(
    new_world: Worlds, new_link, duplicate, link_first
):
    world, link = new_world(duplicate=duplicate), new_link()
    if link_first:
        world.register("job", "i1", link)
        beat(world, instance="i2")
    else:
        beat(world, instance="i2")
        world.register("job", "i1", link)
    assert link.goodbyes == []
    assert len(world.presence.registry.sessions_of("job")) == 2
    assert (record(world).status, record(world).sessions) == ("online", 1)


def test_a_client_is_online_while_a_beat_or_a_link_is_fresh(world, recorded):
    session = world.register("job")
    beat(world, timeout=1000)
    world.wait(200)
    assert world.reap() == ["job"]  # the link's session, that is
    assert world.status("job") == "online"
    session = world.register("job")
    world.presence.leave_linkless("job", "http", world.now)
    assert world.status("job") == "online"
    world.presence.leave(session, world.now)
    assert recorded.transitions == [
        "offline -> online: registered",
        "online -> offline: left",
    ]


def test_while_a_link_stands_what_it_said_counts(world, recorded):
    session = world.register("job", name="Daemon", groups=("d",))
    world.presence.set_availability(session, "busy", "working")
    del recorded.changes[:]
    before = record(world)
    beat(world, name="Script", groups=("s",))
    assert world.presence.set_linkless_availability("job", "http", "away", "") is False
    assert record(world) == before
    assert recorded.changes == []
    world.presence.leave(session, world.now)
    assert record(world).name == "Daemon"
    beat(world, name="Script")
    _, told = recorded.changes
    assert (told.name, told.groups, told.via, told.timeout) == ("Script", ("d",), "http", 90)
    assert (told.availability, told.note) == ("available", "")


def test_via_address_and_timeout_are_those_of_the_session_that_keeps_it_online(
    world, recorded, new_link
):
    watcher = new_link()
    world.watch(watcher)
    session = world.register("job", name="Daemon")
    beat(world, timeout=1000, every=900)
    assert (record(world).via, record(world).timeout, record(world).every) == ("tcp", None, None)
    del recorded.changes[:]
    world.tell()
    world.presence.broke(session, world.now)
    shown = record(world)
    assert (shown.status, shown.via, shown.address) == ("online", "http", "10.0.0.7:4000")
    assert (shown.timeout, shown.every, shown.name) == (1000, 900, "Daemon")
    assert recorded.changes == [shown]
    world.tell()
    assert watcher.diffs[-1].updates == [shown]
    assert world.presence.registry.census.ways == {"http": {"online": 1, "late": 0}}
    world.register("job", name="Daemon")
    assert (record(world).via, record(world).timeout, record(world).every) == ("tcp", None, None)


def test_a_link_that_is_only_silent_is_not_shown_while_a_beat_keeps_the_client_online(
    world, recorded
):
    session = world.register("job")
    world.wait(80)
    beat(world, timeout=1000)
    world.wait(10)
    assert world.reap() == []
    assert (record(world).status, record(world).via) == ("online", "http")
    assert recorded.changes == [record(world)]
    world.presence.heard(session, world.now)
    assert record(world).via == "tcp"
    assert recorded.changes[-1] == record(world)


def test_of_several_links_the_one_that_keeps_the_client_online_is_shown(
    new_world: Worlds, new_link
):
    world = new_world(duplicate="share")
    world.register("job", "i1")
    registry = world.presence.registry
    message = Register("job", instance="i2")
    registration = Registration(message, "websocket", "10.0.0.9:1")
    newer = registry.register(registration, new_link(), world.now)
    assert (record(world).via, record(world).address) == ("websocket", "10.0.0.9:1")
    world.presence.broke(newer.session, world.now)
    assert (record(world).via, record(world).address) == ("tcp", "127.0.0.1:3")


def test_a_client_that_is_offline_is_shown_as_its_last_session_left_it(world):
    beat(world)
    session = world.register("job")
    world.presence.leave_linkless("job", "http", world.now)
    world.presence.leave(session, world.now)
    assert (record(world).status, record(world).via) == ("offline", "tcp")


def test_a_link_describes_the_client_anew(world):
    beat(world, name="Script")
    world.register("job", name="Daemon")
    found = record(world)
    assert (found.name, found.via, found.timeout) == ("Daemon", "tcp", None)


def test_of_two_ways_without_a_link_the_one_that_came_last_describes(world, recorded):
    beat(world, name="Script")
    beat(world, name="Member", via="lan", timeout=180)
    beat(world, name="Script")
    found = record(world)
    assert (found.name, found.via, found.timeout) == ("Member", "lan", 180)
    assert len(recorded.changes) == 1
    world.presence.leave_linkless("job", "lan", world.now)
    beat(world, name="Script")
    assert record(world).name == "Script"


def test_a_process_that_could_only_beat_takes_over_from_itself_when_it_has_a_link(world):
    beat(world, instance="i1")
    session = world.register("job", "i1")
    assert world.presence.registry.sessions_of("job") == (session,)


# --- kicking ----------------------------------------------------------------------------------


def test_who_is_kicked_loses_all_sessions_in_one_transition(new_world: Worlds, new_link):
    world = new_world(duplicate="share")
    world.presence.recorder = recorded = Recorded()
    links = [new_link(), new_link()]
    world.register("job", "i1", links[0])
    late = world.register("job", "i2", links[1])
    beat(world)
    world.presence.broke(late, world.now)
    assert world.presence.kick("job", world.now) is True
    assert links[0].goodbyes == [Goodbye("kicked", reconnect=False)]
    assert links[1].goodbyes == []
    assert recorded.transitions[-1] == "online -> offline: kicked"
    assert world.presence.transitions == {"registered": 1, "kicked": 1}
    assert len(world.presence.registry.detector) == 0
    assert world.presence.kick("job", world.now) is False


def test_who_was_kicked_may_come_again(world):
    beat(world)
    world.presence.kick("job", world.now)
    assert beat(world) is True
    assert record(world).reason == "returned"


# --- whom to probe ----------------------------------------------------------------------------


def test_the_quiet_of_one_way_are_named_until_they_are_heard(world):
    beat(world, "lan:a", via="lan", timeout=180)
    beat(world, "job", timeout=20)
    world.wait(89)
    assert world.presence.quiet("lan", world.now) == []
    world.wait(1)
    assert world.presence.quiet("lan", world.now) == ["lan:a"]
    beat(world, "lan:a", via="lan", timeout=180)
    assert world.presence.quiet("lan", world.now) == []


# --- after a restart --------------------------------------------------------------------------


def of_the_run_before(
    world: Any,
    via: str = "http",
    timeout: float | None = 300,
    every: float | None = None,
    silence: float = 0.0,
) -> None:
    when = datetime(2026, 1, 2, tzinfo=UTC)
    known = ClientRecord("job", "late", "closed", when, when, name="Backup", timeout=timeout)
    world.presence.restore([replace(known, via=via, every=every)], {"job": silence})


def test_one_that_is_on_time_is_online_after_a_restart_until_its_timeout_and_the_grace(
    world, recorded
):
    of_the_run_before(world, silence=100)
    assert world.status("job") == "online"
    assert world.presence.registry.counts == {"online": 1, "late": 0}
    world.wait(204)
    assert world.reap() == []
    world.wait(1)
    assert world.reap() == ["job"]
    assert recorded.transitions == ["online -> offline: timeout"]


def test_one_that_was_to_come_before_the_restart_is_late_after_it(world, recorded):
    of_the_run_before(world, every=60, silence=100)
    found = record(world)
    assert (found.status, found.reason, found.every) == ("late", "closed", 60)
    assert beat(world) is False
    assert recorded.transitions == ["late -> online: returned"]


def test_its_next_beat_finds_it_as_it_was(world, recorded):
    of_the_run_before(world)
    assert beat(world) is False
    assert recorded.transitions == []
    assert record(world).name == "Backup"


def test_its_goodbye_is_understood(world):
    of_the_run_before(world, via="lan")
    assert world.presence.leave_linkless("job", "lan", world.now) is True
    assert world.status("job") == "offline"


@pytest.mark.parametrize(("via", "timeout"), [("tcp", None), ("lan", 180)])
def test_a_beat_of_another_way_takes_over_from_the_run_before(world, via, timeout):
    of_the_run_before(world, via=via, timeout=timeout)
    assert beat(world) is True
    assert len(world.presence.registry.sessions_of("job")) == 1


def test_a_link_takes_over_from_the_run_before(world):
    of_the_run_before(world)
    session = world.register("job")
    assert world.presence.registry.sessions_of("job") == (session,)


def test_one_that_came_back_is_of_this_run_and_makes_way_only_for_itself(world):
    of_the_run_before(world)
    beat(world, instance="i2")
    beat(world, via="lan")
    world.register("job", "i1")
    assert len(world.presence.registry.sessions_of("job")) == 3
    world.register("job", "i2")
    vias = [getattr(s, "via", "tcp") for s in world.presence.registry.sessions_of("job")]
    assert vias == ["lan", "tcp"]
