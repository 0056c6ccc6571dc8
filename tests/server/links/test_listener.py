"""Listening sockets: on what, and what becomes of those that come when there is no room."""

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise

import pytest
import trio
import trio.testing
from tests.ipv6 import HAS_IPV6

from lastseen.server.errors import StartFailed
from lastseen.server.links import listener as module
from lastseen.server.links.listener import (
    ACCEPTED_AT_ONCE,
    KEEPALIVE_AFTER,
    PAUSE,
    accept,
    bind,
    listen,
)

Address = tuple[str, int]
Listening = Callable[..., list[socket.socket]]


@pytest.fixture
def listening() -> Iterator[Listening]:
    """Listens, and closes everything in the end."""
    opened: list[socket.socket] = []

    def listening(*hosts: str, port: int = 0) -> list[socket.socket]:
        sockets = bind(hosts, port)
        for sock in sockets:
            listen(sock)
        opened.extend(sockets)
        return sockets

    yield listening
    for sock in opened:
        sock.close()


# --- listening -----------------------------------------------------------------------------------


def test_port_0_is_a_free_port_the_same_for_every_address_of_the_host(
    listening: Listening,
):
    sockets = listening("localhost")
    ports = {sock.getsockname()[1] for sock in sockets}
    assert len(ports) == 1
    assert ports != {0}
    for sock in sockets:
        socket.create_connection(sock.getsockname()[:2], timeout=5).close()


def test_what_comes_in_sends_at_once_and_finds_dead_links(
    listening: Listening,
):
    (listener,) = listening("127.0.0.1")
    with socket.create_connection(listener.getsockname(), timeout=5):
        ours, _ = listener.accept()
    with ours:
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if hasattr(socket, "TCP_KEEPIDLE"):
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == KEEPALIVE_AFTER
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 120_000


def test_a_port_in_use_is_a_sentence_that_names_it(
    listening: Listening,
):
    port = listening("127.0.0.1")[0].getsockname()[1]
    with pytest.raises(StartFailed) as failed:
        bind(["127.0.0.1"], port)
    assert str(failed.value) == f"cannot listen on 127.0.0.1:{port}: address already in use"


@pytest.mark.parametrize("host", ["192.0.2.1", "x" * 64, "a..b"])
def test_an_address_that_cannot_be_is_a_sentence_that_names_it(host: str):
    with pytest.raises(StartFailed, match=f"^cannot listen on {host}:8080: .+"):
        bind([host], 8080)


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")
@pytest.mark.parametrize("hosts", [["::"], ["::", "0.0.0.0"], ["0.0.0.0", "::"]])  # noqa: S104
def test_the_ipv6_wildcard_serves_ipv4_too_on_one_port(listening: Listening, hosts: list[str]):
    sockets = listening(*hosts)
    assert {sock.family for sock in sockets} == {socket.AF_INET, socket.AF_INET6}
    (port,) = {sock.getsockname()[1] for sock in sockets}
    for address in ("127.0.0.1", "::1"):
        socket.create_connection((address, port), timeout=5).close()


def test_where_the_system_has_no_ipv6_the_ipv6_wildcard_serves_ipv4(
    listening: Listening, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(module, "_is_available", lambda family, _: family == socket.AF_INET)
    (sock,) = listening("::")
    socket.create_connection(("127.0.0.1", sock.getsockname()[1]), timeout=5).close()
    assert "only one of IPv4 and IPv6" in capsys.readouterr().err


def test_several_addresses_are_listened_on_and_each_once(listening: Listening):
    sockets = listening("127.0.0.1", "127.0.0.2", "127.0.0.1")
    (port,) = {sock.getsockname()[1] for sock in sockets}
    assert [sock.getsockname()[0] for sock in sockets] == ["127.0.0.1", "127.0.0.2"]
    socket.create_connection(("127.0.0.2", port), timeout=5).close()


def test_if_one_of_several_addresses_is_in_use_it_is_named_and_none_is_left_open(
    listening: Listening,
):
    port = listening("127.0.0.2")[0].getsockname()[1]
    with pytest.raises(StartFailed, match=rf"^cannot listen on 127\.0\.0\.2:{port}: address"):
        bind(["127.0.0.1", "127.0.0.2"], port)
    listening("127.0.0.1", port=port)


# --- accepting -----------------------------------------------------------------------------------


class FakeListener:
    """A listening socket whose queue a test fills, with connections or with errors.

    It is a real datagram socket, so that trio can wait for it; a datagram makes it readable.
    """

    def __init__(self) -> None:
        self._readable, self._bell = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._readable.setblocking(False)
        self.queue: list[OSError | Address] = []
        self.tries: list[float] = []

    def fileno(self) -> int:
        return self._readable.fileno()

    def arrives(self, *these: OSError | Address) -> None:
        self.queue += these
        self._bell.send(b"x")

    def accept(self) -> tuple[socket.socket, Address]:
        self.tries.append(trio.current_time())
        if not self.queue:
            with suppress(BlockingIOError):
                self._readable.recv(1)
            raise BlockingIOError
        first = self.queue[0]
        if isinstance(first, OSError) and first.errno in (errno.EMFILE, errno.ENFILE):
            raise first  # it stays in the queue of the kernel
        self.queue.pop(0)
        if isinstance(first, OSError):
            raise first
        return socket.socket(), first

    def close(self) -> None:
        self._readable.close()
        self._bell.close()


@pytest.fixture
def listener() -> Iterator[FakeListener]:
    listener = FakeListener()
    yield listener
    listener.close()


@pytest.fixture
def admitted() -> Iterator[list[tuple[socket.socket, Address]]]:
    admitted: list[tuple[socket.socket, Address]] = []
    yield admitted
    for sock, _ in admitted:
        sock.close()


async def rest() -> None:
    for _ in range(5):  # trio finds sockets ready only when it looks
        await trio.testing.wait_all_tasks_blocked(0.001)


async def test_every_connection_is_admitted_with_its_address_and_never_blocks(
    listener: FakeListener, admitted: list, nursery: trio.Nursery
):
    nursery.start_soon(accept, listener, lambda *it: admitted.append(it))
    listener.arrives(("192.0.2.7", 1), ("2001:db8::1", 2, 0, 0))  # type: ignore[arg-type]
    await rest()
    assert [address for _, address in admitted] == [("192.0.2.7", 1), ("2001:db8::1", 2)]
    assert not any(sock.getblocking() for sock, _ in admitted)


async def test_an_ipv4_peer_of_an_ipv6_socket_has_its_ipv4_address(
    listener: FakeListener, admitted: list, nursery: trio.Nursery
):
    nursery.start_soon(accept, listener, lambda *it: admitted.append(it))
    listener.arrives(("::ffff:192.0.2.7", 1, 0, 0))  # type: ignore[arg-type]
    await rest()
    assert [address for _, address in admitted] == [("192.0.2.7", 1)]


async def test_one_that_crashes_as_it_comes_in_is_closed_and_the_next_are_admitted(
    listener: FakeListener,
    admitted: list,
    nursery: trio.Nursery,
    capsys: pytest.CaptureFixture[str],
):
    crashed: list[socket.socket] = []

    def admit(sock: socket.socket, address: Address) -> None:
        if address[0] == "192.0.2.66":
            crashed.append(sock)
            raise RuntimeError("a fault of ours")
        admitted.append((sock, address))

    nursery.start_soon(accept, listener, admit)
    listener.arrives(("192.0.2.7", 1), ("192.0.2.66", 2), ("192.0.2.7", 3))
    await rest()
    assert [address for _, address in admitted] == [("192.0.2.7", 1), ("192.0.2.7", 3)]
    assert crashed[0].fileno() == -1
    assert "RuntimeError: a fault of ours" in capsys.readouterr().err


async def test_a_crowd_is_taken_in_portions_so_that_others_get_their_turn(
    listener: FakeListener, admitted: list, nursery: trio.Nursery
):
    sizes: list[int] = []

    async def somebody_else() -> None:
        while True:
            sizes.append(len(admitted))
            await trio.lowlevel.checkpoint()

    listener.arrives(*[("192.0.2.7", port) for port in range(1000)])
    nursery.start_soon(somebody_else)
    nursery.start_soon(accept, listener, lambda *it: admitted.append(it))
    with trio.fail_after(10):
        while len(admitted) < 1000:
            await trio.lowlevel.checkpoint()
    steps = [after - before for before, after in pairwise(sizes)]
    assert 0 < max(steps) <= 2 * ACCEPTED_AT_ONCE  # trio shuffles who goes first in a round


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
async def test_without_room_for_one_more_it_pauses_says_so_and_recovers(
    listener: FakeListener,
    admitted: list,
    nursery: trio.Nursery,
    mock_clock: trio.testing.MockClock,
    capsys: pytest.CaptureFixture[str],
    code: int,
):
    nursery.start_soon(accept, listener, lambda *it: admitted.append(it))
    listener.arrives(OSError(code, "no room"), ("192.0.2.7", 1))
    await rest()
    assert len(listener.tries) == 1
    assert "cannot accept more connections now" in capsys.readouterr().err
    if isinstance(listener.queue[0], OSError):
        listener.queue.pop(0)  # room again
    mock_clock.jump(PAUSE - 0.01)
    await rest()
    assert admitted == []
    mock_clock.jump(0.02)
    await rest()
    assert [address for _, address in admitted] == [("192.0.2.7", 1)]


@pytest.mark.parametrize("code", [errno.ECONNABORTED, errno.EPROTO, errno.EHOSTUNREACH])
async def test_one_that_died_in_the_queue_harms_nobody_behind_it(
    listener: FakeListener, admitted: list, nursery: trio.Nursery, code: int
):
    nursery.start_soon(accept, listener, lambda *it: admitted.append(it))
    listener.arrives(OSError(code, "died"), ("192.0.2.7", 1))
    await rest()
    assert [address for _, address in admitted] == [("192.0.2.7", 1)]


async def test_one_that_cannot_be_served_is_closed_and_harms_nobody_behind_it(
    listener: FakeListener, admitted: list, nursery: trio.Nursery
):
    def admit(sock: socket.socket, address: Address) -> None:
        admitted.append((sock, address))
        if len(admitted) == 1:
            raise OSError(errno.ENOSPC, "no room in the poll set")

    nursery.start_soon(accept, listener, admit)
    listener.arrives(("192.0.2.7", 1), ("192.0.2.7", 2))
    await rest()
    assert [sock.fileno() == -1 for sock, _ in admitted] == [True, False]


async def test_a_listener_that_is_broken_itself_is_a_fault_and_not_swallowed(
    listener: FakeListener,
):
    listener.arrives(OSError(errno.EINVAL, "not listening"))
    with pytest.raises(OSError, match="not listening"), trio.fail_after(5):
        await accept(listener, lambda *_: None)
