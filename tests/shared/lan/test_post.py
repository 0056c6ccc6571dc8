"""The UDP sockets of a member, real ones of loopback."""

import errno
import select
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from lastseen.shared.lan import post as module
from lastseen.shared.lan.networks import EVERYWHERE, Network
from lastseen.shared.lan.post import ANY, Post

SOON = 60.0


@pytest.fixture
def other() -> Iterator[socket.socket]:
    """Another member, at 127.0.0.3; its port is everyone's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.3", 0))
        sock.settimeout(SOON)
        yield sock


@pytest.fixture
def port(other: socket.socket) -> int:
    found: int = other.getsockname()[1]
    return found


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> list[Network]:
    """Those that the kernel tells of."""
    found: list[Network] = [Network("lo", "127.0.0.2", None)]
    monkeypatch.setattr(module, "networks", lambda: list(found))
    return found


@pytest.mark.usefixtures("networks")
def test_what_is_sent_to_one_and_to_all_arrives_from_the_port_of_members(other, port):
    with closing(Post("127.0.0.2", port, ("127.0.0.3",))) as post:
        post.send(b"one", ("127.0.0.3", port))
        assert post.send_to_all(b"all") == 1
        assert other.recvfrom(100) == (b"one", ("127.0.0.2", port))
        assert other.recvfrom(100) == (b"all", ("127.0.0.2", port))


@pytest.mark.usefixtures("networks")
def test_what_comes_is_received_without_waiting_for_more(other, port):
    with closing(Post("127.0.0.2", port)) as post:
        [sock] = post.sockets
        assert post.receive(sock) is None
        other.sendto(b"hello", ("127.0.0.2", port))
        select.select([sock], [], [], SOON)
        assert post.receive(sock) == (b"hello", ("127.0.0.3", port))
        assert post.receive(sock) is None


def test_with_no_network_nothing_leaves_and_that_is_said(networks, port):
    networks.clear()
    with closing(Post("127.0.0.2", port)) as post, pytest.raises(OSError, match="down") as caught:
        post.send_to_all(b"x")
    assert caught.value.errno == errno.ENETDOWN


@pytest.mark.usefixtures("networks")
def test_one_network_that_fails_does_not_keep_it_from_the_others(other, port):
    with closing(Post("127.0.0.2", port, ("0.0.0.1", "127.0.0.3"))) as post:
        assert post.send_to_all(b"x") == 1
    assert other.recv(100) == b"x"


def test_networks_that_come_and_go_are_noticed_once(networks):
    eth = Network("eth0", "10.0.0.1", "10.0.0.255")
    with closing(Post(ANY, 0)) as post:
        assert (post.own, post.address, post.reached()) == (frozenset({"127.0.0.2"}), None, [])
        networks.append(eth)
        assert post.look_around()
        assert not post.look_around()
        assert post.own == {"127.0.0.2", "10.0.0.1"}
        assert (post.address, post.reached()) == ("10.0.0.1", ["10.0.0.255"])
        networks.remove(eth)
        assert post.look_around()
        assert post.reached() == []


def test_at_one_address_only_its_own_network_counts(networks, port):
    networks.append(Network("eth0", "10.0.0.1", "10.0.0.255"))
    with closing(Post("127.0.0.2", port)) as post:
        assert post.own == {"127.0.0.2"}
        assert post.address == "127.0.0.2"
        assert post.reached() == []


def test_at_one_address_what_is_sent_to_all_comes_by_sockets_of_its_own(
    networks, port, monkeypatch
):
    opened = []
    monkeypatch.setattr(module, "_open", lambda *where: opened.append(where) or socket.socket())
    networks.append(Network("eth0", "10.0.0.1", "10.0.0.255"))
    Post("10.0.0.1", port).close()
    assert opened == [
        ("10.0.0.1", port),
        ("10.0.0.255", port, "eth0"),
        (EVERYWHERE, port, "eth0"),
    ]


@pytest.mark.usefixtures("networks")
def test_a_port_in_use_is_an_error(port):
    with pytest.raises(OSError, match="in use"):
        Post("127.0.0.3", port)
