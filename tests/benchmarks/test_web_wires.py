"""The bytes of the load are those of RFC 6455: held against the library's own ends."""

import pytest
from benchmarks.web_wires import COMPRESSING, WEBSOCKET, from_client, pongs_to
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from lastseen.shared.messages import Ping, Register
from lastseen.shared.wire import json_from_client


def server(*, compressing: bool = False) -> ServerProtocol:
    extensions = [ServerPerMessageDeflateFactory()] if compressing else None
    return ServerProtocol(subprotocols=[Subprotocol("lastseen.json")], extensions=extensions)


def heard(protocol: ServerProtocol, data: bytes) -> list[Frame]:
    """The frames that a server of the library reads, once it has accepted."""
    protocol.receive_data(data)
    request, *events = protocol.events_received()
    assert isinstance(request, Request)
    protocol.send_response(protocol.accept(request))
    events += protocol.events_received()
    return [event for event in events if isinstance(event, Frame)]


@pytest.mark.parametrize("length", [0, 125, 126, 65_535])
def test_a_frame_of_any_length_is_read_as_it_was_meant(length: int):
    protocol = server()
    payload = b"a" * length
    (_, frame) = heard(protocol, WEBSOCKET.client(1) + from_client(Opcode.TEXT, payload))
    assert (frame.opcode, bytes(frame.data)) == (Opcode.TEXT, payload)


def test_a_client_registers_with_the_handshake_and_then_pings():
    registering, ping = heard(server(), WEBSOCKET.client(7) + WEBSOCKET.ping)
    message = json_from_client.decode(bytes(registering.data))
    assert isinstance(message, Register)
    assert message.client_id == "client-00007"
    assert isinstance(json_from_client.decode(bytes(ping.data)), Ping)


def test_only_the_compressing_client_offers_to_compress():
    plain, compressing = server(compressing=True), server(compressing=True)
    heard(plain, WEBSOCKET.client(1))
    heard(compressing, COMPRESSING.client(1))
    assert (len(plain.extensions), len(compressing.extensions)) == (0, 1)


def test_a_welcome_is_the_handshake_and_one_message_whatever_stands_behind_it():
    head = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    for length in (0, 125, 126, 65_000):
        message = Frame(Opcode.TEXT, b"r" * length).serialize(mask=False)
        assert WEBSOCKET.welcomed(head + message)
        assert WEBSOCKET.welcomed(head + message + b"\x89\x00")
        assert not WEBSOCKET.welcomed((head + message)[:-1])
    assert not WEBSOCKET.welcomed(head[:9])


def test_a_refused_handshake_is_an_error_at_once():
    with pytest.raises(ConnectionError, match="refused"):
        WEBSOCKET.welcomed(b"HTTP/1.1 403 Forbidden\r\n")


def test_pings_are_answered_each_with_its_own_payload():
    pings = b"\x89\x00" + b"\x89\x04abcd"
    protocol = server()
    _, first, second = heard(protocol, WEBSOCKET.client(1) + pongs_to(pings))
    assert (first.opcode, bytes(first.data)) == (Opcode.PONG, b"")
    assert (second.opcode, bytes(second.data)) == (Opcode.PONG, b"abcd")


@pytest.mark.parametrize("data", [b"\x89", b"\x89\x04abc", b"\x88\x00", b"\x89\x00\x81\x00"])
def test_what_is_no_ping_is_an_error(data: bytes):
    with pytest.raises(ConnectionError, match="expected pings"):
        pongs_to(data)
