"""A server that restarts, well or badly, on its port: everyone comes back."""

import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import trio

from lastseen.client import Connected, Disconnected, connect, observe

Start = Callable[..., Any]

CLIENTS = 60


class Crowd:
    """Clients of the library, and what happened to their links."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    async def connect(self, stack: AsyncExitStack, server: Any) -> None:
        for number in range(CLIENTS):
            client_id = f"web-{number}"
            note = partial(self._note, client_id)
            client = connect(server.address, client_id=client_id, on_event=note, jitter=lambda: 0.3)
            await stack.enter_async_context(client)
        self.events.clear()

    def of(self, kind: type) -> list[Any]:
        return [event for _, event in self.events if isinstance(event, kind)]

    async def back(self) -> None:
        """Wait until each has been connected again."""
        with trio.fail_after(60):
            while len(self._connected()) < CLIENTS:  # noqa: ASYNC110 - a list tells nobody
                await trio.sleep(0.02)

    def _connected(self) -> set[str]:
        return {client_id for client_id, event in self.events if isinstance(event, Connected)}

    def _note(self, client_id: str, event: Any) -> None:
        self.events.append((client_id, event))


async def everyone(server: Any) -> dict[str, str]:
    async with observe(server.address, wait=True) as observer:
        return {client.client_id: client.status async for client in observer.clients()}


async def test_after_a_restart_all_come_back_spread_out(start: Start):
    server, crowd = start(), Crowd()
    async with AsyncExitStack() as stack:
        await crowd.connect(stack, server)
        server.signal(signal.SIGTERM)
        assert await trio.to_thread.run_sync(server.wait) == 0
        again = start(server={"port": server.port})
        await crowd.back()
        assert await everyone(again) == {f"web-{n}": "online" for n in range(CLIENTS)}
    waits = [event.retry_in for event in crowd.of(Disconnected)]
    assert len(waits) == CLIENTS
    assert 0.5 <= min(waits) < max(waits) <= 0.5 + CLIENTS / 500 + 0.001
    assert max(waits) - min(waits) > CLIENTS / 500 / 2
    assert not [e for e in again.events("client offline") if e["reason"] != "left"]


async def test_after_a_crash_all_come_back(start: Start):
    server, crowd = start(), Crowd()
    async with AsyncExitStack() as stack:
        await crowd.connect(stack, server)
        server.signal(signal.SIGKILL)
        await trio.to_thread.run_sync(server.wait)
        again = start(server={"port": server.port})
        await crowd.back()
        assert await everyone(again) == {f"web-{n}": "online" for n in range(CLIENTS)}
        assert not again.events("client offline")
