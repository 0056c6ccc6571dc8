"""Whatever the store does, and when: transitions reach it in order and once each, and nobody
waits.
"""

# ruff: noqa: ARG001 - pytest-trio finds its clock among the arguments of the test itself

import time
from collections.abc import Callable
from itertools import count, pairwise
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from lastseen.server.keeping.threads import in_thread
from lastseen.server.keeping.translation import remembered
from lastseen.server.presence.linkless import Beat
from lastseen.server.store.telling import Delivery, Telling

World = Any

WORKS, FAILS, ANSWER_LOST, CRASHES = "works", "fails", "answer lost", "crashes"
WALL = 1_800_000_000.0
IDS = ["a", "b", "c"]


# --- the law ----------------------------------------------------------------------------------

deeds = st.one_of(
    st.tuples(st.just("register"), st.sampled_from(IDS), st.sampled_from(["i1", "i2"])),
    st.tuples(st.sampled_from(["leave", "broke", "ping"]), st.sampled_from(IDS)),
    st.tuples(st.just("say"), st.sampled_from(IDS), st.text("xy", max_size=2)),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.1, 0.6, 3.0, 11.0, 200.0])),
    st.tuples(st.just("stall"), st.just(30.0)),
)
outcomes = st.lists(st.sampled_from([WORKS, FAILS, ANSWER_LOST, CRASHES]), max_size=40)


async def do(world: World, deed: Any) -> None:
    match deed:
        case "wait", seconds:
            await trio.sleep(seconds)
            world.reap()
        case "stall", seconds:
            world.asleep += seconds
        case "register", client_id, instance:
            world.register(client_id, instance, name=f"{client_id} by {instance}")
        case name, client_id, *rest if client_id in world.sessions:
            getattr(world, name)(client_id, *rest)


@given(st.lists(deeds, max_size=25), outcomes, st.sampled_from([0.0, 0.4]))
def test_after_the_end_the_store_holds_what_presence_decided_whatever_failed_and_when(
    new_world, deeds, outcomes, takes
):
    async def main() -> World:
        world = new_world()
        world.store.outcomes.extend(outcomes)
        world.store.takes = takes
        async with trio.open_nursery() as nursery:
            await nursery.start(world.run)
            for deed in deeds:
                await do(world, deed)
            await world.close()
        return world

    world = trio.run(main, clock=MockClock(autojump_threshold=0))
    assert world.stored == world.decided
    assert [e.number for e in world.store.events] == list(range(1, len(world.decided) + 1))
    assert world.keeper.queued == world.keeper.dropped == 0
    for client_id in world.sessions:
        now, then = world.presence.registry.record(client_id), world.store.clients[client_id]
        assert (then.name, then.note, then.availability) == (now.name, now.note, now.availability)
        assert then.last_seen == pytest.approx(now.last_seen.timestamp(), abs=1e-5)


@given(
    st.lists(st.integers(1, 8), min_size=1, max_size=8), outcomes, st.integers(1, 12), st.booleans()
)
def test_past_the_bound_the_oldest_are_dropped_and_every_one_is_counted(
    new_world, bursts, outcomes, bound, down
):
    async def main() -> World:
        world = new_world(queue_bound=bound)
        world.store.outcomes.extend(outcomes)
        world.store.down = down
        async with trio.open_nursery() as nursery:
            await nursery.start(world.run)
            comers = count()
            for burst in bursts:
                for _ in range(burst):
                    world.register(f"client-{next(comers)}")
                await trio.sleep(0.7)
                assert world.keeper.queued <= bound + 1  # the youngest beside those on their way
            world.store.down = False
            await world.close()
        return world

    world = trio.run(main, clock=MockClock(autojump_threshold=0))
    numbers = [event.number for event in world.store.events]
    assert numbers == sorted(set(numbers))
    assert len(numbers) + world.keeper.dropped == len(world.decided)
    assert numbers[-1] == len(world.decided)  # it is the oldest that are dropped


# --- the queue --------------------------------------------------------------------------------


async def test_a_transition_is_written_at_once_with_the_client_as_it_is(autojump_clock, running):
    running.register("web-01", name="Web", groups=("web",), meta={"rack": 7})
    await wait_all_tasks_blocked()
    [event], [client] = running.store.called("record")[0]
    assert (event.client_id, event.before, event.after) == ("web-01", "offline", "online")
    assert (event.epoch, event.number) == (running.presence.epoch, 1)
    assert (client.name, client.groups, client.meta) == ("Web", ("web",), {"rack": 7})
    assert (client.ip, client.port) == ("127.0.0.1", 4000)


async def test_what_came_while_one_write_was_under_way_goes_in_one_more_write(
    autojump_clock, running
):
    running.store.takes = 5.0
    for number in range(4):
        running.register(f"web-{number}")
        await trio.sleep(1.0)
    await running.keeper.caught_up()
    assert [len(events) for events, _ in running.store.called("record")] == [1, 3]


async def test_a_thousand_transitions_go_in_one_write_at_most(autojump_clock, world, nursery):
    for number in range(2_500):
        world.register(f"web-{number}")
    await nursery.start(world.run)
    await wait_all_tasks_blocked()
    assert [len(events) for events, _ in world.store.called("record")] == [1000, 1000, 500]


async def test_presence_never_waits_for_a_store_that_does_not_answer(autojump_clock, running):
    running.store.down = True
    before = trio.current_time()
    for number in range(1_000):
        running.register(f"web-{number}")
    assert trio.current_time() == before  # and no await between them
    assert running.presence.registry.counts["online"] == 1_000
    await trio.sleep(100)
    assert running.keeper.queued == 1_000
    assert running.keeper.dropped == 0


async def test_a_full_queue_holds_the_youngest(autojump_clock, new_world, nursery):
    world = new_world(queue_bound=3)
    world.store.down = True
    await nursery.start(world.run)
    for number in range(5):
        world.register(f"web-{number}")
    assert (world.keeper.queued, world.keeper.dropped) == (3, 2)
    world.store.down = False
    await world.close()
    assert [e.client_id for e in world.store.events] == ["web-2", "web-3", "web-4"]


class Teller:
    """Has each transition told, by one delivery that bears the client's name."""

    def transition(self, transition, *_: object) -> Telling:
        return Telling(deliveries=(delivery(transition.client_id),))

    def written(self, telling: Telling) -> None: ...


def delivery(key: str) -> Delivery:
    return Delivery(
        key=key, channel="ops", kind="offline", client_id=key, notice=None, created_at=0, due_at=0
    )


async def test_of_transitions_that_are_given_up_all_is_told_all_the_same_and_in_order(
    autojump_clock, new_world, nursery
):
    world = new_world(queue_bound=3)
    world.keeper.teller = Teller()
    world.store.down = True
    await nursery.start(world.run)
    for number in range(9):
        world.register(f"web-{number}")
    assert world.keeper.dropped == 6
    world.store.down = False
    await world.close()
    told = [d.key for telling in world.store.told for d in telling.deliveries]
    assert told == [f"web-{number}" for number in range(9)]


async def test_that_transitions_are_given_up_is_said_loudly_and_once(
    autojump_clock, new_world, nursery, capsys
):
    world = new_world(queue_bound=3)
    world.store.down = True
    await nursery.start(world.run)
    for number in range(3):
        world.register(f"web-{number}")
    assert "too many transitions wait" not in capsys.readouterr().err
    for number in range(3):
        world.register(f"db-{number}")
    said = capsys.readouterr().err
    assert said.count("too many transitions wait for the store") == 1
    assert "in no history; who should be told of them is" in said


async def test_what_is_on_its_way_is_neither_dropped_nor_counted_as_dropped(
    autojump_clock, new_world, nursery
):
    world = new_world(queue_bound=3)
    world.store.down = True
    await nursery.start(world.run)
    for number in range(6):
        world.register(f"web-{number}")
        await wait_all_tasks_blocked()
    assert (world.keeper.queued, world.keeper.dropped) == (3, 3)
    world.store.down = False
    await world.close()
    assert [e.client_id for e in world.store.events] == ["web-0", "web-4", "web-5"]


async def test_caught_up_waits_for_what_was_decided_before_and_for_nothing_else(
    autojump_clock, running
):
    running.store.takes = 2.0
    running.register("a")
    await trio.sleep(1.0)
    running.register("b")
    with trio.fail_after(3.5):  # the rest of the first write, and the second
        await running.keeper.caught_up()
    assert [e.client_id for e in running.store.events] == ["a", "b"]


# --- trying again -----------------------------------------------------------------------------


async def test_pauses_double_up_to_half_a_minute_and_begin_anew_after_a_success(
    autojump_clock, new_world, nursery
):
    running = new_world(flush_interval=1e6)
    await nursery.start(running.run)
    attempts: list[float] = []
    record = running.store.record

    def timed(*what: Any) -> None:
        attempts.append(trio.current_time())
        record(*what)

    running.store.record = timed
    running.store.down = True
    running.register("a")
    await trio.sleep(150)
    running.store.down = False
    await running.keeper.caught_up()
    pauses = [later - earlier for earlier, later in pairwise(attempts)]
    assert pauses[:6] == pytest.approx([0.5, 1, 2, 4, 8, 16])
    assert pauses[6:] == pytest.approx([30] * 4)
    await trio.sleep(10)
    attempts.clear()
    running.store.outcomes.extend([FAILS, FAILS])
    running.register("b")
    await trio.sleep(2)
    assert running.keeper.queued == 0
    assert [b - a for a, b in pairwise(attempts)] == pytest.approx([0.5, 1])


async def test_state_and_failures_tell_how_the_store_is(
    autojump_clock, running, logged: Callable[[], str]
):
    assert (running.keeper.state, running.keeper.failures) == ("working", 0)
    running.store.outcomes.extend([FAILS, ANSWER_LOST, CRASHES])
    running.register("a")
    await wait_all_tasks_blocked()
    assert (running.keeper.state, running.keeper.failures) == ("unavailable", 1)
    await running.keeper.caught_up()
    assert (running.keeper.state, running.keeper.failures) == ("working", 3)
    log = logged()
    assert log.count("the store does not answer; presence goes on") == 1
    assert log.count("the store answers again") == 1
    assert log.count("a write crashed; it is tried again") == 1
    assert running.stored == running.decided


# --- flushing ---------------------------------------------------------------------------------


async def test_signs_of_life_go_out_with_the_next_flush_and_only_those_since_the_last(
    autojump_clock, running
):
    running.register("a")
    running.register("b")
    await trio.sleep(10.5)
    running.store.calls.clear()
    await trio.sleep(2)
    running.ping("b")
    moment = running.presence.clock.now().wall
    assert running.store.called("update_last_seen") == []
    await trio.sleep(10)
    [(seen,)] = running.store.called("update_last_seen")
    assert [(s.client_id, s.last_seen) for s in seen] == [("b", moment)]
    running.store.calls.clear()
    await trio.sleep(10)
    assert running.store.called("update_last_seen") == []


async def test_those_of_the_run_before_are_written_once_they_are_heard_and_not_before(
    autojump_clock, running, known
):
    running.presence.restore([remembered(known("a"), "late"), remembered(known("b"), "late")])
    await trio.sleep(10.5)
    assert running.store.called("update_last_seen") == []
    running.register("b")
    await trio.sleep(10)
    [(seen,)] = running.store.called("update_last_seen")
    assert [sign.client_id for sign in seen] == ["b"]


async def test_a_client_without_a_link_is_kept_with_its_timeout_and_its_signs_of_life(
    autojump_clock, running
):
    for timeout in (90.0, 90.0, 200.0):
        now = running.presence.clock.now()
        running.presence.beat(Beat("job", "http", "10.0.0.7:4000", timeout), now)
        await trio.sleep(10.5)
        kept = running.store.clients["job"]
        assert (kept.timeout, kept.via, kept.last_seen) == (timeout, "http", now.wall)


async def test_a_sign_of_life_in_the_very_moment_of_a_flush_is_not_missed(autojump_clock, running):
    running.register("a")
    await trio.sleep_until(10.0)  # the flush of this moment was before, or is after
    await wait_all_tasks_blocked()
    running.ping("a")
    await trio.sleep(10.5)
    assert (
        running.store.clients["a"].last_seen
        == running.presence.registry.record("a").last_seen.timestamp()
    )


async def test_of_a_client_with_several_sessions_the_latest_sign_of_life_counts(
    autojump_clock, new_world, nursery
):
    world = new_world(duplicate="share")
    await nursery.start(world.run)
    world.register("a", "phone")
    phone = world.sessions["a"]
    world.register("a", "desk")
    await trio.sleep(3)
    world.presence.heard(phone, world.presence.clock.now())
    await trio.sleep(3)
    world.ping("a")  # by the desk
    await world.close()
    assert (
        world.store.clients["a"].last_seen
        == world.presence.registry.record("a").last_seen.timestamp()
    )
    assert all(len(seen) == 1 for (seen,) in world.store.called("update_last_seen"))


async def test_a_flush_writes_a_thousand_rows_at_most_in_one_call(autojump_clock, running):
    for number in range(2_500):
        running.register(f"web-{number:04}")
    await trio.sleep(10.5)
    seen = [len(rows) for (rows,) in running.store.called("update_last_seen")]
    assert seen == [1000, 1000, 500]


async def test_what_a_client_says_of_itself_goes_out_with_the_next_flush(autojump_clock, running):
    running.register("a")
    await trio.sleep(1)
    running.say("a", "lunch")
    running.say("a", "back at two")
    await trio.sleep(10)
    assert [[c.note for c in rows] for (rows,) in running.store.called("upsert_many")] == [
        ["back at two"]
    ]


async def test_what_was_said_before_a_transition_is_not_written_over_it_later(
    autojump_clock, running
):
    running.register("a")
    await trio.sleep(1)
    running.say("a", "lunch")
    await trio.sleep(1)
    running.leave("a")
    running.register("a", "i2", name="another")
    await trio.sleep(10)
    assert (running.store.clients["a"].name, running.store.clients["a"].note) == ("another", "")


async def test_each_flush_says_that_the_server_is_awake(autojump_clock, running):
    running.store.begin_run(running.presence.epoch, running.presence.clock.now().wall, 0.0)
    for until in (1, 2, 3, 4, 5, 6.25, 7.8125):  # a young run more often than every 10 s
        await trio.sleep_until(until + 0.1)
        [run] = running.store.runs
        assert run.heartbeat_at - run.started_at == pytest.approx(until, abs=0.01)
        assert run.awake == pytest.approx(running.keeper.awake_before + until, abs=0.01)


async def test_a_stall_begins_a_new_stretch_of_the_run(autojump_clock, running):
    running.store.begin_run(running.presence.epoch, running.presence.clock.now().wall, 0.0)
    await trio.sleep(15)
    running.asleep = 600.0  # the process was stopped
    await trio.sleep(10)
    first, second = running.store.runs
    assert first.heartbeat_at - first.started_at == pytest.approx(12.2, abs=0.01)
    assert second.started_at - first.started_at == pytest.approx(616, abs=1)
    await trio.sleep(60)
    assert running.store.runs[0] == first
    assert len(running.store.runs) == 2
    assert running.store.runs[1].heartbeat_at - second.started_at == pytest.approx(61, abs=1)


async def test_the_interval_is_asked_anew_for_each_flush(autojump_clock, new_world, nursery):
    world = new_world(flush_interval=10.0)
    intervals = iter([0.5, 0.7, 0.9, 100.0])
    world.keeper._flush_interval = lambda: next(intervals)
    await nursery.start(world.run)
    await trio.sleep(3)
    beats = [wall - WALL for _, wall in world.store.called("beat")]
    assert beats == pytest.approx([0.5, 1.2, 2.1], abs=0.01)


async def test_looking_for_the_dirty_among_many_lets_others_run(autojump_clock, running):
    """Portions: a task that only counts its turns gets one for each."""
    for number in range(5_000):
        running.register(f"web-{number:04}")
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        await trio.lowlevel.checkpoint()
        before = turns
        clients = await running.keeper._heard_since(running.keeper._flushed_until)
        assert turns - before >= 4
        nursery.cancel_scope.cancel()
    assert len(clients) == 5_000


# --- the end ----------------------------------------------------------------------------------


async def test_closing_writes_everything_and_ends_the_run_clean(autojump_clock, running):
    running.store.begin_run(running.presence.epoch, running.presence.clock.now().wall, 0.0)
    running.register("a")
    await trio.sleep(3)
    running.ping("a")
    running.say("a", "bye")
    running.leave("a")
    await running.close()
    assert running.stored == running.decided
    assert running.store.clients["a"].note == "bye"
    [run] = running.store.runs
    assert run.clean
    assert run.heartbeat_at == running.presence.clock.now().wall


async def test_closing_does_not_wait_out_a_long_pause(autojump_clock, running):
    running.store.down = True
    running.register("a")
    await trio.sleep(60)  # the next attempt is far
    running.store.down = False
    before = trio.current_time()
    await running.close()
    assert trio.current_time() - before < 1
    assert running.stored == running.decided


async def test_a_store_that_stays_away_is_tried_no_more_often_when_closing(autojump_clock, running):
    running.store.down = True
    running.register("a")
    await trio.sleep(60)
    failed = running.keeper.failures
    with trio.move_on_after(5):
        await running.close()
    assert 5 <= running.keeper.failures - failed <= 12
    running.store.down = False
    await running.keeper.finished.wait()


async def test_a_worker_thread_is_left_behind_by_who_is_cancelled():
    """In real time, with a real thread, that would take far longer."""
    release = trio.Event()
    token = trio.lowlevel.current_trio_token()
    began = time.monotonic()

    def slow() -> None:
        trio.from_thread.run_sync(release.set, trio_token=token)
        time.sleep(1.0)

    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(in_thread, slow)
            await release.wait()
            scope.cancel()
    assert time.monotonic() - began < 0.9
