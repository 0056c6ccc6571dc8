"""Bounds on connections: who is refused, in which words, and who still comes in."""

from collections.abc import Callable
from typing import Any

import pytest
from trio.testing import MockClock

from lastseen.server.links.connection_limits import ConnectionLimits
from lastseen.server.links.conversation import RETRY_WHEN_FULL
from lastseen.server.links.reception import SPEAKS_WITHIN
from lastseen.shared.messages import (
    ClientList,
    Diff,
    Error,
    GetSettings,
    List,
    Ping,
    Pong,
    Register,
    Registered,
    Settings,
    Watch,
)

House = Any
Peer = Any
Build = Callable[..., House]


def limits(connections: int, others: int, refused: int = 10) -> ConnectionLimits:
    return ConnectionLimits(connections, others, refused, 0, "server.max_connections")


def refusal_of(peer: Peer, code: str) -> str:
    """The sentence with which a peer was refused and sent away."""
    error, goodbye = peer.read()
    assert error.code == goodbye.reason == code
    assert error.retry_after == goodbye.retry_after
    assert RETRY_WHEN_FULL <= goodbye.retry_after <= 2 * RETRY_WHEN_FULL
    assert goodbye.reconnect
    assert peer.ended
    return str(error.message)


# --- all connections -----------------------------------------------------------------------------


def test_one_connection_too_many_is_refused_and_counted(house: House):
    house.limits = limits(2, 2)
    clients = [house.register(name) for name in "ab"]
    third = house.connect()
    house.settle()
    sentence = refusal_of(third, "too_many_connections")
    assert sentence == "the server has no room: 2 connections are open (server.max_connections)"
    assert house.presence.refusals.counts == {"too_many_connections": 1}
    for peer in clients:
        assert house.ask(peer, Ping()) == [Pong()]
    clients[0].hang_up()
    house.settle()
    assert isinstance(house.ask(house.connect(), Register("c"))[0], Registered)


def test_a_websocket_too_many_is_refused_by_http(house: House):
    house.limits = limits(1, 1)
    house.register("a")
    web = house.arrive()
    web.request()
    house.settle()
    answer = web.socket.recv(4096)
    assert answer.startswith(b"HTTP/1.1 429")
    assert b"retry-after" in answer.lower()
    assert b"too_many_connections: the server has no room: 1 connections are open" in answer


async def test_a_silent_connection_gives_way_to_a_new_one(
    living_house: House, mock_clock: MockClock
):
    living_house.limits = limits(2, 2)
    client, silent = living_house.register("a"), living_house.connect()
    early = living_house.connect()
    await living_house.rest()
    refusal_of(early, "too_many_connections")
    early.hang_up()
    await living_house.pass_time(mock_clock, SPEAKS_WITHIN)
    returned = living_house.connect()
    assert isinstance(living_house.ask(returned, Register("b"))[0], Registered)
    refusal_of(silent, "too_many_connections")
    assert living_house.ask(client, Ping()) == [Pong()]


def test_refused_peers_that_do_not_leave_are_closed_before_they_take_much_room(house: House):
    house.limits = limits(2, 2, refused=3)
    for name in "ab":
        house.register(name)
    crowd = [house.connect() for _ in range(50)]
    house.settle()
    for peer in crowd:
        refusal_of(peer, "too_many_connections")
    assert len(house.pump) == 2 + 3
    assert house.presence.refusals.counts == {"too_many_connections": 50}


# --- connections that register nobody ------------------------------------------------------------


@pytest.mark.parametrize("first", [Watch(), List(), GetSettings(), Ping()])
def test_where_too_many_observe_another_is_refused_and_a_client_comes_in(house: House, first: Any):
    house.limits = limits(10, 2)
    observers = [house.connect() for _ in range(2)]
    for peer in observers:
        house.ask(peer, first)
    third = house.connect()
    third.say(first)
    house.settle()
    sentence = refusal_of(third, "too_many_connections")
    assert "2 are open, and the rest is kept for clients (server.max_connections)" in sentence
    assert isinstance(house.ask(house.connect(), Register("a"))[0], Registered)
    assert isinstance(house.ask(observers[0], GetSettings())[-1], Settings)


def test_a_client_may_watch_and_ask_however_many_observe(house: House):
    house.limits = limits(10, 1)
    house.ask(house.connect(), Watch())
    client = house.register("a")
    assert isinstance(house.ask(client, Watch())[0], ClientList)
    assert isinstance(house.ask(client, GetSettings())[0], Settings)


def test_an_observer_that_goes_makes_room_for_another(house: House):
    house.limits = limits(10, 1)
    first = house.connect()
    house.ask(first, Watch())
    first.hang_up()
    house.settle()
    assert isinstance(house.ask(house.connect(), Watch())[0], ClientList)


# --- watchers ------------------------------------------------------------------------------------


def test_one_watcher_too_many_is_refused_and_its_connection_goes_on(build: Build):
    house = build(max_watchers=1)
    watcher, client = house.connect(), house.register("a")
    house.ask(watcher, Watch())
    (error,) = house.ask(client, Watch(request_id=7))
    assert isinstance(error, Error)
    assert (error.code, error.request_id) == ("too_many_watchers", 7)
    assert error.message == ("the server has no room for another watcher: server.max_watchers is 1")
    assert error.retry_after is not None
    assert house.ask(client, Ping()) == [Pong()]
    assert house.presence.refusals.counts == {"too_many_watchers": 1}


def test_a_watcher_may_watch_anew_where_no_other_may(build: Build):
    house = build(max_watchers=1)
    watcher = house.connect()
    house.ask(watcher, Watch())
    epoch, revision = house.presence.epoch, house.presence.journal.revision
    answers = house.ask(watcher, Watch(epoch=epoch, revision=revision))
    assert answers == [Diff(epoch, revision)]


# --- sessions of one client ----------------------------------------------------------------------


def test_one_session_too_many_of_a_client_is_refused(build: Build):
    house = build(duplicate="share", max_sessions_per_client=2)
    tabs = [house.register("ann", instance=i) for i in ("i1", "i2")]
    third = house.connect()
    third.say(Register("ann", instance="i3"))
    house.settle()
    sentence = refusal_of(third, "too_many_sessions")
    assert sentence == "client_id 'ann' has 2 sessions, server.max_sessions_per_client is 2"
    assert house.presence.registry.record("ann").sessions == 2
    again = house.connect()  # the same tab, over a new connection
    assert isinstance(house.ask(again, Register("ann", instance="i1"))[0], Registered)
    tabs[1].hang_up()
    house.settle()
    assert isinstance(house.ask(house.connect(), Register("ann", instance="i3"))[0], Registered)


def test_further_sessions_take_no_room_that_is_kept_for_clients(build: Build):
    house = build(duplicate="share")
    house.limits = limits(10, 1)
    for instance in ("i1", "i2"):
        house.register("ann", instance=instance)
    third = house.connect()
    third.say(Register("ann", instance="i3"))
    house.settle()
    assert "kept for clients that have none" in refusal_of(third, "too_many_connections")
    assert isinstance(house.ask(house.connect(), Register("bob"))[0], Registered)
