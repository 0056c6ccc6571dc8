"""Forgetting in portions, never anyone who is present."""

# ruff: noqa: ARG001 - pytest-trio finds its clock among the arguments of the test itself

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from lastseen.server.keeping.cleaning import clean, clean_once

DAY = 86_400.0
WALL = 1_800_000_000.0


def retention():
    return 30.0, 90.0


async def test_clients_that_were_offline_for_long_and_old_events_are_forgotten(
    world, known, event, logged
):
    now = world.presence.clock.now().wall
    for client_id, days in (("old", 31), ("young", 29)):
        world.store.clients[client_id] = known(client_id, last_seen=now - days * DAY)
    world.store.events += [event("old", "offline", at=now - days * DAY) for days in (91, 89)]
    world.store.outcomes.clear()
    forgotten = await clean_once(world.store, world.presence, retention, world.store.here)
    assert forgotten == (1, 1)
    assert list(world.store.clients) == ["young"]
    assert [round((now - e.at) / DAY) for e in world.store.events] == [89]
    assert world.store.called("forget_runs_before")
    assert "forgotten" in (log := logged())
    assert "clients=1" in log
    assert "events=1" in log


async def test_what_was_told_is_forgotten_with_what_it_was_about(world):
    now = world.presence.clock.now().wall
    await clean_once(world.store, world.presence, retention, world.store.here)
    days = {
        name: [round((now - moment) / DAY) for moment, _ in world.store.called(name)]
        for name in ("forget_before", "forget_standings_before", "forget_silences_before")
    }
    assert days == {
        "forget_before": [90],
        "forget_standings_before": [30],
        "forget_silences_before": [1],
    }


async def test_what_was_told_is_forgotten_by_the_clock_that_it_was_scheduled_with(world):
    await clean_once(world.store, world.presence, retention, world.store.here, lambda: 1_000 * DAY)
    [(moment, _)] = world.store.called("forget_before")
    assert moment == (1_000 - 90) * DAY


async def test_one_that_is_present_is_never_forgotten(world, known):
    world.store.clients["web-01"] = known("web-01", last_seen=WALL - 300 * DAY)
    world.register("web-01")
    assert await clean_once(world.store, world.presence, retention, world.store.here) == (0, 0)
    assert "web-01" in world.store.clients


async def test_one_that_went_offline_long_ago_is_not_listed_any_more(
    autojump_clock, world, nursery
):
    nursery.start_soon(world.presence.clock.run)
    world.register("old")
    world.leave("old")
    await trio.sleep(100)
    world.register("young")
    world.leave("young")
    seconds = lambda: (50 / DAY, 90.0)  # noqa: E731 - of days
    await clean_once(world.store, world.presence, seconds, world.store.here)
    assert world.presence.registry.record("old") is None
    assert list(world.presence.registry.ids_after(None)) == ["young"]


async def test_no_call_forgets_more_than_a_thousand(world, known, event):
    for number in range(2_100):
        client_id = f"web-{number}"
        world.store.clients[client_id] = known(client_id, last_seen=WALL - 300 * DAY)
    world.store.events += [event("a", "offline", at=WALL - 300 * DAY, id=n) for n in range(1_000)]
    assert await clean_once(world.store, world.presence, retention, world.store.here) == (
        2_100,
        1_000,
    )
    assert [limit for _, limit in world.store.called("forget_offline_since")] == [1000] * 3
    assert [limit for _, limit in world.store.called("forget_events_before")] == [1000] * 2


async def test_nothing_forgotten_is_nothing_said(world, logged):
    await clean_once(world.store, world.presence, retention, world.store.here)
    assert "forgotten" not in logged()


@pytest.mark.parametrize(
    ("outcome", "said"),
    [("fails", "nothing forgotten this time"), ("crashes", "cleaning up crashed")],
)
async def test_a_round_that_fails_is_followed_by_the_next_five_minutes_later(
    autojump_clock, world, nursery, logged, outcome, said
):
    nursery.start_soon(clean, world.store, world.presence, retention, world.store.here)
    nursery.start_soon(world.presence.clock.run)
    await trio.sleep(299)
    assert world.store.calls == []
    world.store.outcomes.append(outcome)
    await trio.sleep(2)
    assert said in logged()
    assert len(world.store.calls) == 1
    await trio.sleep(300)
    await wait_all_tasks_blocked()
    assert len(world.store.calls) == 1 + 8
    nursery.cancel_scope.cancel()


async def test_nothing_is_deleted_by_a_clock_that_jumped_and_the_log_says_so_once(
    autojump_clock, world, known, nursery, logged
):
    now = world.presence.clock.now().wall
    world.store.begin_run("old", now - 100 * DAY, 0.0)
    world.store.beat("old", now - 100 * DAY + 60, 60.0)
    world.store.begin_run("new", now, 60.0)
    world.store.clients["old"] = known("old", last_seen=now - 100 * DAY)
    nursery.start_soon(clean, world.store, world.presence, retention, world.store.here)
    await trio.sleep(1000)
    assert "old" in world.store.clients
    assert logged().count("the clock went forward by days: nothing is deleted for a day") == 1
