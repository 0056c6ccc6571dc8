"""Frames of a WebSocket: bytes in any cut in; messages, or typed errors in their place, out.

What goes in is framed by the library's own client, and what comes out is read by it.
"""

import struct
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import CTRL_OPCODES, CloseCode, Frame, Opcode
from websockets.protocol import State

from lastseen.server.links.closing import CLOSE_CODES
from lastseen.server.links.codecs import CODECS, JSON, MSGPACK
from lastseen.server.links.frames import FATAL
from lastseen.server.links.handshake import House
from lastseen.server.links.origins import Origins
from lastseen.server.links.roles import SIGN, Ended, Owed
from lastseen.server.links.websocket import PING, WebSocketProtocol
from lastseen.shared.errors import BadMessage, FrameTooLong, UnknownType, Unreadable, WireError
from lastseen.shared.messages import Diff, Error, GetStats, Goodbye, List, Ping, Pong, Register
from lastseen.shared.wire import json_from_server, pack, to_json

HOUSE = House("/ws", Origins([]))
CLOSE_1000 = struct.pack("!H", 1000)


def request(subprotocol: str) -> bytes:
    return (
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
    ).encode()


def opened(subprotocol: str = "lastseen.json") -> WebSocketProtocol:
    protocol = WebSocketProtocol(HOUSE)
    (response,) = protocol.receive(request(subprotocol))
    assert isinstance(response, Owed)
    return protocol


def frame(opcode: Opcode, payload: bytes = b"", *, fin: bool = True) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=True)


def text(payload: bytes | str) -> bytes:
    return frame(Opcode.TEXT, payload if isinstance(payload, bytes) else payload.encode())


def received(protocol: WebSocketProtocol, *pieces: bytes) -> list[Any]:
    return [message for piece in pieces for message in protocol.receive(piece)]


def read_by_client(data: bytes) -> ClientProtocol:
    """The library's client, once it has read this."""
    client = ClientProtocol("ws://localhost/ws", state=State.OPEN, max_size=None)  # type: ignore[arg-type]
    client.receive_data(data)
    return client


# --- the handshake --------------------------------------------------------------------------------


@given(cuts=st.lists(st.integers(0, 400)))
def test_the_handshake_and_what_follows_may_be_cut_anywhere(cuts: list[int]):
    protocol = WebSocketProtocol(HOUSE)
    data = request("lastseen.json") + text(to_json(Register("web-01"))) + text(to_json(Ping()))
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    response, *messages = received(protocol, *(data[a:b] for a, b in pairwise(ends)))
    assert response.data.startswith(b"HTTP/1.1 101")
    assert messages == [Register("web-01"), Ping()]


def test_a_refused_handshake_ends_the_link_with_its_reason():
    protocol = WebSocketProtocol(HOUSE)
    (end,) = received(protocol, b"GET /other HTTP/1.1\r\n\r\n" + text(to_json(Ping())))
    assert isinstance(end, Ended)
    assert end.data.startswith(b"HTTP/1.1 404")
    assert not end.left
    assert end.refusal == "there is only /ws here"


@pytest.mark.parametrize(
    ("reason", "status"),
    [("idle", 408), ("too_many_connections", 429), ("shutdown", 503), ("internal_error", 500)],
)
def test_who_is_sent_away_before_the_handshake_is_told_in_http(reason: str, status: int):
    protocol = WebSocketProtocol(HOUSE)
    assert protocol.encode(Error("too_many_connections", "words")) == b""
    goodbye = protocol.encode(Goodbye(reason, reconnect=True, retry_after=1.5))
    assert goodbye.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Retry-After: 2\r\n" in goodbye
    assert reason.encode() in goodbye


def test_the_format_is_that_of_the_subprotocol():
    assert opened("lastseen.json").wire_format == "lastseen.json"
    assert opened("lastseen.msgpack").wire_format == "lastseen.msgpack"
    assert opened("lastseen.msgpack").pong == MSGPACK.pong


# --- messages -------------------------------------------------------------------------------------

SAID = [Ping(), Register("web-01", name="å"), List(limit=3), Ping(), GetStats(request_id=2)]


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
@given(cuts=st.lists(st.integers(0, 300)), parts=st.integers(1, 5))
def test_messages_come_whole_and_in_order_however_they_are_cut_and_framed(codec, cuts, parts):
    data = b"".join(
        piece
        for message in SAID
        for piece in in_parts(codec.opcode, codec.payload(message), parts, between=b"")
    )
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(ends)]
    messages = received(opened(codec.subprotocol), *pieces)
    assert [m for m in messages if m is not SIGN] == SAID


def in_parts(opcode: Opcode, payload: bytes, parts: int, *, between: bytes) -> list[bytes]:
    """A message in several frames, each but the last followed by other bytes."""
    step = -(-len(payload) // parts)
    chunks = [payload[i : i + step] for i in range(0, len(payload), step)]
    last = len(chunks) - 1
    return [
        frame(opcode if n == 0 else Opcode.CONT, chunk, fin=n == last)
        + (between if n < last else b"")
        for n, chunk in enumerate(chunks)
    ]


def test_control_frames_may_come_between_the_parts_of_a_message():
    between = frame(Opcode.PING, b"a") + frame(Opcode.PONG) + frame(Opcode.PONG, b"unasked")
    data = b"".join(in_parts(Opcode.TEXT, to_json(Register("web-01")), 3, between=between))
    pong = Owed(Frame(Opcode.PONG, b"a").serialize(mask=False))
    controls = [SIGN, pong, SIGN, SIGN]
    assert received(opened(), data) == [*controls, *controls, Register("web-01")]


def test_each_part_of_a_message_shows_that_the_link_lives():
    parts = in_parts(Opcode.TEXT, to_json(Ping()), 3, between=b"")
    assert received(opened(), *parts) == [SIGN, SIGN, Ping()]


def test_in_place_of_a_message_that_cannot_be_understood_comes_the_reason_and_then_the_rest():
    data = text('{"type":"dance","request_id":7}') + text('{"type":"list","limit":0}')
    unknown, bad, ping = received(opened(), data + text(to_json(Ping())))
    assert isinstance(unknown, UnknownType)
    assert unknown.request_id == 7
    assert isinstance(bad, BadMessage)
    assert ping == Ping()


# --- what is recognised at a glance ---------------------------------------------------------------


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_a_ping_is_a_ping_whether_recognised_or_read(codec):
    protocol = opened(codec.subprotocol)
    ping = frame(codec.opcode, codec.payload(Ping()))
    assert protocol.is_ping(ping)
    assert not protocol.is_sign(ping)
    assert received(protocol, ping) == [Ping()]


def test_a_pong_is_a_sign_of_life_whether_recognised_or_read():
    protocol = opened()
    pong = frame(Opcode.PONG)
    assert protocol.is_sign(pong)
    assert not protocol.is_ping(pong)
    assert received(protocol, pong) == [SIGN]


PONG, PING_TEXT = frame(Opcode.PONG), text(to_json(Ping()))
NEITHER = {
    "two pongs": PONG * 2,
    "a pong without its end": PONG[:-1],
    "a ping of the protocol": frame(Opcode.PING),
    "a pong that says something": frame(Opcode.PONG, b"x"),
    "not final": b"\x0a" + PONG[1:],
    "not masked": b"\x8a\x00" + PONG[2:],
    "a reserved bit": b"\xca" + PONG[1:],
    "two pings": PING_TEXT * 2,
    "a ping without its end": PING_TEXT[:-1],
    "a ping that goes on": b"\x01" + PING_TEXT[1:],
    "another type": text(b'{"type":"pinx"}'),
    "a ping in binary": frame(Opcode.BINARY, to_json(Ping())),
    "nothing": b"",
}


@pytest.mark.parametrize("data", NEITHER.values(), ids=NEITHER)
def test_nothing_else_is_recognised_as_one(data: bytes):
    protocol = opened()
    assert not protocol.is_ping(data)
    assert not protocol.is_sign(data)


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(text(b"x" * 100)[:20], id="within a frame"),
        pytest.param(text(b"x")[:1], id="within a head"),
        pytest.param(frame(Opcode.TEXT, b"{", fin=False), id="between the parts of a message"),
    ],
)
def test_the_bytes_of_one_within_something_else_are_none(begun: bytes):
    protocol = opened()
    received(protocol, begun)
    assert not protocol.is_sign(PONG)
    assert not protocol.is_ping(PING_TEXT)


def test_before_the_handshake_and_after_the_end_nothing_is_recognised():
    protocol = WebSocketProtocol(HOUSE)
    assert not protocol.is_sign(PONG)
    assert not protocol.is_ping(PING_TEXT)
    protocol = opened()
    received(protocol, frame(Opcode.CLOSE))
    assert not protocol.is_sign(PONG)
    assert not protocol.is_ping(PING_TEXT)


def test_after_a_message_in_parts_pings_are_recognised_again():
    protocol = opened()
    received(protocol, *in_parts(Opcode.TEXT, to_json(Ping()), 2, between=b""))
    assert protocol.is_ping(PING_TEXT)


# --- limits ---------------------------------------------------------------------------------------


def padded(size: int) -> bytes:
    return b'{"type":"ping"}'.ljust(size)


def test_a_stranger_may_send_messages_of_4_kib_and_not_a_byte_more():
    assert received(opened(), text(padded(4096))) == [Ping()]
    (error,) = received(opened(), text(padded(4097))[:4])  # of its head alone
    assert isinstance(error, FrameTooLong)
    assert "4097" in str(error)
    assert "4096" in str(error)


def test_a_registered_client_may_send_messages_of_64_kib_and_not_a_byte_more():
    for size, kind in ((65536, Ping), (65537, FrameTooLong)):
        protocol = opened()
        protocol.trust()
        assert [type(m) for m in received(protocol, text(padded(size)))] == [kind]


def test_the_parts_of_a_message_are_bounded_together():
    half = frame(Opcode.TEXT, b" " * 2048, fin=False)
    for size, kind in ((2048, Ping), (2049, FrameTooLong)):
        rest = frame(Opcode.CONT, padded(size))
        assert [type(m) for m in received(opened(), half, rest)][1:] == [kind]


def test_a_message_of_many_parts_is_bounded_even_between_long_control_frames():
    protocol = opened()
    received(protocol, frame(Opcode.TEXT, b" " * 4096, fin=False))
    pong = Owed(Frame(Opcode.PONG, b"x" * 125).serialize(mask=False))
    assert received(protocol, frame(Opcode.PING, b"x" * 125)) == [pong]
    (error,) = received(protocol, frame(Opcode.CONT, b"x", fin=False))
    assert isinstance(error, FrameTooLong)


def test_64_mb_are_refused_when_they_are_announced():
    head = b"\x81\xff" + struct.pack("!Q", 64 * 1024 * 1024)
    (error,) = received(opened(), head)
    assert isinstance(error, FrameTooLong)


def test_trust_holds_from_the_next_frame_on_even_within_one_piece():
    protocol = opened()
    messages = iter(protocol.receive(text(to_json(Register("web-01"))) + text(padded(5000))))
    assert next(messages) == Register("web-01")
    protocol.trust()
    assert list(messages) == [Ping()]


# --- the end --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "left"),
    [(1000, True), (1001, True), (None, True), (1002, False), (1011, False), (4000, False)],
)
def test_a_closing_frame_ends_the_link_and_some_codes_say_goodbye(code: int | None, left: bool):
    payload = b"" if code is None else struct.pack("!H", code) + b"words"
    end, *more = received(opened(), frame(Opcode.CLOSE, payload) + text(to_json(Ping())))
    assert more == []
    assert end.left is left
    client = read_by_client(end.data)
    assert client.close_rcvd is not None
    assert client.close_rcvd.code == (code or CloseCode.NO_STATUS_RCVD)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"\xf1\x80abcd", 1002, id="reserved bits"),
        pytest.param(b"\x83\x80abcd", 1002, id="an unknown opcode"),
        pytest.param(b"\x81\x00", 1002, id="not masked"),
        pytest.param(frame(Opcode.CONT), 1002, id="the rest of nothing"),
        pytest.param(
            frame(Opcode.TEXT, b"{", fin=False) + text(b"{}"), 1002, id="a message within another"
        ),
        pytest.param(b"\x09\x80abcd", 1002, id="a ping in parts"),
        pytest.param(b"\x89\xfe\x00\x7eabcd" + bytes(126), 1002, id="a long ping"),
        pytest.param(frame(Opcode.CLOSE, b"\x03"), 1002, id="a short close"),
        pytest.param(frame(Opcode.CLOSE, struct.pack("!H", 1006)), 1002, id="a reserved code"),
        pytest.param(frame(Opcode.CLOSE, CLOSE_1000 + b"\xff"), 1007, id="a close not UTF-8"),
        pytest.param(text(b'{"type":"ping","x":"\xff"}'), 1007, id="text not UTF-8"),
        pytest.param(text(b"nonsense"), 1007, id="no JSON"),
        pytest.param(text(b"[]"), 1007, id="no map"),
        pytest.param(frame(Opcode.BINARY, pack(Ping())), 1003, id="binary"),
        pytest.param(b"\x81\xff" + b"\x7f" * 8, 1009, id="too long"),
    ],
)
def test_broken_framing_is_a_fatal_error_after_which_nothing_comes_and_has_its_code(
    data: bytes, code: int
):
    protocol = opened()
    *_, error = received(protocol, data + text(to_json(Ping())))
    assert isinstance(error, FATAL)
    assert received(protocol, text(to_json(Ping()))) == []
    client = read_by_client(protocol.encode(Goodbye(error.code, reconnect=False)))
    assert client.close_rcvd is not None
    assert client.close_rcvd.code == code


def test_text_where_binary_is_spoken_is_refused_too():
    protocol = opened("lastseen.msgpack")
    (error,) = received(protocol, text(to_json(Ping())))
    assert isinstance(error, Unreadable)
    assert "lastseen.msgpack" in str(error)


# --- out ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [*CLOSE_CODES, "some_new_reason"])
def test_a_goodbye_is_a_message_and_a_closing_frame_of_its_reason(reason: str):
    goodbye = Goodbye(reason, reconnect=True)
    client = read_by_client(opened().encode(goodbye))
    message, _ = client.events_received()
    assert json_from_server.decode(bytes(message.data)) == goodbye
    assert client.close_rcvd is not None
    assert client.close_rcvd.code == CLOSE_CODES.get(reason, 4000)
    expected = "heartbeat timeout" if reason == "timeout" else reason
    assert client.close_rcvd.reason == expected


def test_every_reason_has_a_code_of_its_own_but_where_rfc_6455_has_one_for_it():
    assert len(set(CLOSE_CODES.values())) == len(CLOSE_CODES)


@pytest.mark.parametrize("size", [10, 200, 70_000])
def test_what_is_sent_is_a_frame_that_the_peer_can_read(size: int):
    message = Diff("e" * size, 1)
    (read,) = read_by_client(opened().encode(message)).events_received()
    assert json_from_server.decode(bytes(read.data)) == message


def test_the_question_whether_a_link_lives_is_one_that_clients_answer():
    client = read_by_client(PING)
    (answer,) = client.data_to_send()
    assert opened().is_sign(answer)


def test_pings_of_the_client_are_answered_with_their_payload():
    (owed,) = received(opened(), frame(Opcode.PING, b"are you there?"))
    (pong,) = read_by_client(owed.data).events_received()
    assert (pong.opcode, pong.data) == (Opcode.PONG, b"are you there?")
    assert opened().pong == JSON.encode(Pong())


# --- whatever -------------------------------------------------------------------------------------

HEADS = st.builds(
    lambda first, length, mask: bytes([first, length]) + mask,
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=12),
)
FRAMES = st.builds(
    lambda opcode, payload, fin: frame(opcode, payload, fin=fin or opcode in CTRL_OPCODES),
    st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.CONT, Opcode.PING, Opcode.PONG]),
    st.binary(max_size=60) | st.sampled_from([to_json(m) for m in SAID]),
    st.booleans(),
)


@given(pieces=st.lists(HEADS | FRAMES | st.binary(max_size=100), max_size=8))
def test_whatever_the_bytes_messages_or_typed_errors_come_and_at_most_one_is_the_last(
    pieces: list[bytes],
):
    protocol = opened()
    over = False
    for piece in pieces:
        assert not (over and (protocol.is_ping(piece) or protocol.is_sign(piece)))
        for message in protocol.receive(piece):
            assert not over
            over = isinstance(message, (*FATAL, Ended))
            if isinstance(message, WireError):
                assert str(message)


@given(pieces=st.lists(st.binary(max_size=300), max_size=5))
def test_whatever_comes_in_place_of_a_handshake_ends_the_link_or_waits(pieces: list[bytes]):
    protocol = WebSocketProtocol(HOUSE)
    for message in received(protocol, *pieces):
        assert isinstance(message, Ended)
