"""The start: who was present is awaited, and nobody is called gone because we were."""

# ruff: noqa: ARG001 - pytest-trio finds its clock among the arguments of the test itself

from typing import Any

import pytest
import trio

from lastseen.server.errors import StartFailed
from lastseen.server.keeping.restoring import restore
from lastseen.server.presence.linkless import Beat
from lastseen.server.store.model import Run

WALL = 1_800_000_000.0


@pytest.fixture
def before(known, event):
    """Has a store remember clients as a run before left them."""

    def fill(world: Any, online: int, offline: int = 0) -> None:
        for number in range(online + offline):
            client_id = f"web-{number:04}"
            world.store.clients[client_id] = known(client_id)
            world.store.events.append(event(client_id, "online" if number < online else "offline"))

    return fill


async def test_who_was_present_is_late_as_it_was_known_and_nothing_is_recorded(world, before):
    before(world, online=1, offline=1)
    await restore(world.store, world.presence)
    record = world.presence.registry.record("web-0000")
    assert (record.status, record.reason, record.sessions) == ("late", "closed", 0)
    assert (record.name, record.groups, record.meta) == ("Web", ("web",), {"rack": 7})
    assert (record.availability, record.note) == ("busy", "in a call")
    assert (record.address, record.last_seen.timestamp()) == ("10.0.0.1:4000", WALL - 100)
    assert world.presence.registry.record("web-0001") is None
    assert world.decided == []
    assert world.keeper.queued == 0


async def test_many_are_read_in_pages(world, before):
    before(world, online=2_500)
    await restore(world.store, world.presence)
    assert world.presence.registry.counts == {"online": 0, "late": 2_500}
    assert len(world.store.called("were_online")) == 3


async def test_who_comes_back_has_returned_and_who_does_not_is_given_up_as_closed(
    autojump_clock, world, before, nursery
):
    before(world, online=2)
    await restore(world.store, world.presence)  # in threads: simulated time must not run yet
    nursery.start_soon(world.presence.clock.run)
    await trio.sleep(60)
    world.register("web-0000")
    await trio.sleep(120 + 5 - 60 - 1)  # connection_timeout + reconnect_grace of this run
    world.reap()
    assert world.decided == [("web-0000", "online", "returned")]
    await trio.sleep(2)
    world.ping("web-0000")
    world.reap()
    assert world.decided[1:] == [("web-0001", "offline", "closed")]
    [_, entry] = world.keeper._queue
    event, client = entry.event, entry.client
    assert (event.last_seen, client.last_seen) == (WALL - 100, WALL - 100)
    assert event.deadline == pytest.approx(world.presence.clock.now().wall - 1, abs=0.5)


@pytest.fixture
def beat_before(known, event):
    """Has a store remember a client by its last heartbeat, and how long the server was awake."""

    def fill(world: Any, client_id: str, heard_awake: float, awake: float, **limits: float) -> None:
        world.store.clients[client_id] = known(
            client_id, via="http", heard_awake=heard_awake, **({"timeout": 300.0} | limits)
        )
        world.store.events.append(event(client_id, "online"))
        world.store.runs[:] = [Run("before", WALL - 500, WALL - 200, clean=False, awake=awake)]

    return fill


async def test_the_time_since_a_heartbeat_goes_on_where_the_last_run_ended(
    autojump_clock, world, beat_before, nursery
):
    beat_before(world, "job", heard_awake=1_000, awake=1_100)
    await restore(world.store, world.presence)
    record = world.presence.registry.record("job")
    assert (record.status, record.timeout) == ("online", 300)
    nursery.start_soon(world.presence.clock.run)
    await trio.sleep(200 + 5 - 1)  # what is left of its timeout + reconnect_grace of this run
    world.reap()
    assert world.decided == []
    await trio.sleep(2)
    world.reap()
    assert world.decided == [("job", "offline", "timeout")]


async def test_a_heartbeat_that_was_written_after_the_last_sign_of_the_server_is_no_older_than_that(
    autojump_clock, world, beat_before
):
    beat_before(world, "job", heard_awake=1_103, awake=1_100)
    await restore(world.store, world.presence)
    [session] = world.presence.registry.sessions_of("job")
    assert session.last_ping.awake == pytest.approx(world.presence.clock.now().awake, abs=0.01)


async def test_one_that_was_to_be_heard_of_by_now_is_late(autojump_clock, world, beat_before):
    beat_before(world, "job", heard_awake=1_000, awake=1_100, every=60.0)
    beat_before(world, "other", heard_awake=1_050, awake=1_100, every=60.0)
    await restore(world.store, world.presence)
    assert world.presence.registry.counts == {"online": 1, "late": 1}
    assert world.presence.registry.record("job").status == "late"


async def test_the_awake_time_of_all_runs_goes_on(autojump_clock, world, beat_before, nursery):
    beat_before(world, "job", heard_awake=1_000, awake=1_100)
    world.keeper.awake_before = await restore(world.store, world.presence)
    assert world.store.runs[-1].awake == 1_100
    await nursery.start(world.run)
    await trio.sleep(9.5)
    world.presence.beat(Beat("job", "http", "10.0.0.7:4000", 300.0), world.presence.clock.now())
    await trio.sleep(7)
    assert world.store.clients["job"].heard_awake == pytest.approx(1_109.5, abs=0.01)
    assert world.store.runs[-1].awake == pytest.approx(1_115.3, abs=0.1)
    await world.close()
    assert world.store.runs[-1].awake == pytest.approx(1_116.5, abs=0.01)


async def test_however_often_the_server_restarts_a_dead_job_is_offline_when_its_time_is_up(
    autojump_clock, new_world, beat_before
):
    """Each run is killed after 8 s; the store is all that the next one knows."""
    store, awake = None, 0.0
    for _ in range(10):
        world = new_world()
        if store is None:
            beat_before(world, "job", heard_awake=0.0, awake=0.0, timeout=20.0)
            store = world.store
        world.store = world.keeper._store = store
        world.keeper._in_thread = store.here
        world.keeper.awake_before = await restore(store, world.presence, store.here)
        async with trio.open_nursery() as nursery:
            await nursery.start(world.run)
            for _ in range(16):
                await trio.sleep(0.5)
                awake += 0.5
                world.reap()
                if world.decided:
                    break
            nursery.cancel_scope.cancel()
        if world.decided:
            break
    assert world.decided == [("job", "offline", "timeout")]
    # The timeout and one grace, and what a kill loses: a fifth of the time since the start at most.
    assert 25.0 <= awake <= 25.0 + 3 * 8 / 5


async def test_the_run_begins_in_the_store_and_the_log_tells_of_the_last(world, before, logged):
    before(world, online=1)
    world.store.begin_run("before", WALL - 500, 0.0)
    await restore(world.store, world.presence)
    assert [run.epoch for run in world.store.runs] == ["before", world.presence.epoch]
    log = logged()
    assert "clients restored" in log
    assert "late=1" in log
    assert "last_run=killed" in log


async def test_a_new_store_is_said_to_be_new(world, logged):
    await restore(world.store, world.presence)
    assert "a new store: nobody is known yet" in logged()


@pytest.mark.parametrize("works_first", [0, 1, 2])
async def test_a_database_that_does_not_answer_now_is_a_failed_start(world, works_first):
    world.store.outcomes.extend(["works"] * works_first + ["fails"])
    with pytest.raises(StartFailed, match="the store is unavailable: it is away"):
        await restore(world.store, world.presence)
