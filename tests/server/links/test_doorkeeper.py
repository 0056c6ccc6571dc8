"""Who may come in, and who has to do something by when: pure, so `now` is any number we like."""

from dataclasses import dataclass

import pytest

from lastseen.server.links.doorkeeper import HELLO_DEADLINE, LEAVE_DEADLINE, Doorkeeper

IDLE_TIMEOUT = 120.0
MANY = 10**6


@dataclass(frozen=True, eq=False)
class Visitor:
    address: str = "192.0.2.7:40000"


@pytest.fixture
def doorkeeper() -> Doorkeeper:
    return Doorkeeper()


def due(doorkeeper: Doorkeeper, now: float) -> dict[str, list[Visitor]]:
    """The groups that are due at all."""
    found = doorkeeper.due(now, IDLE_TIMEOUT)
    groups = {name: getattr(found, name) for name in ("strangers", "observers", "leaving")}
    return {name: members for name, members in groups.items() if members}


def test_a_stranger_has_ten_seconds_to_say_something(doorkeeper: Doorkeeper):
    assert HELLO_DEADLINE == 10
    visitor = Visitor()
    doorkeeper.arrived(visitor, 100.0)
    assert due(doorkeeper, 109.9) == {}
    assert due(doorkeeper, 110.0) == {"strangers": [visitor]}


def test_one_who_said_something_may_then_be_silent_as_long_as_a_client(doorkeeper: Doorkeeper):
    visitor = Visitor()
    doorkeeper.arrived(visitor, 100.0)
    doorkeeper.heard(visitor, 109.0, MANY)
    assert due(doorkeeper, 109.0 + IDLE_TIMEOUT - 0.1) == {}
    assert due(doorkeeper, 109.0 + IDLE_TIMEOUT) == {"observers": [visitor]}


def test_whatever_an_observer_says_gives_it_more_time_and_nobody_else(doorkeeper: Doorkeeper):
    first, second = Visitor(), Visitor()
    for visitor in (first, second):
        doorkeeper.arrived(visitor, 0.0)
        doorkeeper.heard(visitor, 0.0, MANY)
    doorkeeper.heard(first, 60.0, MANY)
    assert due(doorkeeper, IDLE_TIMEOUT) == {"observers": [second]}
    assert due(doorkeeper, 60.0 + IDLE_TIMEOUT) == {"observers": [second, first]}


def test_the_idle_timeout_that_holds_is_the_one_of_the_moment(doorkeeper: Doorkeeper):
    visitor = Visitor()
    doorkeeper.arrived(visitor, 0.0)
    doorkeeper.heard(visitor, 0.0, MANY)
    assert doorkeeper.due(50.0, 60.0).observers == []
    assert doorkeeper.due(50.0, 40.0).observers == [visitor]


def test_a_client_and_a_watcher_have_no_deadline(doorkeeper: Doorkeeper):
    stranger, observer = Visitor(), Visitor()
    for visitor in (stranger, observer):
        doorkeeper.arrived(visitor, 0.0)
    doorkeeper.heard(observer, 1.0, MANY)
    doorkeeper.registered(stranger, shares=False)
    doorkeeper.watches(observer)
    assert due(doorkeeper, 1e6) == {}


def test_a_watcher_that_says_something_stays_a_watcher(doorkeeper: Doorkeeper):
    visitor = Visitor()
    doorkeeper.arrived(visitor, 0.0)
    doorkeeper.heard(visitor, 1.0, MANY)
    doorkeeper.watches(visitor)
    doorkeeper.heard(visitor, 2.0, MANY)
    assert due(doorkeeper, 1e6) == {}


def test_one_who_was_dismissed_has_two_seconds_to_leave(doorkeeper: Doorkeeper):
    assert LEAVE_DEADLINE == 2
    visitor = Visitor()
    doorkeeper.arrived(visitor, 0.0)
    doorkeeper.leaving(visitor, 5.0)
    assert due(doorkeeper, 6.9) == {}
    assert due(doorkeeper, 7.0) == {"leaving": [visitor]}
    assert due(doorkeeper, 1e6) == {"leaving": [visitor]}  # and is no stranger any more


def test_one_who_is_gone_is_due_no_more(doorkeeper: Doorkeeper):
    stranger, observer, leaver = Visitor(), Visitor(), Visitor()
    for visitor in (stranger, observer, leaver):
        doorkeeper.arrived(visitor, 0.0)
    doorkeeper.heard(observer, 0.0, MANY)
    doorkeeper.leaving(leaver, 0.0)
    for visitor in (stranger, observer, leaver):
        doorkeeper.gone(visitor)
    assert due(doorkeeper, 1e6) == {}


def test_without_a_limit_there_is_always_room(doorkeeper: Doorkeeper):
    for _ in range(1000):
        doorkeeper.arrived(Visitor(), 0.0)
    assert doorkeeper.has_room(Visitor().address, 0)


def test_an_address_has_room_up_to_its_limit_and_again_when_one_goes(doorkeeper: Doorkeeper):
    first, second = Visitor("192.0.2.7:1"), Visitor("192.0.2.7:2")
    doorkeeper.arrived(first, 0.0)
    assert doorkeeper.has_room("192.0.2.7:3", 2)
    doorkeeper.arrived(second, 0.0)
    assert not doorkeeper.has_room("192.0.2.7:3", 2)
    assert doorkeeper.has_room("192.0.2.8:3", 2)
    doorkeeper.gone(first)
    assert doorkeeper.has_room("192.0.2.7:3", 2)


def test_an_ipv6_address_is_told_from_its_port(doorkeeper: Doorkeeper):
    doorkeeper.arrived(Visitor("[2001:db8::1]:40000"), 0.0)
    assert not doorkeeper.has_room("[2001:db8::1]:40001", 1)
    assert doorkeeper.has_room("[2001:db8::2]:40000", 1)


def test_connections_that_register_nobody_are_counted_whatever_they_do(doorkeeper: Doorkeeper):
    stranger, observer, watcher, client, tab, leaver = visitors = [Visitor() for _ in range(6)]
    for visitor in visitors:
        doorkeeper.arrived(visitor, 0.0)
    assert (len(doorkeeper), doorkeeper.staying, doorkeeper.others) == (6, 6, 0)
    for visitor in (observer, watcher, leaver):
        doorkeeper.heard(visitor, 0.0, MANY)
    doorkeeper.watches(watcher)
    doorkeeper.registered(client, shares=False)
    doorkeeper.registered(tab, shares=True)
    doorkeeper.leaving(leaver, 0.0)
    assert (len(doorkeeper), doorkeeper.staying, doorkeeper.others) == (6, 5, 3)
    doorkeeper.registered(watcher, shares=False)
    assert doorkeeper.others == 2
    for visitor in visitors:
        doorkeeper.gone(visitor)
    assert (len(doorkeeper), doorkeeper.staying, doorkeeper.others) == (0, 0, 0)
    assert stranger not in doorkeeper.first_stranger(1e6, 0.0)


def test_where_too_many_observe_a_stranger_may_not_and_observers_stay(doorkeeper: Doorkeeper):
    first, second = Visitor(), Visitor()
    for visitor in (first, second):
        doorkeeper.arrived(visitor, 0.0)
    assert doorkeeper.heard(first, 1.0, 1)
    assert not doorkeeper.heard(second, 1.0, 1)
    assert doorkeeper.heard(first, 2.0, 1)
    assert due(doorkeeper, 10.0) == {"strangers": [second]}


def test_the_first_stranger_is_found_once_it_has_been_silent_for_long(doorkeeper: Doorkeeper):
    first, second = Visitor(), Visitor()
    assert doorkeeper.first_stranger(0.0, 1.0) == []
    doorkeeper.arrived(first, 0.0)
    doorkeeper.arrived(second, 0.5)
    assert doorkeeper.first_stranger(0.9, 1.0) == []
    assert doorkeeper.first_stranger(9.0, 1.0) == [first]
    doorkeeper.registered(first, shares=False)
    assert doorkeeper.first_stranger(9.0, 1.0) == [second]


def test_of_those_dismissed_the_first_is_found(doorkeeper: Doorkeeper):
    first, second = Visitor(), Visitor()
    for visitor in (first, second):
        doorkeeper.arrived(visitor, 0.0)
    assert doorkeeper.first_leaving() == []
    doorkeeper.leaving(second, 1.0)
    doorkeeper.leaving(first, 2.0)
    assert doorkeeper.first_leaving() == [second]
