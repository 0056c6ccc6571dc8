"""What presence says comes back from the store as it was."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lastseen.server.keeping.translation import (
    client_uptime,
    event_of,
    event_record,
    known_client,
    offline,
    remembered,
)
from lastseen.server.presence.model import Transition
from lastseen.server.store.model import ClientUptime, Event, Uptime
from lastseen.shared.address import format_address
from lastseen.shared.messages import ClientRecord

WHEN = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)

hosts = st.sampled_from(["", "127.0.0.1", "::1", "fe80::1%eth0", "web-01.example", "\udc80"])
records = st.builds(
    ClientRecord,
    client_id=st.text(min_size=1),
    status=st.just("late"),
    reason=st.just("closed"),
    since=st.just(WHEN),
    last_seen=st.just(WHEN),
    name=st.text(),
    hostname=st.text(),
    groups=st.lists(st.text(min_size=1), max_size=3).map(tuple),
    meta=st.dictionaries(st.text(min_size=1), st.one_of(st.integers(), st.text(), st.none())),
    availability=st.sampled_from(["available", "away", "busy"]),
    note=st.text(),
    via=st.sampled_from(["tcp", "websocket", "http", "lan"]),
    address=st.builds(
        lambda host, port: format_address(host, port) if host else "", hosts, st.integers(0, 65535)
    ),
    timeout=st.sampled_from([None, 90.0]),
)


@given(records)
def test_a_client_comes_back_as_it_was(record):
    assert remembered(known_client(record), "late") == record


def test_a_transition_comes_back_as_history_tells_it():
    record = ClientRecord("a", "offline", "timeout", WHEN, WHEN)
    transition = Transition("a", "late", "offline", "timeout", 2e9, 7.0, "[::1]:4000", 1.9e9)
    event = event_of(transition, record, "epoch", 7)
    assert (event.number, event.client_id) == (7, "a")
    told = event_record(event)
    assert (told.before, told.after, told.reason) == ("late", "offline", "timeout")
    assert (told.at.timestamp(), told.deadline.timestamp()) == (2e9, 1.9e9)
    assert (told.last_seen, told.epoch, told.address) == (WHEN, "epoch", "[::1]:4000")


def test_one_that_is_offline_is_told_with_why_and_since_when_as_far_as_that_is_known():
    known = known_client(ClientRecord("a", "online", "registered", WHEN, WHEN))
    left = Event("a", "online", "offline", "left", 2e9, 2e9, None, "epoch", "")
    told = offline(known, left)
    assert (told.status, told.reason, told.since.timestamp()) == ("offline", "left", 2e9)
    for last in (None, replace(left, after="late")):  # its event is forgotten, or still to come
        told = offline(known, last)
        assert (told.status, told.reason, told.since) == ("offline", "closed", WHEN)


def test_an_uptime_is_told_window_by_window():
    told = client_uptime(ClientUptime("a", (Uptime(10.0, 8.0, 4.0), Uptime(20.0, 0.0, 0.0))))
    assert told.client_id == "a"
    assert [(w.window, w.watched, w.online) for w in told.windows] == [(10, 8, 4), (20, 0, 0)]


@pytest.mark.parametrize("address", ["", "10.0.0.1:4000", "[::1]:4000"])
def test_no_address_is_invented(address):
    record = ClientRecord("a", "late", "closed", WHEN, WHEN, address=address)
    assert remembered(known_client(record), "late").address == address
