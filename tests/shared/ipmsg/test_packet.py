"""Datagrams, taken apart and put together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.shared.ipmsg.packet import (
    ABSENCE,
    ANSENTRY,
    BR_ENTRY,
    BR_EXIT,
    DIALUP,
    Packet,
    build,
    parse,
)

FIELDS = st.binary(max_size=30).filter(lambda field: b":" not in field)
PACKETS = st.builds(
    Packet,
    version=FIELDS.map(lambda rest: b"1" + rest),
    number=st.integers(0, 10**20 - 1),
    user=FIELDS,
    host=FIELDS,
    word=st.integers(0, 2**32 - 1),
    extra=st.binary(max_size=300),
)


@given(PACKETS)
def test_what_is_built_is_parsed_again(packet):
    assert parse(build(packet)) == packet


@given(st.binary(max_size=300) | PACKETS.map(build).flatmap(lambda b: st.just(b[: len(b) // 2])))
def test_any_bytes_are_a_packet_or_none(datagram):
    packet = parse(datagram)
    assert packet is None or parse(build(packet)) == packet


def test_the_low_byte_is_the_command_and_the_rest_are_flags():
    packet = Packet(b"1", 1, b"u", b"h", ANSENTRY | ABSENCE)
    assert packet.command == ANSENTRY
    assert packet.has(ABSENCE)
    assert not packet.has(DIALUP)


def test_colons_after_the_command_belong_to_the_words():
    packet = parse(b"1:7:ann:pc:1:Ann: at lunch\0Lab")
    assert packet is not None
    assert packet.extra == b"Ann: at lunch\0Lab"


def test_a_packet_may_end_with_its_command():
    packet = parse(b"1:7:ann:pc:2")
    assert packet is not None
    assert (packet.command, packet.extra) == (BR_EXIT, b"")


@pytest.mark.parametrize(
    "version", [b"1", b"1_iptux 0.8.3", b"1_lbt4_9#128#0A1B2C3D4E5F#0#0#0#2.5a"]
)
def test_the_version_begins_with_1(version):
    packet = parse(version + b":7:ann:pc:1:Ann")
    assert packet is not None
    assert (packet.version, packet.command) == (version, BR_ENTRY)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b":::::",
        b"GET / HTTP/1.1\r\n",
        b"2:7:ann:pc:1:Ann",
        b"1:x:ann:pc:1:Ann",
        b"1:-7:ann:pc:1:Ann",
        b"1:7:ann:pc:+1:Ann",
        b"1:7:ann:pc: 1:Ann",
        b"1:7:ann:pc::Ann",
        b"1:7:ann:1",
        b"1:" + b"9" * 5000 + b":ann:pc:1:Ann",
        "1:\u0667:ann:pc:1:Ann".encode(),  # a digit, of Arabic
    ],
)
def test_what_is_no_packet_is_passed_over(datagram):
    assert parse(datagram) is None


def test_a_colon_in_a_name_would_shift_the_fields():
    with pytest.raises(ValueError, match="expected no ':'"):
        build(Packet(b"1", 1, b"a:b", b"h", BR_ENTRY))
