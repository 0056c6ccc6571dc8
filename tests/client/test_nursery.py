import pytest
import trio

from lastseen.client.nursery import plain_nursery


async def fail(error):
    raise error


async def test_a_lone_error_of_the_body_comes_out_as_itself():
    error = ValueError("mine")
    with pytest.raises(ValueError, match="mine") as caught:
        async with plain_nursery():
            raise error
    assert caught.value is error
    assert caught.value.__context__ is None


async def test_a_lone_error_of_a_task_comes_out_as_itself():
    with pytest.raises(KeyError):
        async with plain_nursery() as nursery:
            nursery.start_soon(fail, KeyError("k"))


async def test_several_errors_come_out_as_a_group():
    with pytest.RaisesGroup(KeyError, ValueError):
        async with plain_nursery() as nursery:
            nursery.start_soon(fail, KeyError("k"))
            raise ValueError("v")


async def test_cancellation_passes_through(autojump_clock):
    with trio.move_on_after(1) as scope:
        async with plain_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert autojump_clock.current_time() == pytest.approx(1)
