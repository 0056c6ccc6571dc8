"""Deliveries of any state: listed, counted, tried again, forgotten; in both databases."""

import pytest

from lastseen.server.store.telling import Attempt, Telling

NOW = 1_800_000_000.0


def keys(deliveries):
    return [delivery.key for delivery in deliveries]


@pytest.fixture
def told(store, delivery):
    """Of each state one, on two channels: `sent`, `failed`, `pending`, `gone`, `mailed`."""
    store.tell(
        Telling(
            (
                delivery("sent", "a", created_at=NOW),
                delivery("failed", "b", created_at=NOW + 1),
                delivery("gone", "a", created_at=NOW + 2),
                delivery("pending", "b", created_at=NOW + 3),
                delivery("mailed", "a", channel="mail", created_at=NOW + 4),
            ),
            ("gone",),
        )
    )
    store.deliveries.settle(
        [
            Attempt(("sent", "mailed"), "sent", NOW + 5, 0.0),
            Attempt(("failed",), "failed", NOW + 6, 0.0, "410 Gone"),
        ]
    )
    return store.deliveries


def test_a_list_tells_the_newest_first_and_pages_by_id(told):
    first = told.list(limit=2)
    rest = told.list(before_id=first[-1].id)
    assert keys(first) == ["mailed", "pending"]
    assert keys(rest) == ["gone", "failed", "sent"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"channel": "hook"}, ["pending", "gone", "failed", "sent"]),
        ({"client_id": "a"}, ["mailed", "gone", "sent"]),
        ({"client_id": "a", "channel": "mail"}, ["mailed"]),
        ({"state": "sent"}, ["mailed", "sent"]),
        ({"state": "failed"}, ["failed"]),
        ({"state": "pending", "client_id": "b"}, ["pending"]),
        ({"state": "withdrawn", "channel": "hook"}, ["gone"]),
        ({"state": "failed", "channel": "mail"}, []),
    ],
)
def test_a_list_is_of_a_channel_a_client_or_a_state(told, wanted, found):
    assert keys(told.list(**wanted)) == found


def test_a_delivery_is_found_by_its_key_and_by_its_id(told):
    found = told.find("failed")
    assert (found.state, found.error, found.attempts) == ("failed", "410 Gone", 1)
    assert found.settled_at == NOW + 6
    assert told.find(found.id) == found
    assert told.find("nothing") is told.find(10**9) is None


def test_counts_are_of_what_is_not_sent(told):
    assert told.counts() == {("hook", "pending"): 1, ("hook", "failed"): 1}


def test_one_that_failed_is_tried_again_before_what_came_after_it(told):
    assert keys(told.due("hook", NOW)) == ["pending"]
    failed = told.find("failed")
    assert told.retry(failed.id, NOW + 50)
    assert told.due("hook", NOW + 49) == []
    [again] = told.due("hook", NOW + 50)
    assert (again.key, again.attempts, again.settled_at) == ("failed", 0, None)
    told.settle([Attempt(("failed",), "sent", NOW + 51, 0.0)])
    assert keys(told.due("hook", NOW + 50)) == ["pending"]


def test_one_that_waits_for_its_next_attempt_is_tried_at_once(told):
    told.settle([Attempt(("pending",), "pending", NOW, NOW + 900, "down")])
    assert told.retry(told.find("pending").id, NOW + 9)
    assert keys(told.due("hook", NOW + 9)) == ["pending"]


@pytest.mark.parametrize("key", ["sent", "gone"])
def test_what_was_sent_or_withdrawn_is_not_tried_again(told, key):
    assert not told.retry(told.find(key).id, NOW)
    assert told.find(key).state in ("sent", "withdrawn")


def test_an_unknown_one_is_not_tried_again(told):
    assert not told.retry(10**9, NOW)


def test_a_message_that_failed_is_tried_again_whole_and_under_its_name(store, delivery):
    store.tell(Telling((delivery("a", "a"), delivery("b", "b"), delivery("c", "c"))))
    outbox = store.deliveries
    outbox.claim("hook", NOW, "m")
    outbox.settle([Attempt(("c",), "sent", NOW, 0.0), Attempt(("a", "b"), "failed", NOW, 0.0)])
    assert outbox.claimed("hook") == []
    assert outbox.retry(outbox.find("b").id, NOW)
    assert [(d.key, d.message) for d in outbox.claimed("hook")] == [("a", "m"), ("b", "m")]


def test_old_deliveries_are_forgotten_the_oldest_first_sent_or_not(told):
    assert told.forget_before(NOW + 3, limit=2) == 2
    assert told.forget_before(NOW + 3, limit=2) == 1
    assert keys(told.list()) == ["mailed", "pending"]


def test_who_stood_behind_a_forgotten_one_is_next(store, delivery):
    store.tell(Telling((delivery("old", due_at=NOW + 99), delivery("new", created_at=NOW + 1))))
    assert store.deliveries.due("hook", NOW) == []
    store.deliveries.forget_before(NOW + 1)
    assert keys(store.deliveries.due("hook", NOW)) == ["new"]


def test_an_id_is_never_used_again(store, delivery):
    store.tell(Telling((delivery("a"),)))
    before = store.deliveries.find("a").id
    store.deliveries.forget_before(NOW + 1)
    store.tell(Telling((delivery("b"),)))
    assert store.deliveries.find("b").id > before


def test_when_a_channel_takes_messages_again_what_waits_for_another_attempt_is_due(told):
    told.settle([Attempt(("pending",), "pending", NOW, NOW + 900, "down")])
    told.hasten("mail", NOW + 9)
    assert told.due("hook", NOW + 9) == []
    told.hasten("hook", NOW + 9)
    [again] = told.due("hook", NOW + 9)
    assert (again.key, again.attempts) == ("pending", 1)


def test_what_was_not_tried_yet_is_not_hastened(store, delivery):
    store.tell(Telling(deliveries=(delivery("later", channel="slow", due_at=NOW + 900),)))
    store.deliveries.hasten("slow", NOW + 9)
    assert store.deliveries.next_due("slow") == NOW + 900
