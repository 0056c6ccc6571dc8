"""What is to be told is kept together with what happened, or not at all; in both databases."""

import pytest
from sqlalchemy.exc import StatementError

from lastseen.server.store.telling import Attempt, Telling

NOW = 1_800_000_000.0


def states(store):
    return {delivery.key: delivery.state for delivery in store.deliveries.list()}


def test_a_delivery_comes_back_as_it_was_recorded_with_its_id_and_that_of_its_event(
    store, event, delivery
):
    gone = event("web-01", "offline", number=7)
    told = delivery("k", notice={"a": [1, None, "é\n"]}, epoch="run-1", number=7, due_at=NOW + 0.5)
    store.record([event("other", "online", number=6), gone], (), Telling((told,)))
    [found] = store.deliveries.list()
    [happened] = store.history("web-01")
    assert (found.id > 0, found.event_id) == (True, happened.id)
    assert found == type(told)(**fields(told) | {"id": found.id, "event_id": happened.id})


def fields(struct):
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def test_a_delivery_of_no_event_has_none(store, event, delivery):
    store.record([event("web-01", "offline")])  # number 0
    store.tell(Telling((delivery("k", epoch="run-1"),)))
    assert store.deliveries.find("k").event_id is None


def test_the_event_of_a_delivery_may_have_been_recorded_before(store, event, delivery):
    store.record([event("web-01", "offline", number=7)])
    store.tell(Telling((delivery("k", kind="reminder", epoch="run-1", number=7),)))
    assert store.deliveries.find("k").event_id == store.history("web-01")[0].id


def test_events_and_what_is_told_of_them_are_recorded_all_or_nothing(
    store, known, event, delivery, standing
):
    telling = Telling(
        (delivery("a"),), standings=(standing("a"), standing("b", changed_at=float("nan")))
    )
    with pytest.raises(StatementError):
        store.record([event("a", "offline")], [known("a")], telling)
    assert store.counts() == type(store.counts())(0, 0, 0)
    assert store.deliveries.list() == store.deliveries.standings() == []


def test_recording_a_second_time_changes_nothing(store, event, delivery, standing):
    store.tell(Telling((delivery("old"),)))
    telling = Telling((delivery("a"), delivery("b")), ("old",), (standing("a"),), (("hook", "z"),))
    for _ in range(2):
        store.record([event("a", "offline", number=1)], (), telling)
    assert states(store) == {"old": "withdrawn", "a": "pending", "b": "pending"}
    assert [d.key for d in store.deliveries.due("hook", NOW)] == ["a"]


def test_one_that_was_sent_meanwhile_stays_sent_when_it_is_recorded_again(store, delivery):
    store.tell(Telling((delivery("a"),)))
    store.deliveries.settle([Attempt(("a",), "sent", NOW + 1, 0.0)])
    store.tell(Telling((delivery("a"),)))
    assert states(store) == {"a": "sent"}
    assert store.deliveries.due("hook", NOW) == []


def test_a_delivery_is_withdrawn_as_long_as_nobody_tried_to_send_it(store, event, delivery):
    store.tell(Telling((delivery("a"), delivery("tried", "b"), delivery("claimed", "c"))))
    store.deliveries.settle([Attempt(("tried",), "pending", NOW, NOW + 5, "down")])
    store.tell(Telling((delivery("other", "d", due_at=NOW + 9),)))
    store.deliveries.claim("hook", NOW, "m")  # a, too
    store.tell(Telling((delivery("b2", "e"),)))
    back = event("e", "online", at=NOW + 3)
    store.record([back], (), Telling(withdrawn=("a", "tried", "claimed", "b2", "unknown")))
    assert states(store) == {
        "a": "pending",
        "tried": "pending",
        "claimed": "pending",
        "other": "pending",
        "b2": "withdrawn",
    }
    assert store.deliveries.find("b2").settled_at == NOW + 3


def test_what_is_decided_and_withdrawn_in_one_go_is_never_sent(store, delivery):
    store.tell(Telling((delivery("a"), delivery("b")), ("a",)))
    assert [d.key for d in store.deliveries.due("hook", NOW)] == ["b"]


def test_more_than_one_statement_takes_is_kept_whole_and_in_order(store, delivery, standing):
    names = [f"c{n:04}" for n in range(2_500)]
    store.tell(
        Telling(
            tuple(delivery(name, name) for name in names),
            standings=tuple(standing(name) for name in names),
        )
    )
    assert [d.key for d in store.deliveries.due("hook", NOW, 3_000)] == names
    store.tell(Telling(withdrawn=tuple(names), settled=tuple(("hook", name) for name in names)))
    assert store.deliveries.counts() == {}
    assert store.deliveries.standings() == []


def test_a_client_that_is_forgotten_is_not_told_of_any_more(store, known, delivery, standing):
    store.upsert_many([known("a")])
    mine = tuple(delivery(f"a{n}", "a", channel=f"ch{n % 2}") for n in range(2_100))
    store.tell(Telling((*mine, delivery("b", "b")), standings=(standing("a"), standing("b"))))
    assert store.delete("a")
    assert [d.key for d in store.deliveries.list()] == ["b"]
    assert [s.client_id for s in store.deliveries.standings()] == ["b"]
