"""What the pump relies on, for every poller that there is."""

import select
import socket
from collections.abc import Iterator

import pytest

from lastseen.server.links.poller import (
    READ,
    WRITE,
    Poller,
    is_writable,
    new_poller,
)

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    pairs = [socket.socketpair() for _ in range(8)]
    for sock in (sock for pair in pairs for sock in pair):
        sock.setblocking(False)
    yield pairs
    for sock in (sock for pair in pairs for sock in pair):
        sock.close()


def fill(sock: socket.socket) -> None:
    """Send until the kernel takes no more."""
    try:
        while True:
            sock.send(bytes(65536))
    except BlockingIOError:
        return


def events(poller: Poller, sock: socket.socket) -> int:
    return dict(poller.poll(0, 100)).get(sock.fileno(), 0)


def test_nobody_is_ready_where_nothing_has_come(poller: Poller, pairs: list[Pair]):
    poller.register(pairs[0][0].fileno(), READ)
    assert poller.poll(0, 100) == []


def test_who_can_read_is_ready_and_nobody_else(poller: Poller, pairs: list[Pair]):
    for ours, _ in pairs:
        poller.register(ours.fileno(), READ)
    pairs[2][1].send(b"x")
    assert poller.poll(0, 100) == [(pairs[2][0].fileno(), READ)]


def test_who_did_not_read_stays_ready(poller: Poller, pairs: list[Pair]):
    ours, theirs = pairs[0]
    poller.register(ours.fileno(), READ)
    theirs.send(b"x")
    assert events(poller, ours) == events(poller, ours) == READ


def test_who_waits_to_write_is_ready_when_there_is_room(poller: Poller, pairs: list[Pair]):
    ours, theirs = pairs[0]
    poller.register(ours.fileno(), READ)
    fill(ours)
    poller.modify(ours.fileno(), WRITE)
    assert events(poller, ours) == 0
    while select.select([theirs], [], [], 0)[0]:
        theirs.recv(65536)
    assert events(poller, ours) == WRITE


def test_what_is_not_asked_for_is_not_told(poller: Poller, pairs: list[Pair]):
    ours, theirs = pairs[0]
    poller.register(ours.fileno(), READ)
    theirs.send(b"x")
    poller.modify(ours.fileno(), WRITE)
    assert events(poller, ours) == WRITE
    poller.modify(ours.fileno(), READ | WRITE)
    assert events(poller, ours) == READ | WRITE


@pytest.mark.parametrize("interest", [READ, WRITE, READ | WRITE])
def test_a_hang_up_is_told_whatever_was_asked_for(poller: Poller, pairs: list[Pair], interest: int):
    ours, theirs = pairs[0]
    poller.register(ours.fileno(), READ)
    poller.modify(ours.fileno(), interest)
    theirs.close()
    assert events(poller, ours)


def test_who_left_is_not_told_of_and_may_come_back(poller: Poller, pairs: list[Pair]):
    ours, theirs = pairs[0]
    poller.register(ours.fileno(), READ)
    theirs.send(b"x")
    poller.unregister(ours.fileno())
    assert poller.poll(0, 100) == []
    poller.register(ours.fileno(), READ)
    assert events(poller, ours) == READ


def test_of_more_than_fit_into_one_answer_all_get_their_turn(poller: Poller, pairs: list[Pair]):
    for ours, theirs in pairs:
        poller.register(ours.fileno(), READ)
        theirs.send(b"x")
    told = set()
    for _ in range(len(pairs)):
        ready = poller.poll(0, 3)
        assert len(ready) == 3
        told |= {fd for fd, _ in ready}
    assert told == {ours.fileno() for ours, _ in pairs}


def test_the_set_itself_can_be_waited_for(poller: Poller, pairs: list[Pair]):
    ours, theirs = pairs[0]
    poller.register(ours.fileno(), READ)
    assert select.select([poller.fileno()], [], [], 0)[0] == []
    theirs.send(b"x")
    assert select.select([poller.fileno()], [], [], 5)[0] == [poller.fileno()]


def test_one_socket_is_writable_while_the_kernel_takes_more(pairs: list[Pair]):
    ours, theirs = pairs[0]
    assert is_writable(ours)
    fill(ours)
    assert not is_writable(ours)
    while select.select([theirs], [], [], 0)[0]:
        theirs.recv(65536)
    assert is_writable(ours)


@pytest.mark.skipif(not hasattr(select, "epoll"), reason="this system has no epoll")
def test_epoll_is_taken_where_there_is_one():
    poller = new_poller()
    assert isinstance(poller, select.epoll)
    poller.close()
