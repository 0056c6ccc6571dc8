"""What each message does on one link, whether the sender may, and what one who may not is told."""

import gc
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from trio.testing import MockClock

from lastseen.server.links.connection import Connection
from lastseen.server.links.conversation import ASKED_AT_ONCE, RETRY_WHEN_FULL, Conversation
from lastseen.server.links.reception import Reception
from lastseen.shared.framing import frame
from lastseen.shared.messages import (
    ClientList,
    Diff,
    Error,
    Forget,
    GetHistory,
    GetSettings,
    GetSilences,
    GetStats,
    Goodbye,
    Leave,
    List,
    Ping,
    Pong,
    Register,
    Registered,
    Retry,
    SetAvailability,
    Settings,
    Stats,
    Unsilence,
    Unsilenced,
    UpdateSettings,
    Watch,
)
from lastseen.shared.wire import PING_FRAME, pack, to_frame

House = Any
Build = Callable[..., House]

HTTP = b"GET / HTTP/1.1\r\nHost: example\r\n\r\n"
TLS = bytes.fromhex("16030100c8010000c40303") + bytes(200)

REQUESTS = [List(request_id=5), Watch(request_id=5), GetSettings(request_id=5)]
REQUESTS += [GetStats(request_id=5), UpdateSettings(30, request_id=5)]


def present(house: House) -> list[str]:
    return [record.client_id for record in house.presence.list(List()).clients]


# --- pings and signs of life ---------------------------------------------------------------------


def test_ping_is_answered_with_pong_in_order(house: House):
    peer = house.connect()
    said = [Ping(), GetSettings(request_id=1), Ping(), Ping(), List(request_id=2), Ping()]
    answers = house.ask(peer, *said)
    assert [type(a) for a in answers] == [Pong, Settings, Pong, Pong, ClientList, Pong]


def test_pings_are_counted(house: House):
    peer = house.register("web-01")
    house.ask(peer, Ping(), Ping())
    (stats,) = house.ask(peer, GetStats())
    assert stats.pings == 2


@pytest.mark.parametrize(
    "data",
    [
        PING_FRAME,
        to_frame(List()),
        to_frame(GetSettings()),
        to_frame(GetStats()),
        to_frame(Watch()),
        to_frame(SetAvailability("away")),
        to_frame(UpdateSettings(0)),
        to_frame(Register("web-01")),
        frame(pack({"type": "dance"})),
        frame(pack({"type": "list", "limit": "many"})),
    ],
)
async def test_any_message_counts_as_a_sign_of_life(
    living_house: House, mock_clock: MockClock, data: bytes
):
    peer = living_house.register("web-01")
    await living_house.pass_time(mock_clock, 89)
    peer.say_bytes(data)
    await living_house.pass_time(mock_clock, 5)
    assert living_house.status("web-01") == "online"


async def test_part_of_a_message_is_no_sign_of_life(living_house: House, mock_clock: MockClock):
    peer = living_house.register("web-01")
    await living_house.pass_time(mock_clock, 89)
    peer.say_bytes(PING_FRAME[:-1])
    await living_house.pass_time(mock_clock, 5)
    living_house.presence.publish()
    assert living_house.status("web-01") == "late"
    peer.say_bytes(PING_FRAME[-1:])
    await living_house.rest()
    assert living_house.status("web-01") == "online"


# --- registering ---------------------------------------------------------------------------------


def test_registering_makes_a_client_present_and_tells_it_the_interval(build: Build):
    house = build(heartbeat_interval=30, connection_timeout=90)
    peer = house.connect(("192.0.2.9", 4000))
    (answer,) = house.ask(peer, Register("web-01", name="Web", groups=("rack-3",), request_id=9))
    assert isinstance(answer, Registered)
    assert answer.client_id == "web-01"
    assert answer.request_id == 9
    assert (answer.heartbeat_interval, answer.connection_timeout) == (30, 90)
    assert answer.epoch == house.presence.epoch
    record = house.presence.registry.record("web-01")
    assert (record.status, record.name, record.groups) == ("online", "Web", ("rack-3",))
    assert (record.address, record.via, record.sessions) == ("192.0.2.9:4000", "tcp", 1)


def test_each_session_has_a_name_of_its_own(house: House):
    first = house.register("web-01")
    house.ask(first, Leave())
    second = house.register("web-01")
    assert first.heard[0].session != second.heard[0].session


def test_a_second_register_on_one_link_is_refused_and_the_session_goes_on(house: House):
    peer = house.register("web-01")
    error, pong = house.ask(peer, Register("web-02", request_id=3), Ping())
    assert (error.code, error.request_id) == ("already_registered", 3)
    assert "'web-01'" in error.message
    assert pong == Pong()
    assert present(house) == ["web-01"]


def test_another_version_of_the_protocol_is_refused_for_good(house: House):
    peer = house.connect()
    error, goodbye = house.ask(peer, Register("web-01", protocol=7, request_id=3))
    assert (error.code, error.request_id) == ("unsupported_protocol", 3)
    assert error.message == "register: protocol: expected 1, got 7"
    assert goodbye == Goodbye("unsupported_protocol", reconnect=False)
    assert peer.ended
    assert present(house) == []


def test_a_full_server_refuses_one_more_and_says_when_to_try_again(build: Build):
    house = build(max_clients=2)
    house.register("web-01")
    second = house.register("web-02")
    third = house.connect()
    error, goodbye = house.ask(third, Register("web-03", request_id=3))
    assert (error.code, error.request_id) == ("server_full", 3)
    assert "2 clients" in error.message
    assert "server.max_clients" in error.message
    assert error.retry_after == goodbye.retry_after
    assert RETRY_WHEN_FULL <= goodbye.retry_after <= 2 * RETRY_WHEN_FULL
    assert (goodbye.reason, goodbye.reconnect) == ("server_full", True)
    assert third.ended
    assert house.ask(second, Ping()) == [Pong()]
    house.ask(second, Leave())
    assert isinstance(house.register("web-03").heard[0], Registered)


def test_observers_are_no_matter_of_max_clients(build: Build):
    house = build(max_clients=1)
    house.register("web-01")
    (page,) = house.ask(house.connect(), List())
    assert [record.client_id for record in page.clients] == ["web-01"]


def test_the_same_instance_takes_over_silently_and_its_old_link_ends(house: House):
    old = house.register("web-01", instance="i1")
    transitions = dict(house.presence.transitions)
    new = house.register("web-01", instance="i1")
    assert isinstance(new.heard[0], Registered)
    assert old.goodbye.reason == "replaced"
    assert old.ended
    assert dict(house.presence.transitions) == transitions
    assert house.presence.registry.record("web-01").sessions == 1


def test_another_instance_replaces_the_old_one_which_is_told_not_to_come_back(house: House):
    old = house.register("web-01", instance="i1")
    new = house.register("web-01", instance="i2", hostname="rack-7")
    assert (old.goodbye.reason, old.goodbye.reconnect) == ("replaced", False)
    assert old.goodbye.message.startswith(
        f"another instance at {house.presence.registry.record('web-01').address} (host 'rack-7') "
        "took over client_id 'web-01': give each process a client_id of its own"
    )
    assert isinstance(new.heard[0], Registered)
    assert house.presence.transitions["replaced"] == 1


def test_another_instance_is_refused_for_good_where_the_server_rejects_it(build: Build):
    house = build(duplicate="reject")
    old = house.register("web-01", instance="i1")
    new = house.connect()
    error, goodbye = house.ask(new, Register("web-01", instance="i2", request_id=3))
    assert (error.code, error.request_id) == ("duplicate_client", 3)
    assert "'web-01'" in error.message
    assert goodbye == Goodbye("duplicate_client", reconnect=False)
    assert house.ask(old, Ping()) == [Pong()]


def test_instances_share_a_client_where_the_server_lets_them(build: Build):
    house = build(duplicate="share")
    first, second = (house.register("web-01", instance=i) for i in ("i1", "i2"))
    assert house.presence.registry.record("web-01").sessions == 2
    house.ask(first, Leave())
    assert house.status("web-01") == "online"
    house.ask(second, Leave())
    assert house.status("web-01") == "offline"


@pytest.mark.parametrize("ending", ["hang up", "leave", "words"])
def test_a_late_word_about_an_old_session_never_changes_a_newer_one(house: House, ending: str):
    old = house.register("web-01", instance="i1")
    if ending == "words":  # sent before it knew that it had been replaced
        old.say(SetAvailability("busy"), Ping())
    elif ending == "leave":
        old.say(Leave())
    new = house.connect()
    new.say(Register("web-01", instance="i1"))
    house.settle()
    old.hang_up()
    house.settle()
    record = house.presence.registry.record("web-01")
    assert (record.status, record.sessions) == ("online", 1)
    assert house.ask(new, Ping())[-1:] == [Pong()]


# --- leaving -------------------------------------------------------------------------------------


def test_who_leaves_is_offline_at_once_and_is_not_asked_to_come_back(house: House):
    peer = house.register("web-01")
    assert house.ask(peer, Leave(), Ping()) == [Goodbye("left", reconnect=False)]
    assert peer.ended
    assert (house.status("web-01"), house.reason("web-01")) == ("offline", "left")


def test_an_observer_may_leave_too(house: House):
    peer = house.connect()
    assert house.ask(peer, Leave()) == [Goodbye("left", reconnect=False)]
    assert peer.ended


def test_a_link_that_breaks_makes_its_client_late(house: House):
    house.register("web-01").hang_up()
    house.settle()
    assert (house.status("web-01"), house.reason("web-01")) == ("late", "closed")
    assert house.presence.registry.record("web-01").sessions == 0


# --- availability --------------------------------------------------------------------------------


def test_what_a_client_says_of_itself_is_shown(house: House):
    peer = house.register("web-01")
    assert house.ask(peer, SetAvailability("busy", "in a call")) == []
    record = house.presence.registry.record("web-01")
    assert (record.availability, record.note) == ("busy", "in a call")


def test_who_is_not_registered_has_no_availability(house: House):
    peer = house.connect()
    error, pong = house.ask(peer, SetAvailability("busy", request_id=3), Ping())
    assert (error.code, error.request_id) == ("not_registered", 3)
    assert "register" in error.message
    assert pong == Pong()


# --- observers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("request_", REQUESTS)
def test_an_observer_is_answered_without_registering_and_is_not_present(
    house: House, request_: Any
):
    house.register("web-01")
    answer = house.ask(house.connect(), request_)[-1]
    assert not isinstance(answer, Error | Goodbye)
    assert answer.request_id == 5
    assert present(house) == ["web-01"]


def test_a_list_shows_what_was_asked_for(house: House):
    for number in range(5):
        house.register(f"web-{number}", groups=("even",) if number % 2 == 0 else ())
    observer = house.connect()
    (page,) = house.ask(observer, List(group="even", limit=2))
    assert [record.client_id for record in page.clients] == ["web-0", "web-2"]
    (page,) = house.ask(observer, List(group="even", limit=2, after=page.after))
    assert [record.client_id for record in page.clients] == ["web-4"]
    assert page.after is None


async def test_a_watcher_is_sent_a_snapshot_and_then_what_changes(
    living_house: House, mock_clock: MockClock
):
    living_house.register("web-01")
    watcher = living_house.connect()
    snapshot, *more = living_house.ask(watcher, Watch(request_id=5))
    assert [record.client_id for record in snapshot.clients] == ["web-01"]
    assert (snapshot.request_id, snapshot.after, more) == (5, None, [])
    living_house.register("web-02")
    await living_house.pass_time(mock_clock, 0.1)
    (diff,) = watcher.read()
    assert isinstance(diff, Diff)
    assert diff.revision == snapshot.revision + 1
    assert [record.client_id for record in diff.joins] == ["web-02"]


@pytest.mark.parametrize("ending", ["hang up", "leave", "dismissed"])
def test_a_watcher_whose_link_ends_watches_no_more(house: House, ending: str):
    watcher = house.register("web-01", instance="i1")
    house.ask(watcher, Watch())
    assert len(house.presence.watchers) == 1
    if ending == "hang up":
        watcher.hang_up()
        house.settle()
    elif ending == "leave":
        house.ask(watcher, Leave())
    else:
        house.register("web-01", instance="i2")
    assert len(house.presence.watchers) == 0


async def test_a_watcher_that_returns_is_sent_what_it_missed_even_in_one_segment_with_others(
    living_house: House,
    mock_clock: MockClock,
):
    first = living_house.connect()
    (snapshot,) = living_house.ask(first, Watch())
    first.hang_up()
    for number in range(3):
        living_house.register(f"web-{number}")
        await living_house.pass_time(mock_clock, 0.1)
    epoch, revision = snapshot.epoch, snapshot.revision
    again = living_house.connect()
    ping, start, *diffs = living_house.ask(again, Ping(), Watch(epoch, revision, request_id=5))
    assert ping == Pong()
    assert start == Diff(epoch, revision, request_id=5)
    assert [diff.joins[0].client_id for diff in diffs] == ["web-0", "web-1", "web-2"]


async def test_a_snapshot_of_many_pages_is_whole_and_gives_others_their_turn(living_house: House):
    for number in range(400):
        living_house.register(f"web-{number:03}", name="x" * 128, hostname="y" * 255)
    watcher, other = living_house.connect(), living_house.connect()
    watcher.say(Watch(request_id=5))
    shown: list[str] = []
    turns = 0
    while living_house.busy:
        other.say(Ping())
        living_house.pump.turn()
        turns += 1
        assert other.read() == [Pong()]
        pages = watcher.read()
        assert len(pages) <= 1
        shown += [record.client_id for page in pages for record in page.clients]
        if pages and pages[-1].after is None:
            break
    assert turns >= 3
    assert shown == [f"web-{number:03}" for number in range(400)]


# --- settings ------------------------------------------------------------------------------------


def test_settings_that_do_not_fit_are_refused_and_change_nothing(house: House):
    peer = house.connect()
    (before,) = house.ask(peer, GetSettings())
    for wish, field, value in [
        (UpdateSettings(heartbeat_interval=1, request_id=5), "heartbeat_interval", "1"),
        (UpdateSettings(heartbeat_interval=601, request_id=5), "heartbeat_interval", "601"),
        (UpdateSettings(heartbeat_interval=-3, request_id=5), "heartbeat_interval", "-3"),
        (UpdateSettings(connection_timeout=60, request_id=5), "connection_timeout", "60"),
        (UpdateSettings(100, 90, request_id=5), "connection_timeout", "90"),
        (UpdateSettings(connection_timeout=1e9, request_id=5), "connection_timeout", "1"),
    ]:
        (error,) = house.ask(peer, wish)
        assert (error.code, error.request_id) == ("bad_settings", 5)
        assert field in error.message
        assert f"got {value}" in error.message
        assert "expected" in error.message
    assert house.ask(peer, GetSettings()) == [before]


def test_settings_are_changed_by_their_dotted_keys_and_taken_back(house: House):
    peer = house.connect()
    (changed,) = house.ask(peer, UpdateSettings(values={"server.connection_timeout": 200}))
    assert changed.connection_timeout == 200
    (changed,) = house.ask(peer, UpdateSettings(30, values={"connection_timeout": None}))
    assert (changed.heartbeat_interval, changed.connection_timeout) == (30, 120)
    (changed,) = house.ask(peer, UpdateSettings(connection_timeout=100, reset=True))
    assert (changed.heartbeat_interval, changed.connection_timeout) == (60, 100)
    (refused,) = house.ask(peer, UpdateSettings(values={"server.port": 1}, request_id=5))
    assert (refused.code, refused.request_id) == ("bad_settings", 5)


def test_settings_that_fit_hold_at_once_also_for_who_registers_later(house: House):
    (answer,) = house.ask(house.connect(), UpdateSettings(30, request_id=5))
    assert (answer.heartbeat_interval, answer.connection_timeout) == (30, 120)
    assert answer.request_id == 5
    assert house.register("web-01").heard[0].heartbeat_interval == 30
    assert house.presence.policy.heartbeat_interval == 30


async def test_changed_settings_are_pushed_to_every_session(living_house: House):
    clients = [living_house.register(f"web-{number}") for number in range(200)]
    observer, steerer = living_house.connect(), living_house.connect()
    living_house.ask(observer, GetSettings())
    for client in clients:
        client.read()
    living_house.ask(steerer, UpdateSettings(30))
    await living_house.rest()
    for client in clients:
        (pushed,) = client.read()
        assert isinstance(pushed, Settings)
        assert (pushed.heartbeat_interval, pushed.request_id) == (30, None)
    assert observer.read() == []


async def test_a_client_that_changes_the_settings_is_answered_once(living_house: House):
    client = living_house.register("web-01")
    client.read()
    (answer,) = living_house.ask(client, UpdateSettings(30, request_id=5))
    await living_house.rest()
    assert client.read() == []
    assert answer.heartbeat_interval == 30


async def test_a_client_whose_change_is_overtaken_is_told_of_the_later_one(living_house: House):
    first, second = living_house.register("web-01"), living_house.register("web-02")
    for client in (first, second):
        client.read()
    living_house.ask(first, UpdateSettings(30))
    living_house.ask(second, UpdateSettings(40))
    await living_house.rest()
    assert [settings.heartbeat_interval for settings in first.read()] == [40]
    assert second.read() == []


async def test_refused_or_unchanged_settings_are_pushed_to_nobody(living_house: House):
    client, steerer = living_house.register("web-01"), living_house.connect()
    client.read()
    living_house.ask(steerer, UpdateSettings(1), UpdateSettings(60), UpdateSettings())
    await living_house.rest()
    assert client.read() == []


def test_stats_tell_how_the_server_is(house: House):
    house.register("web-01")
    house.register("web-02").hang_up()
    house.settle()
    (stats,) = house.ask(house.connect(), GetStats(request_id=5))
    assert isinstance(stats, Stats)
    assert (stats.online, stats.late, stats.connections, stats.request_id) == (1, 1, 2, 5)
    assert stats.transitions == {"registered": 2, "closed": 1}


# --- what is not understood ----------------------------------------------------------------------


def test_an_unknown_type_is_answered_by_error_and_the_session_goes_on(house: House):
    peer = house.register("web-01")
    peer.read()
    peer.say_bytes(frame(pack({"type": "dance", "request_id": 5})) + PING_FRAME)
    house.settle()
    error, pong = peer.read()
    assert (error.code, error.request_id) == ("unknown_type", 5)
    assert "'dance'" in error.message
    assert pong == Pong()
    assert house.status("web-01") == "online"


@pytest.mark.parametrize(
    ("message", "field", "value"),
    [
        ({"type": "register", "client_id": ""}, "client_id", "''"),
        ({"type": "register", "client_id": "a\nb"}, "client_id", r"'a\nb'"),
        ({"type": "list", "limit": 1001}, "limit", "1001"),
        ({"type": "set_availability", "availability": "asleep"}, "availability", "'asleep'"),
        ({"type": "update_settings", "heartbeat_interval": "fast"}, "heartbeat_interval", "'fast'"),
        ({"kind": "ping"}, "type", "none"),
    ],
)
def test_a_bad_field_is_answered_by_an_error_that_names_it_and_the_session_goes_on(
    house: House, message: dict[str, object], field: str, value: str
):
    peer = house.connect()
    peer.say_bytes(frame(pack(message | {"request_id": 5})) + PING_FRAME)
    house.settle()
    error, pong = peer.read()
    assert (error.code, error.request_id) == ("bad_message", 5)
    for part in (field, "expected", value):
        assert part in error.message
    assert pong == Pong()


def test_a_field_that_a_later_version_may_have_is_ignored(house: House):
    peer = house.connect()
    peer.say_bytes(frame(pack({"type": "register", "client_id": "web-01", "colour": "red"})))
    house.settle()
    assert isinstance(peer.read()[0], Registered)


@pytest.mark.parametrize("registered", [False, True])
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (HTTP, "frame_too_long"),
        (TLS, "frame_too_long"),
        (frame(b"\xc1\xc1\xc1"), "unreadable"),
        (frame(b""), "unreadable"),
        (frame(pack("ping")), "unreadable"),
    ],
)
def test_what_is_not_our_protocol_ends_its_link_alone_with_an_error_and_goodbye(
    house: House, data: bytes, code: str, registered: bool
):
    well = house.register("web-01")
    peer = house.register("web-02") if registered else house.connect()
    peer.read()
    peer.say_bytes(data + PING_FRAME)
    house.settle()
    error, goodbye = peer.read()
    assert error.code == code
    assert error.message
    assert goodbye == Goodbye(code, reconnect=False)
    assert peer.ended
    assert house.ask(well, Ping())[-1] == Pong()
    if registered:
        assert (house.status("web-02"), house.reason("web-02")) == ("late", "closed")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # a new house each time
@given(data=st.binary(max_size=3000), registered=st.booleans())
def test_whatever_bytes_come_other_links_do_not_notice(build: Build, data: bytes, registered: bool):
    house = build()
    well = house.register("web-01")
    peer = house.register("web-02") if registered else house.connect()
    well.read()
    peer.say_bytes(data)
    house.settle([peer])
    peer.read()
    ends = [message for message in peer.heard if isinstance(message, Goodbye)]
    assert peer.ended == bool(ends)
    if ends:
        assert ends == [peer.heard[-1]]
        assert (peer.heard[-2].code, ends[0].reconnect) == (ends[0].reason, False)
        assert peer.heard[-2].message
    assert house.ask(well, Ping()) == [Pong()]
    assert house.status("web-01") == "online"
    house.demolish()


def test_a_stranger_may_send_4_kib_at_once_and_a_registered_client_64(house: House):
    def padded(size: int) -> bytes:
        bare = len(pack({"type": "ping", "x": b"\0" * 300}))  # a `bin 16` from 256 bytes on
        payload = pack({"type": "ping", "x": b"\0" * (300 + size - bare)})
        assert len(payload) == size
        return frame(payload)

    stranger, client = house.connect(), house.register("web-01")
    client.read()
    for peer, size in ((stranger, 4096), (client, 65535)):
        peer.say_bytes(padded(size))
        house.settle()
        assert peer.read() == [Pong()]
    stranger.say_bytes(padded(4097))
    client.say_bytes((65537).to_bytes(4, "big"))  # not a byte of it is waited for
    house.settle()
    for peer, sizes in ((stranger, ("4097", "4096")), (client, ("65537", "65536"))):
        error, goodbye = peer.read()
        assert error.code == goodbye.reason == "frame_too_long"
        assert all(size in error.message for size in sizes)


def test_a_register_and_what_follows_may_come_in_one_segment(house: House):
    peer = house.connect()
    long = frame(pack({"type": "ping", "x": "y" * 5000}))
    peer.say_bytes(to_frame(Register("web-01")) + long)
    house.settle()
    registered, pong = peer.read()
    assert isinstance(registered, Registered)
    assert pong == Pong()


# --- floods --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        to_frame(List(request_id=1)),
        to_frame(Watch(request_id=1)),
        to_frame(GetStats(request_id=1)),
        to_frame(UpdateSettings(60, request_id=1)),
        frame(pack({"type": "dance"})),
        frame(b"\x80"),
    ],
)
def test_a_flood_of_what_costs_much_gives_others_their_turn(house: House, data: bytes):
    flood, other = house.connect(), house.connect()
    flood.say_bytes(data * 100)
    for _ in range(100):
        other.say(Ping())
        house.pump.turn()
        assert len(flood.read()) <= 1
        assert other.read() == [Pong()]
    house.settle()
    assert len(flood.heard) == 100


def test_a_client_that_pings_and_never_reads_is_closed_as_slow_and_by_the_rules_late(house: House):
    deaf, other = house.register("deaf"), house.register("web-01")
    for _ in range(100):
        deaf.say_bytes(PING_FRAME * 1000)
        house.settle()
        assert house.ask(other, Ping())[-1] == Pong()
        if house.status("deaf") != "online":
            break
    assert (house.status("deaf"), house.reason("deaf")) == ("late", "closed")
    assert house.presence.counts.slow_closes == 1
    house.settle([deaf])
    assert deaf.goodbye == Goodbye("slow", reconnect=True)


async def test_a_client_that_asks_and_never_reads_costs_bounded_memory_and_is_given_up_on(
    living_house: House, mock_clock: MockClock
):
    for number in range(200):
        living_house.register(f"web-{number:03}", name="x" * 128).hang_up()
    deaf = living_house.register("deaf")
    deaf.say(*[List(status="all")] * 500)  # some 50 KB each
    await living_house.rest()
    (connection,) = living_house.pump
    (connection,) = living_house.pump
    assert len(connection._unsent or b"") < 64 * 1024
    assert len(deaf.socket.recv(1 << 20, socket.MSG_PEEK)) < 512 * 1024
    await living_house.pass_time(mock_clock, 120 + 10 + 60 + 1)  # held, as most are silent
    assert (living_house.status("deaf"), living_house.reason("deaf")) == ("offline", "timeout")


# --- who may -------------------------------------------------------------------------------------


def test_who_lacks_the_role_is_refused_and_the_session_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    from lastseen.server.links.frames import FrameProtocol
    from lastseen.server.permissions import Principal

    guest = Principal("guest", frozenset({"observer"}))
    monkeypatch.setattr(FrameProtocol, "principal", guest)
    peer = house.connect()
    refused, page, pong = house.ask(peer, UpdateSettings(30, request_id=5), List(), Ping())
    assert (refused.code, refused.request_id) == ("forbidden", 5)
    assert "'admin'" in refused.message
    assert "observer" in refused.message
    assert isinstance(page, ClientList)
    assert pong == Pong()
    assert house.presence.policy.heartbeat_interval == 60


# --- questions that the store answers -------------------------------------------------------------


class SlowAsker:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.open: list[Any] = []

    def ask(self, question: Any, reply: Any, wanted: Any) -> None:
        self.open.append((question, reply, wanted))

    def answer(self) -> None:
        question, reply, _ = self.open.pop(0)
        reply(Unsilenced(question.id, request_id=question.request_id))


@pytest.fixture
def asker(house: House) -> SlowAsker:
    """Who answers the house's questions about notifications."""
    asker = SlowAsker()
    desk = structs.replace(house.desk, telling=asker)
    house.reception = Reception(house.pump, desk)
    return asker


def test_a_question_about_notifications_is_answered_when_it_is(house: House, asker: SlowAsker):
    peer = house.connect()
    assert house.ask(peer, Unsilence(7, request_id=5), Ping()) == [Pong()]
    asker.answer()
    assert peer.read() == [Unsilenced(7, request_id=5)]


def test_a_link_has_a_bounded_number_of_questions_open(house: House, asker: SlowAsker):
    peer = house.connect()
    refusals = house.ask(peer, *[Unsilence(n, request_id=n) for n in range(ASKED_AT_ONCE + 1)])
    assert [(e.code, e.request_id) for e in refusals] == [("busy", ASKED_AT_ONCE)]
    asker.answer()
    assert house.ask(peer, Unsilence(99)) == []  # there is room for one again
    assert len(asker.open) == ASKED_AT_ONCE


def test_a_question_is_no_longer_wanted_when_its_link_is_gone(house: House, asker: SlowAsker):
    peer = house.connect()
    house.ask(peer, Unsilence(7))
    (_, _, wanted) = asker.open[0]
    assert wanted()
    peer.hang_up()
    house.settle()
    assert not wanted()


@pytest.mark.parametrize(
    "question",
    [
        GetHistory("a", request_id=5),
        Forget("a", request_id=5),
        GetSilences(request_id=5),
        Retry(1, request_id=5),
    ],
)
def test_a_server_that_remembers_nothing_says_so(house: House, question: Any):
    (error,) = house.ask(house.connect(), question)
    assert (error.code, error.request_id) == ("no_store", 5)


@pytest.mark.parametrize("end", ["hang up", "goodbye", "crash"])
def test_a_link_that_is_gone_leaves_nothing_for_the_garbage_collector(house: Any, end: str):
    def links() -> int:
        return sum(isinstance(found, Connection | Conversation) for found in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = links()
        peers = [house.register("a"), house.browse(), house.browse()]
        house.ask(peers[1], Register("b"))
        house.ask(peers[2], Watch())
        assert links() == before + 6
        for link in list(house.pump):
            if end == "goodbye":
                link.dismiss(Goodbye("idle", reconnect=True))
            elif end == "crash":
                link.crashed()
        del link
        for peer in peers:
            peer.hang_up()
        house.settle()
        assert links() == before
    finally:
        gc.enable()


# --- connections that are cut when idle ----------------------------------------------------------


async def cut_when_idle(
    house: House, clock: MockClock, silence: float, times: int, instance: str = "i"
) -> None:
    """A client registers, is silent, loses its connection and is back, again and again."""
    for number in range(times):
        peer = house.register("web-01", instance=instance.format(number))
        await house.pass_time(clock, silence)
        peer.hang_up()
        house.settle()
    house.register("web-01", instance=instance.format(times))


async def test_connections_that_are_cut_after_the_same_silence_are_reported_once(
    living_house: House, mock_clock: MockClock, capsys: pytest.CaptureFixture[str]
):
    await cut_when_idle(living_house, mock_clock, 7.0, times=5)
    found = living_house.desk.idle_cuts.found(60.0)
    assert (found.after, found.ends, found.client_id) == (7.0, 5, "web-01")
    assert capsys.readouterr().err.count("idle connections are cut") == 1


async def test_processes_that_end_after_the_same_time_are_no_cut(
    living_house: House, mock_clock: MockClock
):
    await cut_when_idle(living_house, mock_clock, 7.0, times=5, instance="i{}")
    assert living_house.desk.idle_cuts.found(60.0) is None


async def test_clients_that_leave_after_the_same_time_are_no_cut(
    living_house: House, mock_clock: MockClock
):
    for _ in range(5):
        peer = living_house.register("web-01")
        await living_house.pass_time(mock_clock, 7.0)
        living_house.ask(peer, Leave())
        peer.hang_up()
        living_house.settle()
    assert living_house.desk.idle_cuts.found(60.0) is None


async def test_a_websocket_is_idle_since_its_last_frame_of_any_kind(
    living_house: House, mock_clock: MockClock
):
    for _ in range(4):
        peer = living_house.browse()
        living_house.ask(peer, Register("page-1", instance="i", page=True))
        await living_house.pass_time(mock_clock, 5.0)
        peer.answer()
        living_house.settle()
        await living_house.pass_time(mock_clock, 7.0)
        peer.hang_up()
        living_house.settle()
    assert living_house.desk.idle_cuts.found(60.0).after == 7.0
