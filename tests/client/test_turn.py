# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
import trio

from lastseen.client.turn import Turn
from lastseen.shared.messages import ClientList, Diff


def page(number, after=None):
    return ClientList([], "e1", 0, after=after, request_id=number)


async def test_a_turn_lasts_until_the_last_page(autojump_clock, nursery):
    turn, taken = Turn(10.0), trio.Event()
    await turn.take(1)

    async def wait():
        await turn.take(2)
        taken.set()

    nursery.start_soon(wait)
    for message in (page(1, after="a"), Diff("e1", 1), page(7)):
        turn.hear(message)
        await trio.sleep(9)
        assert not taken.is_set()
        turn.hear(page(1, after="b"))  # each is a sign of life
    turn.hear(page(1))
    with trio.fail_after(1):
        await taken.wait()


async def test_who_waits_for_a_silent_holder_takes_its_turn_and_nobody_takes_theirs(
    autojump_clock, nursery
):
    turn, taken = Turn(10.0), []

    async def wait(number):
        await turn.take(number)
        taken.append((number, trio.current_time()))

    for number in (1, 2, 3):
        nursery.start_soon(wait, number)
    await trio.sleep(25)
    assert [round(time) for _, time in sorted(taken, key=lambda one: one[1])] == [0, 10, 20]


async def test_the_turn_of_another_is_not_ended(autojump_clock):
    turn = Turn(10.0)
    await turn.take(1)
    turn.end(2)
    with trio.move_on_after(5) as waiting:
        await turn.take(2)
    assert waiting.cancelled_caught
    turn.end(1)
    with trio.fail_after(1):
        await turn.take(2)


async def test_after_the_link_nobody_waits(autojump_clock, nursery):
    turn = Turn(10.0)
    await turn.take(1)
    turn.wake()
    with trio.fail_after(1):
        await turn.take(2)
