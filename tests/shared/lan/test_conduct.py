"""How one member of the LAN behaves, as those around it see it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.shared.ipmsg import entry
from lastseen.shared.ipmsg.beacon import Beacon
from lastseen.shared.ipmsg.entry import Entry
from lastseen.shared.ipmsg.packet import (
    ABSENCE,
    ANSENTRY,
    BR_ABSENCE,
    BR_ENTRY,
    BR_EXIT,
    DIALUP,
    NOOPERATION,
    PORT,
    Packet,
    parse,
)
from lastseen.shared.lan.conduct import LARGE, LARGER, LARGEST, Conduct, Habits, found_in, seek
from lastseen.shared.lan.peers import BURST, REPEATED_WITHIN, STRANGERS

ANN = ("10.0.0.1", PORT)
BOB = ("10.0.0.2", PORT)


def packet_in(data: bytes) -> Packet:
    packet = parse(data)
    assert packet is not None
    return packet


def test_an_entry_is_heard_and_answered_where_members_listen(conduct, datagram):
    outcome = conduct.receive(datagram("ann"), ("10.0.0.1", 40_000), 0, own=False)
    assert outcome.heard.entry.nickname == "Ann"
    assert outcome.answer.to == ANN
    assert packet_in(outcome.answer.data).command == ANSENTRY


@pytest.mark.parametrize("command", [ANSENTRY, BR_ABSENCE])
def test_an_answer_and_a_change_are_heard_and_not_answered(conduct, datagram, command):
    outcome = conduct.receive(datagram("ann", command), ANN, 0, own=False)
    assert outcome.heard.entry.nickname == "Ann"
    assert outcome.answer is None


def test_a_later_word_changes_what_is_known_of_it(conduct, datagram):
    conduct.receive(datagram("ann", group="Lab"), ANN, 0, own=False)
    said = datagram("ann", BR_ABSENCE, number=2, nickname="Anna", away=True, note="lunch")
    heard = conduct.receive(said, ANN, 1, own=False).heard
    assert (heard.entry.nickname, heard.entry.away, heard.entry.note) == ("Anna", True, "lunch")
    assert len(conduct.peers) == 1


def test_what_is_sent_twice_is_heard_once(conduct, datagram):
    assert conduct.receive(datagram("ann"), ANN, 0, own=False).verdict == "sign"
    again = conduct.receive(datagram("ann"), ANN, 0.01, own=False)
    assert (again.verdict, again.answer) == ("repeat", None)
    assert conduct.receive(datagram("ann"), BOB, 0.02, own=False).verdict == "sign"


def test_a_member_that_starts_anew_and_counts_from_one_is_heard(conduct, datagram):
    conduct.receive(datagram("ann"), ANN, 0, own=False)
    assert conduct.receive(datagram("ann"), ANN, REPEATED_WITHIN + 1, own=False).answer


def test_a_goodbye_is_told_by_the_name_of_who_went(conduct, datagram):
    conduct.receive(datagram("ann"), ANN, 0, own=False)
    conduct.receive(datagram("ann"), BOB, 0, own=False)
    outcome = conduct.receive(datagram("ann", BR_EXIT, number=2), BOB, 1, own=False)
    assert outcome.left == ANN[0]
    assert len(conduct.peers) == 0


def test_a_goodbye_of_nobody_changes_nothing(conduct, datagram):
    outcome = conduct.receive(datagram("ann", BR_EXIT), ANN, 1, own=False)
    assert (outcome.verdict, outcome.left) == ("other", None)


@pytest.mark.parametrize("command", [NOOPERATION, 0x20, 0x40, 0x18, 0xFF])
def test_other_commands_are_no_signs_of_life(conduct, datagram, command):
    outcome = conduct.receive(datagram("ann", command), ANN, 0, own=False)
    assert (outcome.verdict, outcome.heard, outcome.answer) == ("other", None, None)
    assert len(conduct.peers) == 0


# --- ourselves --------------------------------------------------------------------------------


def test_our_own_announcement_is_known_by_where_it_came_from_and_by_what_it_bears(conduct):
    (letter,) = conduct.announce(0)
    assert conduct.receive(letter.data, ANN, 0, own=True).verdict == "own"
    assert conduct.receive(letter.data, BOB, 0, own=False).verdict == "own"
    assert len(conduct.peers) == 0


def test_a_goodbye_in_our_name_takes_nobody_away(conduct, datagram):
    conduct.receive(datagram("ann"), ANN, 0, own=False)
    forged = entry.write(conduct.me, BR_EXIT, 9, "cp932")
    from_elsewhere = b"%b:%d:%b:%b:%d:" % (b"1", 9, forged.user, forged.host, BR_EXIT)
    assert conduct.receive(from_elsewhere, BOB, 1, own=False).left is None
    assert conduct.receive(from_elsewhere, ANN, 1, own=True).left is None
    assert len(conduct.peers) == 1


def test_another_lastseen_is_a_member_like_any(conduct):
    other = Conduct(Entry("lastseen", "two"), Beacon("m-2"), Habits(), 1, lambda: 0.0)
    (letter,) = other.announce(0)
    outcome = conduct.receive(letter.data, BOB, 0, own=False)
    assert outcome.heard.entry.host == "two"
    answered = other.receive(outcome.answer.data, ANN, 0, own=False)
    assert (answered.verdict, answered.answer) == ("sign", None)


# --- what it says -----------------------------------------------------------------------------


def test_an_announcement_is_for_all_and_once_more_for_those_whom_broadcasts_do_not_reach(
    conduct, datagram
):
    conduct.receive(datagram("ann"), ANN, 0, own=False)
    conduct.receive(datagram("bob", dialup=True), BOB, 0, own=False)
    for say, command in (
        (lambda: conduct.announce(0), BR_ENTRY),
        (conduct.say_absence, BR_ABSENCE),
        (conduct.leave, BR_EXIT),
    ):
        letters = say()
        assert [letter.to for letter in letters] == [None, BOB]
        assert {packet_in(letter.data).command for letter in letters} == {command}
        assert len({letter.data for letter in letters}) == 1


def test_every_packet_has_a_number_of_its_own(conduct):
    letters = [*conduct.announce(0), *conduct.probe("10.0.0.1"), *conduct.leave()]
    assert [packet_in(letter.data).number for letter in letters] == [101, 102, 103]


def test_a_probe_is_an_entry_for_one_at_all_its_addresses(conduct, datagram):
    conduct.receive(datagram("ann"), ANN, 0, own=False)
    conduct.receive(datagram("ann"), BOB, 0, own=False)
    letters = conduct.probe(ANN[0])
    assert [letter.to for letter in letters] == [ANN, BOB]
    assert {packet_in(letter.data).command for letter in letters} == {BR_ENTRY}


def test_an_address_that_nobody_is_known_at_can_be_probed(conduct):
    assert [letter.to for letter in conduct.probe("10.0.0.5")] == [("10.0.0.5", PORT)]


def test_what_has_changed_is_said_from_then_on(conduct):
    conduct.me = Entry("lastseen", "hub", nickname="Hub", away=True, note="upgrade")
    (letter,) = conduct.say_absence()
    packet = packet_in(letter.data)
    assert packet.has(ABSENCE)
    assert not packet.has(DIALUP)
    assert entry.read(packet, "cp932").nickname == "Hub"


@pytest.mark.parametrize(
    ("members", "delay"),
    [(0, 0.0), (LARGE, 0.5), (LARGER, 1.0), (LARGEST, 2.0)],
)
def test_the_more_members_the_longer_answers_are_spread(conduct, datagram, members, delay):
    conduct.habits = Habits(answer_delay=1.0)
    for n in range(members):
        sender = (f"10.0.{n // 250}.{n % 250}", PORT)
        conduct.receive(datagram("u", ANSENTRY, host=f"h{n}"), sender, 0, own=False)
    outcome = conduct.receive(datagram("new"), ("10.9.9.9", PORT), 0, own=False)
    assert outcome.answer.delay == delay


# --- the silent, the many, the noisy ------------------------------------------------------------


def test_who_is_silent_for_too_long_is_forgotten(conduct, datagram):
    conduct.receive(datagram("ann"), ANN, 0, own=False)
    conduct.receive(datagram("bob"), BOB, 100, own=False)
    conduct.announce(181)
    assert [peer.address for peer in conduct.peers] == [BOB[0]]


def test_who_is_silent_for_half_of_it_at_all_addresses_is_quiet(conduct, datagram):
    conduct.receive(datagram("ann"), ANN, 0, own=False)
    conduct.receive(datagram("bob"), BOB, 0, own=False)
    conduct.receive(datagram("bob"), ("10.0.0.3", PORT), 50, own=False)
    assert conduct.quiet(89) == []
    assert conduct.quiet(90) == [ANN[0]]


def test_invented_members_are_no_more_than_may_be_known_and_those_known_are_still_heard(
    conduct, datagram
):
    conduct.receive(datagram("ann"), ANN, 0, own=False)
    for n in range(5 * STRANGERS):
        sender = (f"10.1.{n // 250}.{n % 250}", PORT)
        conduct.receive(datagram("x", host=f"h{n}"), sender, 0, own=False)
    assert len(conduct.peers) == conduct.habits.max_peers
    assert conduct.verdicts["full"] == 5 * STRANGERS - conduct.habits.max_peers + 1
    assert conduct.receive(datagram("ann", number=2), ANN, 1, own=False).verdict == "sign"


def test_one_address_cannot_have_more_looked_at_than_its_rate(conduct, datagram):
    verdicts = [
        conduct.receive(datagram("ann", number=n), ANN, 0, own=False).verdict for n in range(500)
    ]
    assert verdicts.count("sign") == BURST
    assert verdicts.count("too_fast") == 500 - BURST
    assert conduct.receive(datagram("bob"), BOB, 0, own=False).verdict == "sign"


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_received(data, own):
    conduct = Conduct(Entry("u", "h"), Beacon("m"), Habits(), 1, lambda: 0.0)
    assert conduct.receive(data, ANN, 0, own=own).verdict
    assert sum(conduct.verdicts.values()) == 1


def test_what_real_members_send_is_received(conduct):
    data = b"1_iptux 0.8.3:1:root:vm:257:Ann\0Lab\0icon-tux.png\0utf-8\0"
    heard = conduct.receive(data, ANN, 0, own=False).heard
    assert (heard.entry.nickname, heard.entry.group, heard.entry.away) == ("Ann", "Lab", False)
    goodbye = b"1_iptux 0.8.3:8:root:vm:65538:\0"
    assert conduct.receive(goodbye, ANN, 5, own=False).left == ANN[0]


# --- who seeks a server -------------------------------------------------------------------------


@pytest.mark.parametrize("own", [False, True])
def test_who_seeks_a_server_is_answered_where_it_sent_from_and_is_no_member(conduct, own):
    seeker = ("10.0.0.7", 51_000)
    outcome = conduct.receive(seek(1), seeker, 0, own=own)
    assert (outcome.verdict, outcome.heard, outcome.answer.to) == ("sought", None, seeker)
    found = found_in(outcome.answer.data)
    assert found is not None
    assert found.address_of("tcp", "10.0.0.3") == "10.0.0.3:8080"
    assert len(conduct.peers) == 0


def test_who_serves_nothing_does_not_answer_who_seeks(conduct):
    conduct.beacon = Beacon("m-1")
    assert conduct.receive(seek(1), ("10.0.0.7", 51_000), 0, own=False).answer is None


def test_others_pass_over_a_seeking_datagram():
    packet = packet_in(seek(1))
    assert packet.command == NOOPERATION


@given(st.binary(max_size=200))
def test_a_beacon_is_found_in_any_bytes_or_not(data):
    assert found_in(data) is None or b"LS:" in data
