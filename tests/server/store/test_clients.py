"""Writing and forgetting clients, in both databases."""

import pytest

from lastseen.server.store.model import LastSeen

NOW = 1_800_000_000.0


def test_a_client_comes_back_as_it_was_written(store, known):
    client = known(last_seen=NOW + 0.123456, note="日本語 \U0001f600 'quoted' \\ %s")
    store.upsert_many([client])
    assert store.find_by_id("web-01") == client


def test_a_timeout_of_its_own_comes_back_and_goes(store, known):
    store.upsert_many([known(timeout=90.0)])
    assert store.find_by_id("web-01") == known(timeout=90.0)
    store.upsert_many([known()])
    assert store.find_by_id("web-01").timeout is None


def test_a_later_write_overwrites_everything_but_the_first_sign_of_life(store, known):
    store.upsert_many([known(first_seen=NOW - 100)])
    store.upsert_many([known(name="New", groups=(), meta={}, last_seen=NOW + 5, first_seen=NOW)])
    expected = known(name="New", groups=(), meta={}, last_seen=NOW + 5, first_seen=NOW - 100)
    assert store.find_by_id("web-01") == expected


def test_of_two_writes_of_one_client_in_one_call_the_last_counts(store, known):
    store.upsert_many([known(name="first"), known(name="second")])
    assert store.find_by_id("web-01").name == "second"


def test_more_clients_than_one_statement_takes_are_all_written(store, known):
    store.upsert_many([known(f"c{n}") for n in range(2_500)])
    assert store.counts().clients == 2_500


def test_an_id_differs_by_case(store, known):
    store.upsert_many([known("web"), known("WEB")])
    assert store.counts().clients == 2


def test_characters_that_no_database_can_be_trusted_with_are_replaced(store, known):
    store.upsert_many([known(name="a\0b", note="lone \ud800", meta={"k\0": "v\0"})])
    client = store.find_by_id("web-01")
    assert (client.name, client.note) == ("a\N{REPLACEMENT CHARACTER}b", "lone \ufffd")
    assert client.meta == {"k\0": "v\0"}  # JSON has an escape for it


def test_the_bounds_of_meta_come_back_exactly(store, known):
    meta = {"most": 2**63 - 1, "least": -(2**63), "huge": 1.7e308, "float": 1.0, "text": ""}
    store.upsert_many([known(meta=meta)])
    found = store.find_by_id("web-01").meta
    assert found == meta
    assert isinstance(found["float"], float)


def test_a_last_sign_of_life_says_when_and_where_from(store, known):
    store.upsert_many([known(), known("other")])
    seen = LastSeen("web-01", NOW + 9.5, "http", "::1", 7, heard_awake=12.25)
    store.update_last_seen([seen])
    assert store.find_by_id("web-01") == known(
        last_seen=NOW + 9.5, via="http", ip="::1", port=7, heard_awake=12.25
    )
    assert store.find_by_id("other") == known("other")


def test_a_last_sign_of_life_of_an_unknown_client_changes_nothing(store):
    store.update_last_seen([LastSeen("nobody", NOW, "tcp", "", 0)])
    assert store.counts().clients == 0


def test_a_clock_that_was_set_back_does_not_freeze_last_seen(store, known):
    store.upsert_many([known(last_seen=NOW + 1_000_000)])
    store.update_last_seen([LastSeen("web-01", NOW, "tcp", "", 0)])
    assert store.find_by_id("web-01").last_seen == NOW


def test_writing_nothing_is_fine(store):
    store.upsert_many([])
    store.update_last_seen([])
    store.record([])


def test_delete_forgets_a_client_with_its_history(store, known, event):
    events = [event("web-01", "online"), event("other", "online")]
    store.record(events, [known(), known("other")])
    assert store.delete("web-01")
    assert store.find_by_id("web-01") is None
    assert store.history("web-01") == []
    assert len(store.history("other")) == 1


def test_delete_forgets_a_history_of_any_length(store, known, event):
    store.record([event("web-01", "online")] * 2_100, [known()])
    assert store.delete("web-01")
    assert store.counts().events == 0


def test_delete_says_when_there_was_nobody(store):
    assert not store.delete("nobody")


@pytest.fixture
def absent(store, known, event):
    """Five clients that went offline at NOW + 0 … 4, and one that is online."""
    for n in range(5):
        client = known(f"c{n}", last_seen=NOW + n)
        gone = event(f"c{n}", "offline", at=NOW + 100, last_seen=NOW + n)
        store.record([event(f"c{n}", "online"), gone], [client])
    store.record([event("here", "online")], [known("here")])


@pytest.mark.usefixtures("absent")
def test_clients_absent_for_longer_are_forgotten(store):
    assert store.forget_offline_since(NOW + 3) == 3
    assert [c.client_id for c in store.find_all().items] == ["c3", "c4", "here"]


@pytest.mark.usefixtures("absent")
def test_the_events_of_forgotten_clients_stay_until_they_are_old(store):
    store.forget_offline_since(NOW + 3)
    assert len(store.history("c0")) == 2


@pytest.mark.usefixtures("absent")
def test_those_to_keep_are_kept_and_hold_up_nobody(store):
    assert store.forget_offline_since(NOW + 1_000, keep={"c0", "c1"}, limit=2) == 2
    assert store.forget_offline_since(NOW + 1_000, keep={"c0", "c1"}, limit=2) == 1
    assert [c.client_id for c in store.find_all().items] == ["c0", "c1", "here"]


@pytest.mark.usefixtures("absent")
def test_no_more_are_forgotten_than_the_limit_the_longest_absent_first(store):
    assert store.forget_offline_since(NOW + 1_000, limit=2) == 2
    assert [c.client_id for c in store.find_all().items] == ["c2", "c3", "c4", "here"]


@pytest.mark.usefixtures("absent")
def test_one_that_is_online_is_never_forgotten_however_long_ago_it_was_written(store):
    store.forget_offline_since(NOW + 1_000_000)
    assert [c.client_id for c in store.find_all().items] == ["here"]


@pytest.mark.usefixtures("absent")
def test_one_that_was_seen_since_its_last_event_is_not_forgotten(store):
    store.update_last_seen([LastSeen("c0", NOW + 500, "http", "", 0)])
    assert store.forget_offline_since(NOW + 400) == 4
    assert [c.client_id for c in store.find_all().items] == ["c0", "here"]


def test_a_client_that_was_never_online_is_forgotten_too(store, known):
    store.upsert_many([known(last_seen=NOW)])
    assert store.forget_offline_since(NOW + 1) == 1


def test_thousands_of_the_same_moment_to_keep_hold_up_nobody(store, known):
    store.upsert_many([known(f"c{n:04}", last_seen=NOW) for n in range(2_100)])
    keep = {f"c{n:04}" for n in range(2_099)}
    assert store.forget_offline_since(NOW + 1, keep=keep) == 1
    assert store.find_by_id("c2099") is None
