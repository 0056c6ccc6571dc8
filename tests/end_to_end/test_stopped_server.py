"""A server that stood still for longer than connection_timeout blames itself: nobody is lost."""

import signal
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import trio

from lastseen.client import Disconnected, connect, observe

STOPPED = 3.5  # seconds: longer than connection_timeout (2) and reconnect_grace (1) together
CLIENTS = 40


async def until_all_are_well(server: Any) -> None:
    """Wait until all are online, heard from twice since, and the reaper has looked often."""
    async with observe(server.address, wait=True) as observer:
        begin = await observer.stats()
        with trio.fail_after(60):
            while True:
                now = await observer.stats()
                well = (now.online, now.late) == (CLIENTS, 0)
                heard = now.pings - begin.pings >= 2 * CLIENTS
                if well and heard and now.reaper_passes - begin.reaper_passes >= 5:
                    return
                await trio.sleep(0.05)


def lost(server: Any) -> list[Any]:
    """Who was ever offline, but by leaving."""
    return [event for event in server.events("client offline") if event["reason"] != "left"]


async def stand_still(server: Any) -> None:
    server.signal(signal.SIGSTOP)
    await trio.sleep(STOPPED)  # the stall itself: there is no condition to wait for
    server.signal(signal.SIGCONT)
    server.logged("the server stalled; deadlines move by as much")


async def test_nobody_whose_link_stood_is_lost(server: Any):
    async with AsyncExitStack() as stack:
        for number in range(CLIENTS):
            await stack.enter_async_context(connect(server.address, client_id=f"web-{number}"))
        await stand_still(server)
        await until_all_are_well(server)
    assert not lost(server)


async def test_nobody_who_gave_up_on_the_server_meanwhile_and_came_back_is_lost(server: Any):
    impatient = partial(connect, server.address, jitter=lambda: 0.2, pong_deadline=0.7)
    events: list[Any] = []
    async with AsyncExitStack() as stack:
        for number in range(CLIENTS):
            client = impatient(client_id=f"web-{number}", on_event=events.append)
            await stack.enter_async_context(client)
        await stand_still(server)
        await until_all_are_well(server)
    assert sum(isinstance(event, Disconnected) for event in events) >= CLIENTS
    assert not lost(server)
