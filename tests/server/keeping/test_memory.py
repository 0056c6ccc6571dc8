"""From the start to the end: everything is written, and nothing holds up the exit."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from lastseen.server.config import Config
from lastseen.server.keeping.memory import LAST_WRITES, Memory
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.presence import Presence
from lastseen.server.steering import Steering, policy_of
from lastseen.server.store.opening import open_store
from lastseen.shared.wire import to_frame


@pytest.fixture
def new_memory():
    """Makes a memory of a store, inside trio."""

    def make(store: Any) -> Memory:
        config = Config()
        presence = Presence(policy_of(config), AwakeClock(), {"msgpack": to_frame})
        return Memory(store, presence, Steering(config, presence))

    return make


async def test_a_shutdown_writes_everything_and_the_next_start_finds_the_run_clean(
    new_memory, tmp_path, nursery
):
    store = open_store(f"sqlite:///{tmp_path}/test.db")
    memory = new_memory(store)
    await memory.restore()
    nursery.start_soon(memory.run)
    with trio.fail_after(10):
        await memory.finish()
    nursery.cancel_scope.cancel()
    run = store.last_run()
    assert run.clean
    store.close()


async def test_the_store_follows_the_settings(new_memory, new_world):
    memory = new_memory(new_world().store)
    assert memory._flush_interval() == 10
    assert memory._retention() == (30, 90)


def test_a_database_that_stays_away_holds_the_exit_up_for_a_bounded_time(
    new_memory, new_world, logged
):
    async def main() -> float:
        store = new_world().store
        memory = new_memory(store)
        memory.keeper._in_thread = store.here
        store.down = True
        async with trio.open_nursery() as nursery:
            nursery.start_soon(memory.run)
            await trio.sleep(1)
            before = trio.current_time()
            await memory.finish()
            took = trio.current_time() - before
            nursery.cancel_scope.cancel()
        return took

    took = trio.run(main, clock=MockClock(autojump_threshold=0))
    assert took == pytest.approx(LAST_WRITES, abs=0.1)
    assert "not everything could be written" in logged()
