"""Becoming a member of the LAN."""

import socket

import pytest

from lastseen.server.config import Config, with_value
from lastseen.server.errors import StartFailed
from lastseen.server.links.lan_opening import open_lan
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.model import Policy
from lastseen.server.presence.presence import Presence
from lastseen.server.steering import Steering
from lastseen.shared.wire import to_frame


async def test_a_port_in_use_is_said_in_a_sentence():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        config = with_value(with_value(Config(), "lan.bind", "127.0.0.1"), "lan.port", port)
        presence = Presence(Policy(), AwakeClock(), {"msgpack": to_frame})
        sentence = rf"^lan: cannot listen on 127\.0\.0\.1:{port} \(UDP\): address already in use$"
        with pytest.raises(StartFailed, match=sentence):
            open_lan(presence, Steering(config, presence))
