"""What is drawn, counted and listed in other orders, in both databases."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from lastseen.server.store import viewing
from lastseen.server.store.filtering import Filter
from lastseen.server.store.timelines import Span
from lastseen.server.store.viewing import Viewing

NOW = 1_800_000_000.0
EVERYONE = Filter(None, None)

NAMES = st.text(st.sampled_from("aAbBzZ_é\u00dc\uff5e\U0001f600 9"), max_size=4)


def small(name):
    return "".join(c.lower() if c.isascii() else c for c in name)


def in_order(store, order, limit, wanted=EVERYONE):
    """Everyone, page by page."""
    found, after = [], None
    while True:
        page, last = Viewing(store.database).in_order(order, after, limit, wanted)
        found += page
        if last is None:
            return found
        went_by = small(last.name) if order == "name" else -last.last_seen
        after = (went_by, last.client_id)


@settings(max_examples=30)
@given(
    clients=st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(NAMES, st.integers(0, 3))),
    limit=st.integers(1, 4),
)
def test_every_order_is_that_of_python(store, known, clients, limit):
    with store.database.writing() as connection:
        connection.execute(text("DELETE FROM clients"))
    store.upsert_many(
        [known(c, name=name, last_seen=NOW + age + 0.123456) for c, (name, age) in clients.items()]
    )
    by_name = [c.client_id for c in in_order(store, "name", limit)]
    assert by_name == sorted(clients, key=lambda c: (small(clients[c][0]), c))
    by_time = [c.client_id for c in in_order(store, "last_seen", limit)]
    assert by_time == sorted(clients, key=lambda c: (-clients[c][1], c))


@pytest.mark.parametrize("order", ["name", "last_seen"])
def test_a_filter_looks_at_a_bounded_number_at_a_time(store, known, order, monkeypatch):
    monkeypatch.setattr(viewing, "LOOKED_AT", 3)
    store.upsert_many([known(f"c{n}", groups=("odd",) * (n % 2)) for n in range(10)])
    found = in_order(store, order, 2, Filter("odd", None))
    assert [c.client_id for c in found] == ["c1", "c3", "c5", "c7", "c9"]


def test_those_who_are_offline_are_counted_by_their_groups(store, known, event):
    clients = [
        known("a", groups=("x", "y")),
        known("b", groups=("x", "y")),
        known("c", groups=()),
        known("d"),
    ]
    store.upsert_many(clients)
    store.record([event("d", number=1, after="online", before="offline")], [known("d")])
    assert Viewing(store.database).offline() == {("x", "y"): 2, (): 1}


def test_timelines_are_drawn_of_those_who_are_known(store, known, event):
    store.begin_run("e", NOW - 50, 0.0)
    store.beat("e", NOW - 10, 0.0)
    came = event("a", number=1, at=NOW - 40, before="offline", after="online")
    store.record([came], [known("a", first_seen=NOW - 40)])
    drawn = Viewing(store.database).timelines(
        {"a": "online", "nobody": "offline"}, NOW - 100, NOW, "e"
    )
    assert drawn.spans == {"a": [Span(NOW - 40, NOW, "online")], "nobody": []}
    assert drawn.unwatched == [(NOW - 100, NOW - 50)]  # the run that is awake goes on until now
    other = Viewing(store.database).timelines({}, NOW - 100, NOW, "another run")
    assert other.unwatched == [(NOW - 100, NOW - 50), (NOW - 10, NOW)]


def test_of_very_many_events_the_latest_are_drawn(store, known, event, monkeypatch):
    monkeypatch.setattr(viewing, "DRAWN", 4)
    statuses = ["offline", "online"]
    store.record(
        [
            event("a", number=n, at=NOW - 50 + n, before=statuses[n % 2 - 1], after=statuses[n % 2])
            for n in range(1, 21)
        ],
        [known("a", first_seen=NOW - 99)],
    )
    spans = Viewing(store.database).timelines({"a": "online"}, NOW - 100, NOW, "e").spans["a"]
    assert spans[0].since == NOW - 50 + 17
    assert len(spans) == 4
