"""Every message survives the wire, and whatever else comes over it is a typed error."""

import sys
from datetime import UTC
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from lastseen.shared.errors import BadMessage, UnknownType, Unreadable, WireError
from lastseen.shared.framing import Framer
from lastseen.shared.messages import Ping, Pong, Register, ToClient, ToServer
from lastseen.shared.wire import (
    PING_FRAME,
    PONG_FRAME,
    from_client,
    from_server,
    json_from_client,
    json_from_server,
    pack,
    to_frame,
    to_json,
)

MESSAGES = get_args(ToServer) + get_args(ToClient)
DIRECTIONS = [
    *((message, from_client) for message in get_args(ToServer)),
    *((message, from_server) for message in get_args(ToClient)),
]
encoded = msgspec.msgpack.encode


# --- what is well formed -----------------------------------------------------------------------


def values(kind: inspect.Type) -> st.SearchStrategy:
    """Any value of a field's type, within its bounds."""
    match kind:
        case inspect.StructType():
            required = {f.name: values(f.type) for f in kind.fields if f.required}
            optional = {f.name: values(f.type) for f in kind.fields if not f.required}
            fields = st.fixed_dictionaries(required, optional=optional)
            return fields.map(lambda chosen: kind.cls(**chosen))
        case inspect.UnionType():
            return st.one_of(map(values, kind.types))
        case inspect.IntType():
            low, high = kind.ge, kind.le
            return st.integers(
                -(2**63) if low is None else low, 2**63 - 1 if high is None else high
            )
        case inspect.FloatType():
            return st.floats(kind.ge, kind.le, allow_nan=False, allow_infinity=False)
        case inspect.StrType():
            unwanted = ["Cs", "Cc"] if kind.pattern else ["Cs"]
            letters = st.characters(exclude_categories=unwanted)
            return st.text(letters, min_size=kind.min_length or 0, max_size=kind.max_length)
        case inspect.ListType():
            return st.lists(values(kind.item_type), max_size=2)
        case inspect.VarTupleType():
            return st.lists(values(kind.item_type), max_size=kind.max_length or 4).map(tuple)
        case inspect.DictType():
            keys, items = values(kind.key_type), values(kind.value_type)
            return st.dictionaries(keys, items, max_size=kind.max_length or 4)
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.DateTimeType():
            return st.datetimes(timezones=st.just(UTC))
    return {inspect.BoolType: st.booleans(), inspect.NoneType: st.none()}[type(kind)]


@pytest.mark.parametrize(("message", "decoder"), DIRECTIONS)
@settings(max_examples=50)
@given(data=st.data())
def test_every_message_comes_back_as_it_was_sent(message, decoder, data):
    sent = data.draw(values(inspect.type_info(message)))
    (payload,) = Framer(limit=sys.maxsize).feed(to_frame(sent))
    assert decoder.decode(payload) == sent


@pytest.mark.parametrize(("message", "decoder"), DIRECTIONS)
@settings(max_examples=20)
@given(data=st.data())
def test_every_message_survives_json_too(message, decoder, data):
    sent = data.draw(values(inspect.type_info(message)))
    from_json = json_from_client if decoder is from_client else json_from_server
    assert from_json.decode(to_json(sent)) == sent


def test_ping_and_pong_are_a_map_of_their_type_and_nothing_else():
    assert msgspec.msgpack.decode(pack(Pong())) == {"type": "pong"}
    assert PING_FRAME == to_frame(Ping()) == bytes.fromhex("0000000b 81 a474797065 a470696e67")
    assert PONG_FRAME == to_frame(Pong()) == bytes.fromhex("0000000b 81 a474797065 a4706f6e67")


def test_unknown_keys_are_ignored():
    document = {"type": "register", "client_id": "web-01", "colour": ["blue", {1: 2}]}
    assert from_client.decode(encoded(document)) == Register("web-01")


def test_a_map_may_have_its_type_last():
    assert from_client.decode(encoded({"client_id": "a", "type": "register"})) == Register("a")


# --- what is not -------------------------------------------------------------------------------


def refusal(payload: bytes, decoder=from_client) -> WireError:
    with pytest.raises(WireError) as error:
        decoder.decode(payload)
    return error.value


def test_an_unknown_type_is_told_with_the_request_that_it_was():
    error = refusal(encoded({"type": "dance", "request_id": 7}))
    assert (type(error), error.request_id) == (UnknownType, 7)
    assert str(error) == "no message of type 'dance' is known"


def test_a_message_of_the_other_direction_is_an_unknown_type():
    assert isinstance(refusal(encoded({"type": "pong"}), from_client), UnknownType)
    assert isinstance(refusal(encoded({"type": "ping"}), from_server), UnknownType)


REGISTER = {"type": "register", "client_id": "a"}


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"type": "list", "limit": 1_000_000}, "list: limit: expected `int` <= 1000, got 1000000"),
        ({"type": "list", "limit": "5"}, "list: limit: expected `int`, got '5'"),
        (
            {"type": "list", "status": "gone"},
            "list: status: expected one of 'online', 'late', 'offline', 'all', got 'gone'",
        ),
        ({"type": "register"}, "register: missing required field `client_id`"),
        (
            REGISTER | {"client_id": ""},
            "register: client_id: expected `str` of length >= 1, got '' of length 0",
        ),
        (
            REGISTER | {"client_id": "a\nb"},
            "register: client_id: expected text without control characters, got 'a\\nb'",
        ),
        (
            REGISTER | {"groups": ["web", "\x00"]},
            "register: groups[1]: expected text without control characters, got '\\x00'",
        ),
        (
            REGISTER | {"meta": {"rack": 1, "fans": [1, 2]}},
            "register: meta['fans']: expected `bool | int | float | str | null`, got [1, 2]",
        ),
        (
            REGISTER | {"meta": {"n": 2**63}},
            "register: meta['n']: expected `int` <= 9223372036854775807, got 9223372036854775808",
        ),
        (
            REGISTER | {"meta": {"load": float("nan")}},
            "register: meta['load']: expected a finite number, got nan",
        ),
        (
            REGISTER | {"meta": {"k" * 65: 1}},
            f"register: meta: key: expected `str` of length <= 64, got '{'k' * 58}… of length 65",
        ),
        (
            {"type": "update_settings", "heartbeat_interval": float("nan")},
            "update_settings: heartbeat_interval: expected `float` >= -1000000000.0, got nan",
        ),
        (
            {"type": "update_settings", "connection_timeout": float("inf")},
            "update_settings: connection_timeout: expected `float` <= 1000000000.0, got inf",
        ),
        ({"type": 5}, "type: expected the name of a message, got 5"),
        ({"limit": 5}, "type: expected the name of a message, got none"),
        ({}, "type: expected the name of a message, got none"),
    ],
)
def test_a_bad_message_is_told_by_field_expectation_and_value(document, sentence):
    error = refusal(encoded({**document, "request_id": 7}))
    assert (type(error), error.request_id) == (BadMessage, 7)
    assert str(error) == sentence


@pytest.mark.parametrize(
    ("field", "value", "expectation"),
    [
        ("server_time", "2024-01-01T00:00:00", "expected `datetime` with a timezone component"),
        ("heartbeat_interval", -1.0, "expected `float` >= 0.0"),
        ("heartbeat_interval", float("nan"), "expected `float` >= 0.0"),
        ("connection_timeout", float("inf"), "expected `float` <= 1000000000.0"),
    ],
)
def test_a_client_takes_no_time_from_a_server_that_it_could_not_reckon_with(
    field, value, expectation
):
    document = {
        "type": "registered",
        "client_id": "a",
        "session": "s1",
        "heartbeat_interval": 60,
        "connection_timeout": 120,
        "server_time": "2024-01-01T00:00:00Z",
        "epoch": "e1",
        "revision": 1,
    }
    assert from_server.decode(encoded(document)).heartbeat_interval == 60
    error = refusal(encoded(document | {field: value}), from_server)
    assert str(error) == f"registered: {field}: {expectation}, got {value!r}"


@pytest.mark.parametrize("request_id", [-1, 2**53 + 1, 2**64 - 1, True, 1.5, "7", None, [7]])
def test_an_error_repeats_no_request_id_that_an_answer_could_not_carry(request_id):
    assert refusal(encoded({"type": "dance", "request_id": request_id})).request_id is None
    assert (
        refusal(encoded({"type": "list", "limit": 0, "request_id": request_id})).request_id is None
    )


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xc1", id="never used"),
        pytest.param(b"\x81\xa4type", id="cut short"),
        pytest.param(pack(Ping()) + b"\x00", id="trailing bytes"),
        pytest.param(b"\x81\xa4type\xa1\xff", id="not UTF-8"),
        pytest.param(encoded(["ping"]), id="a list"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="another protocol"),
        pytest.param(b"\x81\xa4type" + b"\x91" * 60_000, id="nested too deep"),
        pytest.param(b"\x82\xa4type\xa4list\x81\x01\x02\x03", id="a map as a key"),
    ],
)
def test_bytes_that_are_no_map_are_unreadable(payload):
    assert isinstance(refusal(payload), Unreadable)


@pytest.mark.parametrize(
    ("text", "kind", "sentence"),
    [
        ('{"type": "dance"}', UnknownType, "no message of type 'dance' is known"),
        (
            '{"type": "list", "limit": 0}',
            BadMessage,
            "list: limit: expected `int` >= 1, got 0",
        ),
        ('["ping"]', Unreadable, "a message is a map with a `type`, got list"),
        ('{"type": "ping"', Unreadable, "not a readable message: Input data was truncated"),
    ],
)
def test_what_is_wrong_in_json_is_told_like_the_same_in_messagepack(text, kind, sentence):
    error = refusal(text.encode(), json_from_client)
    assert (type(error), str(error)) == (kind, sentence)


@pytest.mark.parametrize("spare", range(0, 40, 3))
def test_nesting_as_deep_as_the_stack_is_a_typed_error_too(spare):
    # Where decoding just succeeds, saying what is wrong needs a little more stack.
    depth = sys.getrecursionlimit() - _frames() - spare
    error = refusal(b"\x82\xa4type\xa4list\xa6search" + b"\x91" * depth + b"\x00")
    assert isinstance(error, BadMessage | Unreadable)


def _frames() -> int:
    frame_, count = sys._getframe(), 0
    while frame_:
        frame_, count = frame_.f_back, count + 1
    return count
