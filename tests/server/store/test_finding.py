"""Finding clients page by page, in both databases."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from lastseen.server.store.finding import LOOKED_AT

NOW = 1_800_000_000.0

# Unlike a locale's order: case, accents, and characters beyond U+FFFF (which UTF-16 sorts earlier).
IDS = st.text(st.sampled_from("aAbBzZ_-~é\uff5e\U0001f600 .9"), min_size=1, max_size=4)


def ids(page):
    return [client.client_id for client in page.items]


def all_pages(find, **arguments):
    found, after = [], None
    while True:
        page = find(after=after, **arguments)
        found.append(ids(page))
        after = page.after
        if after is None:
            return found
        assert len(found) < 100, "pages without end"


@settings(max_examples=30)
@given(names=st.sets(IDS, max_size=12), limit=st.integers(1, 5))
def test_pages_together_are_everyone_in_the_order_of_python(store, known, names, limit):
    with store.database.writing() as connection:
        connection.execute(text("DELETE FROM clients"))
    store.upsert_many([known(name) for name in names])
    pages = all_pages(store.find_all, limit=limit)
    assert [client_id for page in pages for client_id in page] == sorted(names)
    assert all(len(page) == limit for page in pages[:-1])
    assert len(pages) == max(1, -(-len(names) // limit))


def test_a_client_that_comes_between_two_pages_moves_nobody(store, known):
    store.upsert_many([known(name) for name in "bdf"])
    first = store.find_all(limit=2)
    store.upsert_many([known("a"), known("e")])
    assert ids(first) + ids(store.find_all(after=first.after)) == ["b", "d", "e", "f"]


def test_an_empty_store_has_one_empty_page(store):
    page = store.find_all()
    assert (page.items, page.after) == ([], None)


def test_nobody_is_found_by_an_unknown_id(store):
    assert store.find_by_id("nobody") is None


def test_an_id_is_found_exactly(store, known):
    store.upsert_many([known("web%")])
    assert store.find_by_id("web_") is None


@pytest.mark.parametrize("search", ["WEB-7", "straße", "example.com", "[::1]:80"])
def test_a_search_looks_at_id_name_hostname_and_address_whatever_the_case(store, known, search):
    client = known("web-7", name="STRASSE", hostname="x.EXAMPLE.com", ip="::1", port=8080)
    store.upsert_many([client, known("other", note=search, nickname=search)])
    assert ids(store.find_all(search=search)) == ["web-7"]


def test_a_search_takes_wildcards_for_what_they_are(store, known):
    store.upsert_many([known("100%"), known("100")])
    assert ids(store.find_all(search="%")) == ["100%"]


def test_a_group_finds_its_members(store, known):
    store.upsert_many([known("a", groups=("web", "eu")), known("b", groups=("webs",))])
    assert ids(store.find_all(group="web")) == ["a"]


def test_a_group_and_a_search_must_both_fit(store, known):
    store.upsert_many([known("a1", groups=("x",)), known("a2"), known("b1", groups=("x",))])
    assert ids(store.find_all(group="x", search="A1")) == ["a1"]


def test_pages_of_a_search_hold_as_many_as_asked_for(store, known):
    store.upsert_many([known(f"c{n:02}", groups=("x",) if n % 3 else ()) for n in range(12)])
    pages = all_pages(store.find_all, group="x", limit=3)
    assert [len(page) for page in pages] == [3, 3, 2]


def test_a_search_that_finds_nobody_still_ends_and_goes_on_from_there(store, known):
    store.upsert_many([known(f"c{n:05}") for n in range(LOOKED_AT + 10)])
    store.upsert_many([known("d", name="needle")])
    first = store.find_all(search="needle")
    assert (first.items, first.after) == ([], f"c{LOOKED_AT - 1:05}")
    assert ids(store.find_all(search="needle", after=first.after)) == ["d"]


def test_an_address_finds_those_seen_there(store, known):
    store.upsert_many([known("a"), known("b", ip="10.0.0.2"), known("c"), known("d")])
    assert all_pages(lambda **k: store.find_by_ip("10.0.0.1", **k), limit=2) == [["a", "c"], ["d"]]


def test_who_was_online_is_whose_last_event_left_them_so(store, known, event):
    went = [event("b", "online"), event("b", "offline")]
    returned = [*[event("c", after) for after in ("online", "offline")], event("c", "online")]
    late = [event("d", "online"), event("d", "late", before="online")]
    events = [event("a", "online"), *went, *returned, *late]
    store.record(events, [known(name) for name in "abcd"])
    store.upsert_many([known("e")])  # without any event
    assert ids(store.were_online()) == ["a", "c", "d"]
    assert all_pages(store.were_online, limit=2) == [["a", "c"], ["d"]]


def test_writing_a_client_again_does_not_change_whether_it_was_online(store, known, event):
    store.record([event("a", "online")], [known("a")])
    store.record([event("b", "online"), event("b", "offline")], [known("b")])
    store.upsert_many([known("a"), known("b")])
    assert ids(store.were_online()) == ["a"]


def test_online_are_those_seen_in_time_whom_no_event_took_offline(store, known, event):
    seen = {"a": NOW - 10, "b": NOW - 130, "c": NOW - 10}
    events = [event(name, "online") for name in seen] + [event("c", "offline", reason="left")]
    store.record(events, [known(name, last_seen=at) for name, at in seen.items()])
    assert ids(store.find_online(120, NOW)) == ["a"]


QUERIES = {
    "clients_were_online": "offline_since IS NULL AND client_id > 'c' ORDER BY client_id LIMIT 9",
    "clients_client_id": "client_id > 'c' ORDER BY client_id LIMIT 9",
    "clients_ip": "ip = '1' AND client_id > 'c' ORDER BY client_id LIMIT 9",
    "clients_by_absence": "offline_since < 9 ORDER BY offline_since, client_id LIMIT 9",
}


@pytest.mark.parametrize(("index", "query"), QUERIES.items())
def test_pages_come_from_an_index(store, known, event, index, query):
    names = [f"c{n:04}" for n in range(3_000)]
    store.upsert_many([known(name, last_seen=float(n), ip=name) for n, name in enumerate(names)])
    store.record([event(name, "online") for name in names[::300]])
    explain = "EXPLAIN QUERY PLAN" if store.database.dialect == "sqlite" else "EXPLAIN"
    with store.database.writing() as connection:
        if store.database.dialect == "postgresql":
            connection.execute(text("ANALYZE clients"))
        statement = f"{explain} SELECT * FROM clients WHERE {query}"  # noqa: S608  # constants
        plan = connection.execute(text(statement)).all()
    assert index in str(plan), plan
