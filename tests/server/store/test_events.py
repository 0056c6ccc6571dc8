"""Recording and reading history, in both databases."""

import pytest
from sqlalchemy.exc import StatementError

from lastseen.server.store.model import Event

NOW = 1_800_000_000.0


def test_an_event_comes_back_as_it_was_recorded_with_an_id(store, known):
    event = Event(
        "web-01",
        "late",
        "offline",
        "timeout",
        NOW + 0.5,
        NOW - 120.25,
        NOW - 0.000001,
        "run-1",
        "a:1",
    )
    store.record([event], [known()])
    [found] = store.history("web-01")
    assert found.id > 0
    assert found == Event(*[getattr(event, f) for f in event.__struct_fields__[:-2]], id=found.id)


def test_history_tells_the_newest_first_and_pages_by_id(store, event):
    store.record([event("web-01", "online", at=NOW + n) for n in range(5)])
    first = store.history("web-01", limit=2)
    rest = store.history("web-01", before_id=first[-1].id)
    assert [e.at - NOW for e in first + rest] == [4, 3, 2, 1, 0]


def test_history_keeps_the_order_of_recording_when_the_clock_is_set_back(store, event):
    store.record([event("web-01", "online", at=NOW), event("web-01", "offline", at=NOW - 3600)])
    assert [e.after for e in store.history("web-01")] == ["offline", "online"]


def test_history_since_a_moment_leaves_out_what_was_before(store, event):
    store.record([event("web-01", "online", at=NOW + n) for n in range(5)])
    assert [e.at - NOW for e in store.history("web-01", since=NOW + 3)] == [4, 3]


def test_history_is_of_one_client(store, event):
    store.record([event("web-01", "online"), event("web-02", "online")])
    assert [e.client_id for e in store.history("web-02")] == ["web-02"]


def test_an_event_of_one_epoch_and_number_is_kept_once(store, event):
    batch = [event("web-01", "online", number=1), event("web-01", "offline", number=2)]
    store.record(batch)
    store.record([*batch, event("web-01", "online", number=3)])
    assert [e.number for e in store.history("web-01")] == [3, 2, 1]


def test_the_same_number_of_another_epoch_is_another_event(store, event):
    store.record([event("web-01", "online", number=1, epoch=epoch) for epoch in "12"])
    assert store.counts().events == 2


def test_events_without_a_number_are_all_kept(store, event):
    store.record([event("web-01", "online")] * 2)
    assert store.counts().events == 2


def test_recording_writes_the_clients_with_their_events(store, known, event):
    store.record([event("web-01", "online")], [known()])
    assert store.find_by_id("web-01") == known()


def test_recording_is_all_or_nothing(store, known, event):
    broken = event("web-01", "offline", at=float("nan"))
    with pytest.raises(StatementError):
        store.record([event("web-01", "online")] * 1_500 + [broken], [known()])
    assert store.counts() == type(store.counts())(0, 0, 0)


def test_more_events_than_one_statement_takes_keep_their_order(store, event):
    store.record([event("web-01", "online", at=NOW + n) for n in range(2_500)])
    found = store.history("web-01", limit=2_500)
    assert [e.at - NOW for e in reversed(found)] == list(range(2_500))


def test_the_last_event_of_each_of_some_clients(store, known, event):
    events = [
        event("a", "online"),
        event("b", "online"),
        event("a", "offline"),
        event("c", "online"),
    ]
    store.record(events, [known(name) for name in "abcd"])
    found = store.last_events(["a", "b", "d", "nobody"])
    assert {name: e.after for name, e in found.items()} == {"a": "offline", "b": "online"}


def test_old_events_are_forgotten_the_oldest_first_and_no_more_than_the_limit(store, event):
    store.record([event("web-01", "online", at=NOW + n) for n in range(5)])
    assert store.forget_events_before(NOW + 3, limit=2) == 2
    assert store.forget_events_before(NOW + 3, limit=2) == 1
    assert [e.at - NOW for e in store.history("web-01")] == [4, 3]


def test_an_id_is_never_used_again(store, event):
    store.record([event("web-01", "online")])
    [before] = store.history("web-01")
    store.forget_events_before(NOW + 1)
    store.record([event("web-01", "online")])
    assert store.history("web-01")[0].id > before.id
