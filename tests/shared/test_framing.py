"""The framer gives back what was framed, however the bytes were cut, at a cost linear in them."""

import itertools
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.shared import framing
from lastseen.shared.errors import FrameTooLong
from lastseen.shared.framing import FRAME_LIMIT, HEADER, UNREGISTERED_LIMIT, Framer, frame

PAYLOADS = st.lists(st.binary(max_size=300), max_size=8)
CUTS = st.lists(st.integers(min_value=0, max_value=2500), max_size=40)


def in_pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[a:b] for a, b in itertools.pairwise(places)]


def framed(payloads: list[bytes]) -> bytes:
    return b"".join(map(frame, payloads))


def fed(framer: Framer, pieces: list[bytes]) -> list[bytes]:
    return [payload for piece in pieces for payload in framer.feed(piece)]


def test_a_frame_is_a_big_endian_length_and_the_payload():
    assert frame(b"abc") == bytes.fromhex("00000003") + b"abc"
    assert frame(bytes(258))[:HEADER] == bytes.fromhex("00000102")


@given(PAYLOADS, CUTS)
def test_payloads_cut_anyhow_come_out_whole_and_in_order(payloads, cuts):
    framer = Framer()
    assert fed(framer, in_pieces(framed(payloads), cuts)) == payloads
    assert framer.pending == 0


@given(PAYLOADS)
def test_byte_by_byte_is_the_same_as_all_at_once(payloads):
    stream = framed(payloads)
    one_by_one = fed(Framer(), [bytes([byte]) for byte in stream])
    assert one_by_one == fed(Framer(), [stream]) == payloads


@given(PAYLOADS, st.binary(max_size=200), CUTS, st.data())
def test_trailing_bytes_wait_for_the_rest_of_their_frame(payloads, last, cuts, data):
    whole = frame(last)
    cut = data.draw(st.integers(min_value=0, max_value=len(whole) - 1))
    framer = Framer()
    assert fed(framer, in_pieces(framed(payloads) + whole[:cut], cuts)) == payloads
    assert framer.pending == cut
    assert list(framer.feed(whole[cut:])) == [last]


@given(PAYLOADS, CUTS)
def test_between_two_feeds_no_more_is_held_than_one_incomplete_frame(payloads, cuts):
    framer = Framer(limit=300)
    arrived = delivered = 0
    for piece in in_pieces(framed(payloads), cuts):
        arrived += len(piece)
        delivered += sum(HEADER + len(payload) for payload in framer.feed(piece))
        assert framer.pending == arrived - delivered < HEADER + framer.limit


def test_between_two_frames_not_even_an_empty_buffer_is_held():
    framer = Framer()
    assert fed(framer, [b"\0\0", b"\0\3abc"]) == [b"abc"]
    assert framer._partial is None


def test_payloads_are_bytes_that_keep_their_value():
    framer = Framer()
    first = fed(framer, [b"\0\0", b"\0\3abc\0"])
    assert fed(framer, [b"\0\0\3xyz"]) == [b"xyz"]
    assert first == [b"abc"]
    assert {type(payload) for payload in first} == {bytes}


def test_nothing_fed_gives_nothing():
    framer = Framer()
    assert list(framer.feed(b"")) == []
    assert framer.pending == 0


def test_empty_payloads_are_payloads():
    assert fed(Framer(), [b"\0\0", b"\0\0" + bytes(8)]) == [b"", b"", b""]


# --- the limit ---------------------------------------------------------------------------------


def test_a_payload_of_exactly_the_limit_is_taken():
    assert fed(Framer(limit=100), [frame(bytes(100))]) == [bytes(100)]


@pytest.mark.parametrize("announced", [101, 0x01000000, 0xFFFFFFFF])
def test_a_longer_length_is_refused_before_a_byte_of_the_body(announced):
    framer = Framer(limit=100)
    with pytest.raises(FrameTooLong, match=f"announces {announced} bytes; at most 100"):
        list(framer.feed(announced.to_bytes(4, "big")))


@pytest.mark.parametrize("start", [b"HTTP/1.1 400 Bad Request", b"GET / HTTP/1.1"])
def test_what_begins_with_text_is_said_to_be_another_protocol(start):
    with pytest.raises(FrameTooLong) as refused:
        list(Framer().feed(start))
    text = start[:HEADER].decode()
    assert str(refused.value).endswith(
        f"(as text that is {text!r}: is this the port of another protocol?)"
    )


def test_a_length_that_is_no_text_is_not_said_to_be_any():
    with pytest.raises(FrameTooLong, match=r"accepted here$"):
        list(Framer().feed(b"\xff\x00GET"))


def test_of_a_refused_frame_no_byte_of_the_body_is_kept():
    framer = Framer(limit=100)
    with pytest.raises(FrameTooLong):
        list(framer.feed(frame(bytes(5000))))
    assert framer.pending == HEADER


def test_frames_before_the_refused_one_come_out_first():
    frames = Framer(limit=10).feed(frame(b"one") + frame(b"two") + frame(bytes(11)))
    assert next(frames) == b"one"
    assert next(frames) == b"two"
    with pytest.raises(FrameTooLong):
        next(frames)


def test_bytes_after_a_refused_length_are_never_taken_for_frames():
    framer = Framer(limit=10)
    with pytest.raises(FrameTooLong):
        list(framer.feed((11).to_bytes(4, "big")))
    with pytest.raises(FrameTooLong, match="announces 11 bytes"):
        list(framer.feed(frame(b"smuggled")))
    assert framer.pending == HEADER


@given(CUTS)
def test_a_limit_raised_by_one_frame_holds_for_the_next(cuts):
    framer = Framer(limit=UNREGISTERED_LIMIT)
    received = []
    for piece in in_pieces(frame(b"register") + frame(bytes(FRAME_LIMIT)), cuts):
        for payload in framer.feed(piece):
            received.append(payload)
            framer.limit = FRAME_LIMIT
    assert received == [b"register", bytes(FRAME_LIMIT)]


# --- the work ----------------------------------------------------------------------------------


class CountingBuffer(bytearray):
    """A bytearray that counts how many bytes its operations read, copy or move."""

    work = 0

    def __init__(self, content=b""):
        super().__init__(content)
        CountingBuffer.work += len(content)

    def __iadd__(self, other):
        CountingBuffer.work += len(other)
        return super().__iadd__(other)

    def __getitem__(self, key):
        found = super().__getitem__(key)
        CountingBuffer.work += len(found) if isinstance(key, slice) else 1
        return found

    def __delitem__(self, key):
        before = len(self)
        super().__delitem__(key)
        CountingBuffer.work += len(self) if len(self) < before else 0

    def __iter__(self):
        CountingBuffer.work += len(self)
        return super().__iter__()


@pytest.fixture
def counting(monkeypatch):
    """The framer's buffers count their work."""
    monkeypatch.setattr(CountingBuffer, "work", 0)
    monkeypatch.setattr(framing, "bytearray", CountingBuffer, raising=False)
    return CountingBuffer


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_the_work_for_one_long_frame_is_linear_in_its_length_however_it_is_cut(counting, piece):
    stream = frame(bytes(FRAME_LIMIT))
    pieces = [stream[i : i + piece] for i in range(0, len(stream), piece)]
    assert fed(Framer(), pieces) == [bytes(FRAME_LIMIT)]
    # Each byte is appended and taken out; each piece costs a look at the header.
    assert counting.work <= 3 * len(stream) + 2 * HEADER * len(pieces)


def test_the_work_for_many_frames_behind_an_incomplete_one_is_linear_too(counting):
    stream = framed([b"0123456789"] * 5000)
    assert len(fed(Framer(), [stream[:5], stream[5:-5], stream[-5:]])) == 5000
    assert counting.work <= 4 * len(stream)


def test_a_trickle_of_bytes_costs_no_more_memory_than_its_frame():
    framer = Framer()
    for byte in frame(bytes(10_000))[:-1]:
        list(framer.feed(bytes([byte])))
    assert sys.getsizeof(framer._partial) < 1.3 * 10_000
