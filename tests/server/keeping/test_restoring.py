"""The start: who was present is awaited, and nobody is called gone because we were."""

# ruff: noqa: ARG001 - pytest-trio finds its clock among the arguments of the test itself

from typing import Any

import pytest
import trio

from lastseen.server.errors import StartFailed
from lastseen.server.keeping.restoring import restore

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


async def test_who_had_no_link_is_waited_for_by_its_own_timeout(
    autojump_clock, world, known, event, nursery
):
    world.store.clients["job"] = known("job", via="http", timeout=300.0)
    world.store.events.append(event("job", "online"))
    await restore(world.store, world.presence)
    assert world.presence.registry.record("job").timeout == 300
    nursery.start_soon(world.presence.clock.run)
    await trio.sleep(300 + 5 - 1)  # its own timeout + reconnect_grace of this run
    world.reap()
    assert world.decided == []
    await trio.sleep(2)
    world.reap()
    assert world.decided == [("job", "offline", "timeout")]


async def test_the_run_begins_in_the_store_and_the_log_tells_of_the_last(world, before, logged):
    before(world, online=1)
    world.store.begin_run("before", WALL - 500)
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
