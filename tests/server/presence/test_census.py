"""Counts that follow: whatever comes and goes, they are what a recount gives."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.presence.census import Census

statuses = st.sampled_from(["online", "late", "offline"])
groups = st.lists(st.sampled_from("abc"), max_size=3).map(tuple)
known = st.tuples(statuses, groups, st.sampled_from(["tcp", "http"]))


@given(st.lists(known), st.data())
def test_counts_are_what_a_recount_gives(clients, data):
    census = Census()
    for client in clients:
        census.add(*client)
    gone = data.draw(st.lists(st.sampled_from(range(len(clients))), unique=True)) if clients else []
    for index in gone:
        census.remove(*clients[index])
    left = [c for index, c in enumerate(clients) if index not in gone and c[0] != "offline"]
    recount = Counter(s for s, _, _ in left)
    assert census.statuses == {"online": recount["online"], "late": recount["late"]}
    for counted, names in (
        (census.groups, [(group, s) for s, of, _ in left for group in {*of}]),
        (census.ways, [(via, s) for s, _, via in left]),
    ):
        assert {(name, s): n for name, t in counted.items() for s, n in t.items() if n} == Counter(
            names
        )


def test_a_group_in_which_nobody_is_present_is_not_held():
    census = Census()
    census.add("online", ("web",), "http")
    census.remove("online", ("web",), "http")
    assert (census.groups, census.ways) == ({}, {})


def test_a_group_named_twice_has_its_member_once():
    census = Census()
    census.add("late", ("web", "web"), "tcp")
    assert census.groups == {"web": {"online": 0, "late": 1}}
