"""Frames and messages: bytes in any cut in; messages, or typed errors in their place, out."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.links.frames import FATAL, FrameProtocol
from lastseen.shared.errors import BadMessage, FrameTooLong, UnknownType, Unreadable, WireError
from lastseen.shared.framing import FRAME_LIMIT, UNREGISTERED_LIMIT, frame
from lastseen.shared.messages import GetStats, List, Ping, Pong, Register
from lastseen.shared.wire import PING_FRAME, PONG_FRAME, from_server, pack, to_frame

UNKNOWN = frame(pack({"type": "dance", "request_id": 7}))
BAD = frame(pack({"type": "list", "limit": 0, "request_id": 8}))

HTTP = b"GET / HTTP/1.1\r\nHost: example\r\n\r\n"
TLS = bytes.fromhex("16030100c8010000c40303") + bytes(200)
SSH = b"SSH-2.0-OpenSSH_9.2\r\n"


def received(protocol: FrameProtocol, *pieces: bytes) -> list[object]:
    return [message for piece in pieces for message in protocol.receive(piece)]


def test_a_ping_is_a_ping_whether_recognised_or_read():
    protocol = FrameProtocol()
    assert protocol.is_ping(PING_FRAME)
    assert received(protocol, PING_FRAME) == [Ping()]


def test_what_is_no_whole_ping_and_nothing_else_is_not_recognised_as_one():
    protocol = FrameProtocol()
    for data in (PING_FRAME * 2, PING_FRAME[:-1], PONG_FRAME, UNKNOWN, b""):
        assert not protocol.is_ping(data)


@given(cuts=st.lists(st.integers(0, 200)))
def test_messages_come_whole_and_in_order_however_they_are_cut(cuts: list[int]):
    said = [
        Ping(),
        Register("web-01", name="x"),
        Ping(),
        Ping(),
        List(limit=3),
        GetStats(request_id=2),
    ]
    data = b"".join(map(to_frame, said))
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(ends)]
    assert received(FrameProtocol(), *pieces) == said


def test_the_bytes_of_a_ping_within_another_frame_are_no_ping():
    protocol = FrameProtocol()
    data = frame(pack({"type": "get_stats", "more": PING_FRAME}))
    start = data.index(PING_FRAME)
    end = start + len(PING_FRAME)
    assert received(protocol, data[:start]) == []
    assert not protocol.is_ping(data[start:end])
    assert received(protocol, data[start:end], data[end:]) == [GetStats()]


def test_in_place_of_a_message_that_cannot_be_understood_comes_the_reason_and_then_the_rest():
    unknown, bad, ping = received(FrameProtocol(), UNKNOWN + BAD + PING_FRAME)
    assert isinstance(unknown, UnknownType)
    assert unknown.request_id == 7
    assert isinstance(bad, BadMessage)
    assert bad.request_id == 8
    assert "limit" in str(bad)
    assert "0" in str(bad)
    assert ping == Ping()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (HTTP, FrameTooLong),
        (TLS, FrameTooLong),
        (SSH, FrameTooLong),
        (frame(b"\xc1"), Unreadable),
        (frame(pack([1, 2])), Unreadable),
        (frame(b""), Unreadable),
    ],
)
def test_bytes_of_another_protocol_are_a_fatal_error_after_which_nothing_comes(
    data: bytes, kind: type[WireError]
):
    (error,) = received(FrameProtocol(), data + PING_FRAME)
    assert isinstance(error, kind)
    assert isinstance(error, FATAL)


@given(pieces=st.lists(st.binary(max_size=100)))
def test_whatever_the_bytes_messages_or_typed_errors_come_and_at_most_one_is_fatal(
    pieces: list[bytes],
):
    protocol = FrameProtocol()
    fatal = False
    for piece in pieces:
        for message in protocol.receive(piece):
            assert not fatal
            fatal = isinstance(message, FATAL)
        if fatal:
            return


def test_a_stranger_may_send_frames_of_4_kib_and_not_a_byte_more():
    assert UNREGISTERED_LIMIT == 4096
    at_limit, over = (frame(b"\xc1" * size) for size in (4096, 4097))
    (error,) = received(FrameProtocol(), at_limit)
    assert isinstance(error, Unreadable)  # read, that is
    (error,) = received(FrameProtocol(), over[:4])
    assert isinstance(error, FrameTooLong)
    assert "4097" in str(error)
    assert "4096" in str(error)


def test_a_registered_client_may_send_frames_of_64_kib_and_not_a_byte_more():
    assert FRAME_LIMIT == 65536
    for size, kind in ((65536, Unreadable), (65537, FrameTooLong)):
        protocol = FrameProtocol()
        protocol.trust()
        (error,) = received(protocol, frame(b"\xc1" * size))
        assert type(error) is kind


def test_trust_holds_from_the_next_frame_on_even_within_one_piece():
    protocol = FrameProtocol()
    long = frame(pack({"type": "ping", "more": "x" * 5000}))
    messages = iter(protocol.receive(to_frame(Register("web-01")) + long))
    assert next(messages) == Register("web-01")
    protocol.trust()
    assert list(messages) == [Ping()]


def test_what_is_sent_is_a_frame_that_the_peer_can_read():
    protocol = FrameProtocol()
    assert protocol.encode(Pong()) == protocol.pong == PONG_FRAME
    assert from_server.decode(protocol.encode(Pong())[4:]) == Pong()
