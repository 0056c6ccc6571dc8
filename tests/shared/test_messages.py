"""The messages are those of docs/protocol.md, which other languages' clients are written from."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from msgspec import inspect

from lastseen.shared import messages
from lastseen.shared.framing import FRAME_LIMIT, UNREGISTERED_LIMIT, Framer
from lastseen.shared.messages import (
    Answer,
    ClientRecord,
    Error,
    Goodbye,
    Leave,
    List,
    Ping,
    Register,
    Request,
    SetAvailability,
    ToClient,
    ToServer,
    UpdateSettings,
    snake_case,
)
from lastseen.shared.wire import PING_FRAME, PONG_FRAME, from_client, pack, to_frame

PROTOCOL = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
TO_SERVER, TO_CLIENT = get_args(ToServer), get_args(ToClient)


def section(title: str) -> str:
    return PROTOCOL.split(f"\n## {title}\n")[1].split("\n## ")[0]


def documented(title: str) -> dict[str, dict[str, str]]:
    """Of each message in the section's first table: its fields, with what stands in brackets."""
    table = re.search(r"(?:^\|.*\n)+", section(title), re.MULTILINE)
    rows = [line.split("|")[1:3] for line in table[0].splitlines()[2:]]
    return {name.strip(" `"): fields_in(cell) for name, cell in rows}


def fields_in(text: str) -> dict[str, str]:
    """`name?` (≤ 128) -> {"name?": "≤ 128"}."""
    names = re.findall(r"`([a-z_]+\??)`(?: \(([^)]*)\))?", text)
    return dict(names)


def fields_of(message: type[msgspec.Struct]) -> set[str]:
    """As the page writes them: `?` marks those that may be left out."""
    return {
        field.encode_name + ("" if field.required else "?")
        for field in msgspec.structs.fields(message)
        if field.name != "request_id"
    }


# --- the page ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "known"),
    [("Messages to the server", TO_SERVER), ("Messages to the client", TO_CLIENT)],
)
def test_the_page_names_every_message_and_every_field_and_no_other(title, known):
    ours = {message.__struct_config__.tag: fields_of(message) for message in known}
    assert {name: set(fields) for name, fields in documented(title).items()} == ours


def test_the_page_names_every_field_of_a_record_and_no_other():
    paragraph = re.search(r"^A \*\*record\*\*: (.*?)\n\n", PROTOCOL, re.MULTILINE | re.DOTALL)[1]
    required, optional = paragraph.split("where not empty")
    named = {*fields_in(without_brackets(required))}
    named |= {f"{name}?" for name in fields_in(without_brackets(optional))}
    assert named == fields_of(ClientRecord)


def without_brackets(text: str) -> str:
    return re.sub(r"\([^)]*\)", "", text)


@pytest.mark.parametrize(
    ("message", "row"),
    [(Register, "register"), (List, "list"), (SetAvailability, "set_availability")],
)
def test_the_page_states_the_bounds_of_text(message, row):
    stated = documented("Messages to the server")[row]
    for field in inspect.type_info(message).fields:
        kinds = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
        for kind in kinds:
            longest = getattr(kind, "max_length", None)
            if longest is not None:
                note = stated[field.encode_name + ("" if field.required else "?")]
                assert re.search(rf"(≤ |\u2013){longest}\b", note), (field.name, note)


def test_every_reason_availability_and_status_stands_in_the_page():
    words = [messages.Status, messages.Availability, messages.Via, messages.Reason]
    assert [w for kind in words for w in get_args(kind) if f"`{w}`" not in PROTOCOL] == []


def test_the_frames_shown_in_the_page_are_those_that_we_send():
    register, pings = hex_blocks(section("A first conversation"))
    assert register == to_frame(Register("nas-07", instance="5f3a"))
    assert pings == PING_FRAME + PONG_FRAME


def test_the_frames_shown_in_the_page_are_those_that_we_understand():
    stream = b"".join(hex_blocks(section("A first conversation")))
    register, ping, _pong = Framer(UNREGISTERED_LIMIT).feed(stream)
    assert from_client.decode(register) == Register("nas-07", instance="5f3a")
    assert from_client.decode(ping) == Ping()


def test_the_lengths_that_the_page_speaks_of_are_those_of_the_frames():
    said = re.findall(
        r"(\d+) bytes", re.sub(r"```.*?```", "", section("A first conversation"), flags=re.DOTALL)
    )
    assert [int(n) for n in said] == [
        len(to_frame(Register("nas-07", instance="5f3a"))),
        len(PING_FRAME),
    ]


def test_the_limits_in_the_page_are_ours():
    assert f"| to the server, before `register` succeeded | {UNREGISTERED_LIMIT:,} |" in PROTOCOL
    assert f"| {FRAME_LIMIT:,} |" in PROTOCOL


def hex_blocks(text: str) -> list[bytes]:
    """The bytes at the start of each line of each block; two spaces part them from the notes."""
    blocks = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    return [
        b"".join(bytes.fromhex(line.strip().split("  ")[0]) for line in block.splitlines())
        for block in blocks
    ]


# --- the Structs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "tag"), [("Ping", "ping"), ("ClientList", "client_list"), ("GetStats", "get_stats")]
)
def test_a_type_is_its_name_in_snake_case(name, tag):
    assert snake_case(name) == tag
    assert getattr(messages, name).__struct_config__.tag == tag


def test_what_has_its_default_value_is_left_out():
    assert msgspec.msgpack.decode(pack(Register("a"))) == {"type": "register", "client_id": "a"}
    sent = msgspec.msgpack.decode(pack(Register("a", groups=("web",), request_id=0)))
    assert sent == {"type": "register", "client_id": "a", "groups": ["web"], "request_id": 0}
    assert msgspec.msgpack.decode(pack(Goodbye("left", reconnect=False))) == {
        "type": "goodbye",
        "reason": "left",
        "reconnect": False,
    }


@pytest.mark.parametrize("message", TO_SERVER + TO_CLIENT)
def test_messages_are_frozen_and_a_request_id_is_named_when_it_is_given(message):
    assert message.__struct_config__.frozen
    if issubclass(message, Request | Answer):
        assert "request_id" in message.__struct_fields__
        assert not [
            f for f in msgspec.structs.fields(message) if f.name == "request_id" and f.required
        ]


def test_every_message_to_the_server_but_ping_and_leave_may_carry_a_request_id():
    assert {m for m in TO_SERVER if not issubclass(m, Request)} == {Ping, Leave}


def largest(letter: str) -> Register:
    """A register with every field at its bound."""
    bounds = {
        f.name: getattr(f.type, "max_length", None) for f in inspect.type_info(Register).fields
    }
    text = {name: letter * size for name, size in bounds.items() if size and size > 16}
    return Register(
        **text,
        groups=(letter * 64,) * 16,
        meta={f"{i:02}" + letter * 62: letter * 256 for i in range(16)},
    )


def test_a_register_at_all_its_bounds_is_valid_but_longer_than_an_unregistered_peer_may_send():
    register = largest("x")
    assert from_client.decode(pack(register)) == register
    assert len(pack(register)) > UNREGISTERED_LIMIT
    with pytest.raises(Exception, match="at most 4096 are accepted here"):
        list(Framer(UNREGISTERED_LIMIT).feed(to_frame(register)))


def test_an_ordinary_register_is_far_from_its_limit():
    register = Register(
        "web-01.berlin.example.org",
        name="Web server 1",
        hostname="web-01.berlin.example.org",
        groups=("web", "berlin"),
        meta={"version": "1.2.3", "rack": 7},
        instance="5f3a9c0e1b2d4f60",
        token="t" * 32,
    )
    assert len(pack(register)) < UNREGISTERED_LIMIT / 10


def test_two_records_at_all_their_bounds_fit_a_frame_whatever_the_script():
    register, now = largest("😀"), datetime(2024, 1, 1, tzinfo=UTC)
    record = ClientRecord(
        client_id=register.client_id,
        status="online",
        reason="registered",
        since=now,
        last_seen=now,
        name=register.name,
        hostname=register.hostname,
        groups=register.groups,
        meta=register.meta,
        availability="busy",
        note="😀" * 256,
        address="x" * 64,
        via="websocket",
        sessions=2**31,
    )
    assert 2 * len(pack(record)) < FRAME_LIMIT


@pytest.mark.parametrize("seconds", [0.1, 60, 1e9])
def test_settings_may_be_wished_as_integer_or_float(seconds):
    wish = UpdateSettings(heartbeat_interval=seconds)
    assert from_client.decode(pack(wish)) == wish


@pytest.mark.parametrize("field", ["name", "hostname"])
def test_names_may_hold_any_character_as_showing_them_safely_is_for_who_shows_them(field):
    register = Register("a", **{field: "\x1b[2J\n\x00"})
    assert from_client.decode(pack(register)) == register


def test_an_error_is_a_code_for_programs_and_a_sentence_for_people():
    document = msgspec.msgpack.decode(
        pack(Error("server_full", "full", retry_after=5, request_id=1))
    )
    assert document == {
        "type": "error",
        "code": "server_full",
        "message": "full",
        "retry_after": 5,
        "request_id": 1,
    }
