"""Names of receivers, looked up beside everything else."""

import threading

import pytest
import trio
import trio.testing

from lastseen.server.notify.channels import resolving
from lastseen.server.notify.channels.resolving import Resolver


@pytest.mark.usefixtures("http")
async def test_the_client_of_channels_brings_its_resolver(monkeypatch: pytest.MonkeyPatch):
    asked = []
    monkeypatch.setattr(
        resolving.socket, "getaddrinfo", lambda *what: asked.append(what) or [("found",)]
    )
    assert await trio.socket.getaddrinfo("x.example", 443) == [("found",)]
    assert asked[0][0] in ("x.example", b"x.example")


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
