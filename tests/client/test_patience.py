# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from lastseen.client import LinkLost
from lastseen.client.patience import patiently


async def test_what_comes_in_time_is_waited_for(autojump_clock, nursery):
    event = trio.Event()

    async def come():
        await trio.sleep(9)
        event.set()

    nursery.start_soon(come)
    await patiently(event, 10, "pong")
    assert trio.current_time() == pytest.approx(9)


async def test_what_does_not_come_in_time_is_named(autojump_clock):
    with pytest.raises(LinkLost, match="no pong within 10 s"):
        await patiently(trio.Event(), 10, "pong")
    assert trio.current_time() == pytest.approx(10)


async def test_a_stall_of_our_own_is_not_held_against_the_server(mock_clock, nursery):
    """A process stopped for 60 s wakes with the deadline past and the pong unread."""
    event, failures = trio.Event(), []

    async def wait():
        try:
            await patiently(event, 10, "pong")
        except LinkLost as lost:
            failures.append(lost)

    nursery.start_soon(wait)
    await wait_all_tasks_blocked()
    mock_clock.jump(60)
    await wait_all_tasks_blocked()
    assert failures == []
    event.set()
    await wait_all_tasks_blocked()
    assert failures == []


async def test_after_a_stall_there_is_one_more_deadline_and_no_more(mock_clock, nursery):
    failures = []

    async def wait():
        try:
            await patiently(trio.Event(), 10, "pong")
        except LinkLost as lost:
            failures.append(lost)

    nursery.start_soon(wait)
    for step in (60, 10):
        await wait_all_tasks_blocked()
        assert failures == []
        mock_clock.jump(step)
    await wait_all_tasks_blocked()
    assert len(failures) == 1
