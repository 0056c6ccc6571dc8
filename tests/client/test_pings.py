# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from lastseen.client import LinkLost
from lastseen.client.pings import Pings


class Sent:
    """Where pings go; closed, it lets nobody through."""

    def __init__(self):
        self.count = 0
        self.gate = trio.Event()

    async def send(self, _message):
        await self.gate.wait()
        self.count += 1


@pytest.fixture
def sent():
    gate = Sent()
    gate.gate.set()
    return gate


async def test_each_pong_is_for_the_oldest_ping(sent, nursery, autojump_clock):
    pings, done = Pings(sent.send, 10), []

    async def ping(name):
        await pings.ping()
        done.append(name)

    for name in ("first", "second"):
        nursery.start_soon(ping, name)
        await wait_all_tasks_blocked()
    pings.take_pong()
    await wait_all_tasks_blocked()
    assert done == ["first"]
    pings.take_pong()
    await wait_all_tasks_blocked()
    assert done == ["first", "second"]


async def test_a_missing_pong_is_a_lost_link(sent, autojump_clock):
    with pytest.raises(LinkLost, match="no pong within 3 s"):
        await Pings(sent.send, 3).ping()


async def test_a_ping_given_up_after_it_was_sent_still_has_its_pong(sent, nursery, autojump_clock):
    pings, done = Pings(sent.send, 10), trio.Event()
    with trio.move_on_after(1):
        await pings.ping()

    async def ping():
        await pings.ping()
        done.set()

    nursery.start_soon(ping)
    await wait_all_tasks_blocked()
    pings.take_pong()  # that of the first
    await wait_all_tasks_blocked()
    assert not done.is_set()
    pings.take_pong()
    await wait_all_tasks_blocked()
    assert done.is_set()


async def test_a_ping_given_up_before_it_was_sent_has_none(nursery, autojump_clock):
    sent = Sent()
    pings = Pings(sent.send, 10)
    with trio.move_on_after(1):
        await pings.ping()
    sent.gate.set()
    done = trio.Event()

    async def ping():
        await pings.ping()
        done.set()

    nursery.start_soon(ping)
    await wait_all_tasks_blocked()
    pings.take_pong()
    await wait_all_tasks_blocked()
    assert done.is_set()


async def test_a_pong_that_nobody_asked_for_changes_nothing(sent, autojump_clock):
    pings = Pings(sent.send, 10)
    pings.take_pong()
    with pytest.raises(LinkLost):
        await pings.ping()
