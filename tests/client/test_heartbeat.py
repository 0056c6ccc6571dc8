# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
import pytest
import trio

from lastseen.client.heartbeat import Heartbeat


async def test_a_ping_is_due_an_interval_after_the_last(autojump_clock):
    heart = Heartbeat()
    heart.follow(60)
    await heart.until_due(trio.current_time() - 20)
    assert trio.current_time() == pytest.approx(40)


async def test_a_process_that_slept_past_the_moment_pings_at_once(autojump_clock):
    heart = Heartbeat()
    heart.follow(60)
    await heart.until_due(trio.current_time() - 500)
    assert trio.current_time() == 0


@pytest.mark.parametrize(("interval", "due"), [(10, 20), (30, 30), (90, 90)])
async def test_another_interval_is_followed_at_once(interval, due, nursery, autojump_clock):
    """At 20 s it changes: a shorter one may be due already, a longer one only later."""
    heart = Heartbeat()
    heart.follow(60)

    async def change():
        await trio.sleep(20)
        heart.follow(interval)

    nursery.start_soon(change)
    await heart.until_due(0)
    assert trio.current_time() == pytest.approx(due)
