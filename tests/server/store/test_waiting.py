"""What waits for a channel, and is given up with it, in both databases."""

from lastseen.server.store.telling import Attempt, GivenUp, Telling

NOW = 1_800_000_000.0
LATER = NOW + 60


def keys(deliveries):
    return [delivery.key for delivery in deliveries]


def settle(store, key, state):
    store.deliveries.settle([Attempt((key,), state, NOW, LATER, "why")])


def test_what_waits_is_found_by_channel_and_client_in_its_order(store, delivery):
    told = (delivery("a1", "a"), delivery("b1", "b"), delivery("a2", "a"), delivery("sent", "c"))
    store.tell(Telling((*told, delivery("other", "a", channel="mail"))))
    settle(store, "sent", "sent")
    assert sorted(store.deliveries.waiting_clients("hook")) == ["a", "b"]
    found = {line.key: keys(line.pending) for line in store.deliveries.waiting("hook", ["a", "c"])}
    assert found == {("hook", "a"): ["a1", "a2"]}


def test_the_last_that_was_told_is_what_was_sent_or_tried(store, delivery):
    def last():
        [line] = store.deliveries.waiting("hook", ["a"])
        return line.told and line.told.key

    store.tell(Telling(tuple(delivery(key, "a") for key in ("1", "2", "3", "4"))))
    store.tell(Telling((delivery("mail", "a", channel="mail"),)))
    settle(store, "mail", "sent")
    assert last() is None
    settle(store, "1", "sent")
    assert last() == "1"
    store.tell(Telling(withdrawn=("3",)))
    assert last() == "1"
    settle(store, "2", "pending")
    assert last() == "2"
    store.deliveries.claim("hook", LATER, "a digest that was begun")
    assert last() == "4"


def test_what_is_given_up_is_withdrawn_tried_or_not_and_says_why(store, delivery):
    store.tell(Telling(tuple(delivery(key, key) for key in ("new", "tried", "begun", "sent"))))
    settle(store, "sent", "sent")
    settle(store, "tried", "pending")
    all_keys = ("new", "tried", "begun", "sent")
    store.tell(Telling(given_up=(GivenUp(all_keys, "it is off", LATER),)))
    found = {d.key: (d.state, d.error, d.settled_at) for d in store.deliveries.list()}
    assert found.pop("sent")[0] == "sent"
    assert set(found.values()) == {("withdrawn", "it is off", LATER)}
    assert store.deliveries.next_due("hook") is None


def test_what_comes_after_what_was_given_up_is_due(store, delivery):
    store.tell(Telling((delivery("old", "a"),)))
    given_up = GivenUp(("old",), "it is off", NOW)
    store.tell(Telling((delivery("new", "a"),), given_up=(given_up,)))
    assert keys(store.deliveries.due("hook", LATER)) == ["new"]
