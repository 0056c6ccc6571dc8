"""What a run takes over from the run before, in both databases."""

import pytest

from lastseen.server.store.telling import Attempt, Silence, Telling

NOW = 1_800_000_000.0


def test_the_end_of_the_run_before_is_the_moment_at_which_it_was_last_awake(store):
    assert store.deliveries.ended("run-1") is None
    store.begin_run("run-1", NOW, 0.0)
    assert store.deliveries.ended("run-1") is None
    store.beat("run-1", NOW + 10, 0.0)
    store.begin_run("run-1", NOW + 15, 0.0)  # after a stall
    store.beat("run-1", NOW + 20, 0.0)
    store.begin_run("run-2", NOW + 100, 0.0)
    assert store.deliveries.ended("run-2") == NOW + 20


def test_the_end_is_told_by_the_clock_that_the_run_scheduled_with(store):
    store.begin_run("run-1", NOW, 0.0)
    for seconds in (3600.0, -86_400.0):
        store.deliveries.set_ahead("run-1", seconds)
    store.end_run("run-1", NOW - 86_400 + 60, 0.0)
    store.begin_run("run-2", NOW - 86_400 + 90, 0.0)
    assert store.deliveries.ended("run-2") == NOW + 60
    store.end_run("run-2", NOW, 0.0)
    store.begin_run("run-3", NOW, 0.0)
    assert store.deliveries.ended("run-3") == NOW  # what is kept is of another run


@pytest.mark.parametrize("times", [1, 2])
def test_of_a_clock_that_was_set_back_nothing_pending_waits_for_longer(store, delivery, times):
    later = delivery("later", due_at=NOW + 60, client_id="a")
    sent = delivery("sent", due_at=NOW + 60, client_id="b")
    store.tell(Telling((later, sent)))
    store.deliveries.settle([Attempt(("sent",), "sent", NOW, NOW)])
    silence = store.deliveries.add_silence(Silence("web-*", None, NOW, NOW + 60))
    moved = Silence("web-*", None, NOW - 100, NOW - 40, id=silence.id)
    for _ in range(times):
        store.deliveries.set_back(NOW, [moved])
    assert store.deliveries.find("later").due_at == NOW
    assert store.deliveries.find("sent").due_at == NOW + 60
    assert store.deliveries.silences() == [moved]


def test_only_what_was_never_tried_is_postponed(store, delivery):
    keys = ("fresh", "tried", "claimed", "sent")
    store.tell(Telling(tuple(delivery(key, due_at=NOW, client_id=key) for key in keys)))
    store.deliveries.settle([Attempt(("sent",), "sent", NOW, NOW)])
    store.deliveries.settle([Attempt(("tried",), "pending", NOW, NOW + 1)])
    store.deliveries.divide([("message", ["claimed"])])
    store.deliveries.postpone(dict.fromkeys(keys, NOW + 60))
    due = {key: store.deliveries.find(key).due_at - NOW for key in keys}
    assert due == {"fresh": 60, "tried": 1, "claimed": 0, "sent": 0}
