"""The sockets of a member without a server."""

import socket

import pytest

from lastseen.client.errors import ConnectFailed
from lastseen.client.member import conduct_of, open_post
from lastseen.shared.ipmsg.entry import Entry


def test_another_member_on_this_machine_is_said_in_a_sentence():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(ConnectFailed, match=rf"at 127\.0\.0\.1:{port} \(UDP\): address alrea"):
            open_post("127.0.0.1", port)


@pytest.mark.parametrize("bind", ["192.0.2.77", "::1", "no.such.name.invalid"])
def test_an_address_that_is_not_this_machines_is_said_in_a_sentence(bind):
    with pytest.raises(ConnectFailed, match="cannot be a member at"):
        open_post(bind, 2425)


def test_it_is_told_from_others_by_a_beacon_without_services():
    one, two = (conduct_of(Entry("u", "h"), 60, 2425, "gbk") for _ in range(2))
    assert one.beacon.member != two.beacon.member
    assert one.beacon.services == {}
    assert one.habits.peer_timeout == 180
