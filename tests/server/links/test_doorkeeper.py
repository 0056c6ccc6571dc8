"""Who may come in, and who has to do something by when: pure, so `now` is any number we like."""

from dataclasses import dataclass

import pytest

from lastseen.server.links.doorkeeper import HELLO_DEADLINE, LEAVE_DEADLINE, Doorkeeper

IDLE_TIMEOUT = 120.0


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
    doorkeeper.heard(visitor, 109.0)
    assert due(doorkeeper, 109.0 + IDLE_TIMEOUT - 0.1) == {}
    assert due(doorkeeper, 109.0 + IDLE_TIMEOUT) == {"observers": [visitor]}


def test_whatever_an_observer_says_gives_it_more_time_and_nobody_else(doorkeeper: Doorkeeper):
    first, second = Visitor(), Visitor()
    for visitor in (first, second):
        doorkeeper.arrived(visitor, 0.0)
        doorkeeper.heard(visitor, 0.0)
    doorkeeper.heard(first, 60.0)
    assert due(doorkeeper, IDLE_TIMEOUT) == {"observers": [second]}
    assert due(doorkeeper, 60.0 + IDLE_TIMEOUT) == {"observers": [second, first]}


def test_the_idle_timeout_that_holds_is_the_one_of_the_moment(doorkeeper: Doorkeeper):
    visitor = Visitor()
    doorkeeper.arrived(visitor, 0.0)
    doorkeeper.heard(visitor, 0.0)
    assert doorkeeper.due(50.0, 60.0).observers == []
    assert doorkeeper.due(50.0, 40.0).observers == [visitor]


def test_one_who_is_excused_has_no_deadline(doorkeeper: Doorkeeper):
    stranger, observer = Visitor(), Visitor()
    for visitor in (stranger, observer):
        doorkeeper.arrived(visitor, 0.0)
    doorkeeper.heard(observer, 1.0)
    doorkeeper.excused(stranger)
    doorkeeper.excused(observer)
    assert due(doorkeeper, 1e6) == {}


def test_a_watcher_that_says_something_stays_excused(doorkeeper: Doorkeeper):
    visitor = Visitor()
    doorkeeper.arrived(visitor, 0.0)
    doorkeeper.heard(visitor, 1.0)
    doorkeeper.excused(visitor)
    doorkeeper.heard(visitor, 2.0)
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
    doorkeeper.heard(observer, 0.0)
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
