"""Which deliveries are to be sent now."""

from lastseen.server.store.telling import Telling

NOW = 1_800_000_000.0


def keys(deliveries):
    return [delivery.key for delivery in deliveries]


def test_of_more_than_the_limit_those_due_the_longest_are_sent_first(store, delivery):
    moments = {"a": 3, "b": 1, "c": 2}
    store.tell(Telling(tuple(delivery(n, n, due_at=NOW + m) for n, m in moments.items())))
    assert keys(store.deliveries.due("hook", NOW + 9, 2)) == ["b", "c"]
    assert keys(store.deliveries.due("hook", NOW + 9, 3)) == ["a", "b", "c"]


def test_channels_hold_up_nobody_but_themselves(store, delivery):
    store.tell(
        Telling((delivery("a", due_at=NOW + 99), delivery("b"), delivery("c", channel="mail")))
    )
    assert store.deliveries.due("hook", NOW) == []
    assert store.deliveries.next_due("hook") == NOW + 99
    assert keys(store.deliveries.due("mail", NOW)) == ["c"]


def test_a_claim_takes_the_first_and_no_more_than_its_limit(store, delivery):
    store.tell(Telling(tuple(delivery(f"k{n:04}", f"c{n % 7}") for n in range(2_500))))
    first = store.deliveries.claim("hook", NOW, "one", 2_100)
    assert keys(first) == [f"k{n:04}" for n in range(2_100)]
    assert {delivery.message for delivery in first} == {"one"}
    assert len(store.deliveries.claim("hook", NOW, "two", 2_100)) == 400
    assert store.deliveries.claimed("hook") == first


def test_where_nothing_is_due_nothing_is_claimed(store):
    assert store.deliveries.claim("hook", NOW, "m") == []
    assert store.deliveries.claimed("hook") == []
    assert store.deliveries.next_due("hook") is None
