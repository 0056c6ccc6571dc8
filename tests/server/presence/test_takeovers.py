"""How often an id may be taken over, and from when on it is contested."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.presence.admission import RegistrationRefused
from lastseen.server.presence.takeovers import (
    AT_ONCE,
    PACE,
    REPEATED,
    WARNED_EVERY,
    WINDOW,
    Takeovers,
)

# --- the rule


def test_an_id_is_contested_with_the_third_takeover_within_ten_minutes():
    takeovers = Takeovers()
    assert [takeovers.record("a", now) for now in (0.0, 1.0, WINDOW - 1)] == [False, False, True]
    assert takeovers.contested(WINDOW - 0.5) == 1


def test_takeovers_that_lie_far_apart_contest_nothing():
    takeovers = Takeovers()
    assert not any(takeovers.record("a", n * WINDOW / (REPEATED - 1)) for n in range(9))
    assert takeovers.contested(9 * WINDOW) == 0


def test_an_id_is_contested_no_more_when_the_takeovers_are_old():
    takeovers = Takeovers()
    for now in range(REPEATED):
        takeovers.record("a", float(now))
    assert takeovers.contested(WINDOW - 0.5) == 1
    assert takeovers.contested(WINDOW + 0.5) == 0


def test_ids_do_not_count_for_each_other():
    takeovers = Takeovers()
    for n in range(20):
        assert not takeovers.record(f"client-{n}", 0.0)
        assert takeovers.wait(f"client-{n}", 0.0) == 0
    assert takeovers.contested(1.0) == 0


def test_a_warning_is_due_once_in_ten_minutes():
    takeovers = Takeovers()
    warned = []
    for now in range(0, 3 * int(WARNED_EVERY), 20):
        takeovers.record("a", float(now))
        warned += [now] if takeovers.should_warn("a", float(now)) else []
    assert warned == [0, WARNED_EVERY, 2 * WARNED_EVERY]


@given(st.lists(st.floats(0, 90), max_size=60))
def test_no_minute_has_more_than_five_takeovers_and_who_waits_as_told_may(pauses):
    takeovers, now, done = Takeovers(), 0.0, []
    for pause in pauses:
        now += pause
        wait = takeovers.wait("a", now)
        if wait == 0:
            takeovers.record("a", now)
            done.append(now)
        else:
            assert 0 < wait <= PACE
            assert takeovers.wait("a", now + wait + 1e-9) == 0
    for first, sixth in zip(done, itertools.islice(done, AT_ONCE, None), strict=False):
        assert sixth - first >= PACE - 1e-9


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 400)), max_size=60))
def test_what_is_remembered_is_what_was_taken_over_of_late(steps):
    takeovers, now, last = Takeovers(), 0.0, {}
    for client_id, pause in steps:
        now += pause
        takeovers.record(client_id, now)
        last[client_id] = now
    takeovers.contested(now)
    assert set(takeovers._fights) == {c for c, at in last.items() if now - at < WINDOW}


# --- in the presence of everyone


def fight(world: Any, new_link: Any, rounds: int) -> None:
    for n in range(rounds):
        world.register("a", f"i{n}", new_link(), hostname=f"host-{n}")


def test_repeated_takeovers_mark_the_client_and_are_a_warning_once(
    world: Any, new_link: Any, logged: Callable[[], str]
):
    fight(world, new_link, 3)
    assert world.presence.registry.record("a").contested_at is None
    fight(world, new_link, 3)  # five takeovers in all
    record = world.presence.registry.record("a")
    assert record.contested_at.timestamp() == world.now.wall
    assert world.presence.registry.takeovers.contested(world.now.awake) == 1
    [warning] = [x for x in logged().splitlines() if "several processes" in x]
    for words in ("warning", "127.0.0.1:1", "host-0", "host-2", "give each process a client_id"):
        assert words in warning


def test_the_sixth_takeover_within_a_minute_is_refused_and_changes_nothing(
    world: Any, new_link: Any
):
    fight(world, new_link, 1 + AT_ONCE)
    holder = new_link()
    world.wait(10)
    transitions = dict(world.presence.transitions)
    before = world.presence.registry.record("a")
    with pytest.raises(RegistrationRefused, match="taken over 5 times within 60 s") as refused:
        world.register("a", "another", holder, hostname="elsewhere", name="another")
    assert refused.value.code == "id_contested"
    assert refused.value.retry_after == pytest.approx(50)
    assert "(host 'host-5')" in str(refused.value)
    assert world.presence.registry.record("a") == before
    assert dict(world.presence.transitions) == transitions
    world.wait(50)
    world.register("a", "another", holder)
    assert world.presence.registry.record("a").reason == "replaced"


def test_the_same_instance_and_the_successor_of_a_late_client_are_never_refused(
    world: Any, new_link: Any
):
    fight(world, new_link, 1 + AT_ONCE)
    for _ in range(10):
        world.register("a", f"i{AT_ONCE}", new_link())
    last = new_link()
    session = world.register("a", f"i{AT_ONCE}", last)
    world.presence.broke(session, world.now)
    world.register("a", "another", new_link())
    assert world.presence.registry.record("a").reason == "returned"


def test_where_ids_may_be_shared_nothing_is_taken_over(new_world: Any, new_link: Any):
    world = new_world(duplicate="share")
    fight(world, new_link, 20)
    assert world.presence.registry.record("a").sessions == 20
    assert world.presence.registry.takeovers.contested(world.now.awake) == 0
