"""Who is known by which address, and how little a flood can make of it."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lastseen.shared.ipmsg.entry import Entry
from lastseen.shared.lan.peers import (
    BURST,
    NUMBERS_KEPT,
    RATE,
    REPEATED_WITHIN,
    STRANGERS,
    Peers,
    Source,
)

ADDRESSES = [f"10.0.0.{n}" for n in range(1, 5)]


def name_of(peers: Peers, address: str) -> str | None:
    peer = peers.find(address)
    return None if peer is None else peer.member.name


def test_two_addresses_of_one_machine_are_one_member_that_goes_by_the_first(someone):
    peers = Peers()
    peers.hear("10.0.0.1", someone("ann"), 0)
    peers.hear("10.1.0.9", someone("Ann"), 1)
    peers.hear("10.0.0.2", someone("bob"), 1)
    assert name_of(peers, "10.1.0.9") == "10.0.0.1"
    assert name_of(peers, "10.0.0.2") == "10.0.0.2"


def test_it_goes_by_that_address_even_when_only_the_other_is_heard_any_more(someone):
    peers = Peers()
    peers.hear("10.0.0.1", someone("ann"), 0)
    peers.hear("10.1.0.9", someone("ann"), 50)
    peers.expire(10)
    assert peers.find("10.0.0.1") is None
    peers.hear("10.1.0.9", someone("ann"), 60)
    assert name_of(peers, "10.1.0.9") == "10.0.0.1"


def test_who_takes_over_the_address_takes_the_name_and_the_other_goes_by_its_own(someone):
    peers = Peers()
    peers.hear("10.0.0.1", someone("ann"), 0)
    peers.hear("10.0.0.9", someone("ann"), 1)
    peers.hear("10.0.0.1", someone("bob"), 2)
    assert name_of(peers, "10.0.0.1") == "10.0.0.1"
    assert name_of(peers, "10.0.0.9") == "10.0.0.9"


def test_who_does_not_say_who_it_is_is_somebody_else_at_every_address(someone):
    peers = Peers()
    for user, host in (("", "pc"), ("ann", "")):
        peers.hear("10.0.0.1", someone(user, host=host), 0)
        peers.hear("10.0.0.2", someone(user, host=host), 0)
        assert name_of(peers, "10.0.0.2") == "10.0.0.2"


def test_a_goodbye_is_for_all_addresses(someone):
    peers = Peers()
    peers.hear("10.0.0.1", someone("ann"), 0)
    peers.hear("10.0.0.9", someone("ann"), 0)
    member = peers.remove("10.0.0.9")
    assert member is not None
    assert member.name == "10.0.0.1"
    assert len(peers) == 0
    assert peers.remove("10.0.0.1") is None


def test_a_number_is_a_repeat_for_a_moment_only_because_members_count_anew():
    source = Source(0)
    assert not source.repeats(1, 0)
    assert source.repeats(1, 0.01)
    assert not source.repeats(2, 0.02)
    assert not source.repeats(1, REPEATED_WITHIN + 0.01)


def test_an_address_is_allowed_bursts_but_no_more_than_its_rate():
    source = Source(0)
    assert sum(source.allow(0) for _ in range(1000)) == BURST
    assert sum(source.allow(10 + n / 1000) for n in range(1000)) <= BURST + RATE


def test_a_flood_of_addresses_leaves_little_behind(someone):
    peers = Peers()
    member = peers.source("10.0.0.1", 0)
    peers.hear("10.0.0.1", someone("ann"), 0)
    for n in range(5 * STRANGERS):
        peers.source(f"stranger {n}", 0)
    for n in range(100):
        member.repeats(n, 0)
    assert len(peers._strangers) == STRANGERS
    assert len(member.numbers) == NUMBERS_KEPT
    assert peers.source("10.0.0.1", 0) is member


class AnyOrder(RuleBasedStateMachine):
    """Members come, move, take each other's addresses and go."""

    def __init__(self) -> None:
        super().__init__()
        self.peers = Peers()
        self.now = 0.0

    @rule(address=st.sampled_from(ADDRESSES), user=st.sampled_from(["", "ann", "bob", "eve"]))
    def hear(self, address: str, user: str) -> None:
        self.now += 1
        self.peers.hear(address, Entry(user, "pc"), self.now)

    @rule(address=st.sampled_from(ADDRESSES))
    def remove(self, address: str) -> None:
        self.peers.remove(address)

    @rule(age=st.integers(0, 5))
    def expire(self, age: int) -> None:
        self.peers.expire(self.now - age)

    @invariant()
    def a_name_is_one_members_and_a_member_has_one_name(self) -> None:
        by_name: dict[str, set[str]] = {}
        by_user: dict[str, set[str]] = {}
        for peer in self.peers:
            who = peer.entry.user or peer.address
            by_name.setdefault(peer.member.name, set()).add(who)
            by_user.setdefault(who, set()).add(peer.member.name)
        assert all(len(users) == 1 for users in by_name.values())
        assert all(len(names) == 1 for names in by_user.values())

    @invariant()
    def nothing_is_kept_of_those_who_went(self) -> None:
        members = {id(peer.member) for peer in self.peers}
        assert {id(member) for member in self.peers._members.values()} == members
        assert {id(member) for member in self.peers._bearers.values()} == members
        assert self.peers._sources.keys() == self.peers._peers.keys()
        for member in self.peers._members.values():
            assert set(member.addresses) <= self.peers._peers.keys()


AnyOrder.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestAnyOrder = AnyOrder.TestCase


def test_a_name_that_is_taken_may_take_any_number_of_others_with_it(someone):
    peers, many = Peers(), 2_000
    for number in range(many):
        peers.hear(f"at-{number}", someone(f"user-{number}"), 0)
    for number in reversed(range(many)):  # each is heard from where the next one was
        peers.hear(f"at-{number + 1}", someone(f"user-{number}"), 1)
    peers.hear("at-0", someone("new"), 2)
    assert all(peer.member.name == peer.address for peer in peers)
    peers.expire(3)
    assert len(peers) == 0
