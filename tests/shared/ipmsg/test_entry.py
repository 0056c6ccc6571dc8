"""What members say of themselves, in packets of real ones and of our own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.shared.ipmsg.entry import Entry, read, write
from lastseen.shared.ipmsg.packet import (
    ABSENCE,
    BR_ABSENCE,
    BR_ENTRY,
    CAPUTF8,
    UTF8,
    Packet,
    build,
    parse,
)
from lastseen.shared.ipmsg.text import clean

TEXTS = st.text(max_size=40).map(clean)
NAMES = TEXTS.map(lambda text: text.replace(":", ""))
NICKNAMES = TEXTS.filter(lambda text: not text.endswith("]"))


def test_what_a_real_member_says_is_what_it_was_told_to_say(captured):
    packet = parse(captured.data)
    assert packet is not None
    entry = read(packet, captured.legacy)
    assert {name: getattr(entry, name) for name in captured.said} == captured.said


@given(
    st.binary(max_size=300),
    st.integers(0, 2**32 - 1),
    st.binary(max_size=20),
    st.sampled_from(["cp932", "gbk"]),
)
def test_any_words_are_read(extra, word, name, legacy):
    packet = Packet(b"1" + name, 1, name, name, word, extra)
    entry = read(packet, legacy)
    assert all(text.isprintable() or "\u3000" in text for text in (entry.nickname, entry.group))


@given(
    st.builds(
        Entry,
        user=NAMES,
        host=NAMES,
        nickname=NICKNAMES,
        group=TEXTS.map(lambda text: text[:64].strip()),
        beacon=st.none() | st.just("1;tcp=*:8080"),
        dialup=st.booleans(),
    ),
    st.sampled_from(["cp932", "gbk"]),
)
def test_what_we_say_is_read_by_our_like_whatever_the_script(entry, legacy):
    packet = parse(build(write(entry, BR_ENTRY, 7, legacy)))
    assert packet is not None
    assert read(packet, legacy) == entry


def test_away_is_said_as_ip_messenger_does_with_the_reason_after_the_nickname():
    entry = Entry("ann", "pc", nickname="Ann", away=True, note="at lunch")
    packet = write(entry, BR_ABSENCE, 7, "cp932")
    assert packet.has(ABSENCE)
    assert packet.extra.startswith(b"Ann[at lunch]\0")
    assert read(packet, "cp932") == entry


def test_what_we_say_claims_no_utf_8_and_says_that_we_could_read_it():
    packet = write(Entry("ann", "pc", nickname="王"), BR_ENTRY, 7, "gbk")
    assert packet.has(CAPUTF8)
    assert not packet.has(UTF8)


@pytest.mark.parametrize(
    ("nickname", "legacy", "encoding"),
    [
        ("Ann", "gbk", "ascii"),
        ("王小明", "gbk", "gbk"),
        ("王小明😀", "gbk", "utf-8"),
        ("田中", "cp932", "utf-8"),
        ("茅", "gbk", "utf-8"),  # its GBK is the UTF-8 of é
    ],
)
def test_a_packet_is_in_one_encoding_for_iptux_passes_over_others(nickname, legacy, encoding):
    entry = Entry("ann", "pc", nickname=nickname, group="Lab", beacon="1;member=m")
    datagram = build(write(entry, BR_ENTRY, 7, legacy))
    assert f":{nickname}\0Lab\0\n" in datagram.decode(encoding)
    packet = parse(datagram)
    assert packet is not None
    assert read(packet, legacy) == entry


def test_iptux_says_absent_whether_it_is_or_not():
    packet = Packet(b"1_iptux 0.8.3", 1, b"u", b"h", BR_ENTRY | ABSENCE, b"Ann[x]\0Lab\0")
    assert (read(packet, "gbk").away, read(packet, "gbk").nickname) == (False, "Ann[x]")


def test_a_colon_in_our_own_names_does_not_shift_the_fields():
    packet = write(Entry("a:b", "pc:7", nickname="A:B"), BR_ENTRY, 7, "cp932")
    parsed = parse(build(packet))
    assert parsed == packet
    entry = read(packet, "cp932")
    assert (entry.user, entry.host, entry.nickname) == ("a;b", "pc;7", "A:B")


def test_a_line_that_is_not_ours_to_read_is_passed_over_and_the_last_of_several_counts():
    section = b"XX:strange\nUN:ann\nUN:eve\nLS:1;member=7"
    said = read(Packet(b"1", 1, b"u", b"h", BR_ENTRY, b"n\0g\0\n" + section), "gbk")
    assert (said.user, said.host, said.beacon) == ("eve", "h", "1;member=7")
