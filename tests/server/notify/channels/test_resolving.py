"""Names of receivers, looked up beside everything else."""

import threading

import pytest
import trio
import trio.testing

from lastseen.server.notify.channels import resolving
from lastseen.server.notify.channels.resolving import Resolver


async def test_the_client_of_channels_brings_its_resolver(http, monkeypatch: pytest.MonkeyPatch):
    async def found(_: Resolver, *asked: object) -> list[object]:
        return [asked[1]]

    monkeypatch.setattr(Resolver, "getaddrinfo", found)
    assert await trio.socket.getaddrinfo("x.example", 443) == [443]
    assert not http.is_closed


async def test_a_resolver_that_hangs_takes_no_thread_from_anybody_else(
    monkeypatch: pytest.MonkeyPatch,
):
    released = threading.Event()
    monkeypatch.setattr(resolving.socket, "getaddrinfo", lambda *_: released.wait(30))
    everybodys = trio.to_thread.current_default_thread_limiter()
    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(Resolver().getaddrinfo, "x.example", 443)
        await trio.testing.wait_all_tasks_blocked()
        assert everybodys.borrowed_tokens == 0
        nursery.cancel_scope.cancel()
    released.set()


async def test_names_are_found_and_addresses_have_names():
    resolver = Resolver()
    found = await resolver.getaddrinfo("127.0.0.1", 80)
    assert ("127.0.0.1", 80) in [address for *_, address in found]
    assert (await resolver.getnameinfo(("127.0.0.1", 80), 3))[1] == "80"
