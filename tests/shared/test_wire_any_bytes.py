"""Any bytes, in any cut: messages or typed errors, and nothing else."""

import json
import struct
from typing import get_args

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lastseen.shared.errors import FrameTooLong, WireError
from lastseen.shared.framing import HEADER, Framer, frame
from lastseen.shared.messages import Error, Message, ToClient, ToServer
from lastseen.shared.wire import (
    from_client,
    from_server,
    json_from_client,
    json_from_server,
    pack,
    to_json,
)

LONGEST_SENTENCE = 400  # characters: what an error message may cost, whatever it is about
MESSAGES = get_args(ToServer) + get_args(ToClient)
encoded = msgspec.msgpack.encode

FIELDS = [f.encode_name for message in MESSAGES for f in msgspec.structs.fields(message)]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.builds(msgspec.msgpack.Ext, st.integers(-128, 127), st.binary(max_size=16))
).map(encoded)
# Timestamps of all three lengths, most of them out of the range of a calendar.
TIMESTAMPS = st.sampled_from([4, 8, 12]).flatmap(
    lambda size: st.binary(min_size=size, max_size=size).map(
        lambda data: encoded(msgspec.msgpack.Ext(-1, data))
    )
)
NO_TEXT = st.binary(min_size=1, max_size=9).map(lambda data: bytes([0xA0 | len(data)]) + data)
DEEP = st.sampled_from([b"\x91", b"\x81\xa1a", b"\x81"]).flatmap(
    lambda level: st.integers(1, 3000).map(lambda depth: level * depth + b"\xc0" * (depth + 1))
)


def a_map(pairs: list[tuple[bytes, bytes]]) -> bytes:
    return b"\xde" + struct.pack(">H", len(pairs)) + b"".join(k + v for k, v in pairs)


def a_list(items: list[bytes]) -> bytes:
    return b"\xdc" + struct.pack(">H", len(items)) + b"".join(items)


ANYTHING = st.recursive(
    SCALARS | TIMESTAMPS | NO_TEXT | DEEP,
    lambda inner: (
        st.lists(inner, max_size=4).map(a_list)
        | st.lists(st.tuples(inner, inner), max_size=4).map(a_map)  # any key, hashable or not
    ),
    max_leaves=8,
)
TYPES = st.sampled_from([m.__struct_config__.tag for m in MESSAGES] + ["dance"]).map(encoded)
KEYS = st.sampled_from(["type", "request_id", *FIELDS]).map(encoded) | ANYTHING
DOCUMENTS = st.builds(
    lambda name, pairs: a_map([(encoded("type"), name), *pairs]),
    TYPES | ANYTHING,
    st.lists(st.tuples(KEYS, ANYTHING), max_size=6),
)


def check(payload: bytes, decoder) -> None:
    """A message that can be sent on, or an error that can be told to the peer; nothing else."""
    try:
        message = decoder.decode(payload)
    except WireError as error:
        message, decoder = as_answer(error), from_server
    assert isinstance(message, Message)
    sent_on = pack(message)
    assert pack(decoder.decode(sent_on)) == sent_on


def as_answer(error: WireError) -> Error:
    sentence = str(error)
    assert sentence.isprintable()
    assert len(sentence) < LONGEST_SENTENCE
    return Error(error.code, sentence, request_id=error.request_id)


@pytest.mark.parametrize("decoder", [from_client, from_server], ids=["from_client", "from_server"])
@given(payload=DOCUMENTS | ANYTHING | st.binary(max_size=64))
@example(payload=encoded(["type"]))
def test_any_payload_is_a_message_or_a_typed_error(decoder, payload):
    check(payload, decoder)


JSON_DOCUMENTS = st.builds(
    lambda name, rest: {"type": name} | rest,
    st.sampled_from([m.__struct_config__.tag for m in MESSAGES]),
    st.dictionaries(
        st.sampled_from(["request_id", *FIELDS]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        max_size=4,
    ),
).map(lambda document: json.dumps(document).encode())  # which writes NaN, too


@pytest.mark.parametrize("decoder", [json_from_client, json_from_server])
@given(payload=JSON_DOCUMENTS | st.text().map(str.encode) | st.binary(max_size=64))
@example(payload=b"[" * 60_000)
@example(payload=b'{"type":"\xff"}')
@example(payload=b'{"type":"ping","x":"\\ud800"}')
@example(payload=b'{"type":"get_history","client_id":"a","since":"0000-01-01T00:00:00Z"}')
@example(payload=b'{"type":"update_settings","heartbeat_interval":1e999}')
def test_any_text_is_a_message_or_a_typed_error(decoder, payload):
    try:
        message = decoder.decode(payload)
    except WireError as error:
        as_answer(error)
    else:
        assert decoder.decode(to_json(message)) == message


@given(
    stream=st.lists(DOCUMENTS.map(frame) | st.binary(max_size=64), max_size=4).map(b"".join),
    size=st.integers(1, 100),
)
def test_any_stream_in_any_cut_is_messages_and_typed_errors(stream, size):
    framer = Framer()
    try:
        for start in range(0, len(stream), size):
            for payload in framer.feed(stream[start : start + size]):
                check(payload, from_client)
    except FrameTooLong:
        assert framer.pending == HEADER
