"""What a store adds to presence: clients of a run before, those that are asked for, and a recorder
that hears of every change.
"""

from bisect import bisect_right
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lastseen.server.presence.listing import Stored, page
from lastseen.shared.messages import ClientRecord, List

WHEN = datetime(2026, 1, 2, tzinfo=UTC)


def remembered(client_id: str, **changes: Any) -> ClientRecord:
    return replace(ClientRecord(client_id, "late", "closed", WHEN, WHEN), **changes)


class Notes:
    """A recorder that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def transition(self, transition: Any, record: ClientRecord) -> None:
        assert record.status == transition.after
        self.told.append((transition.client_id, transition.after, transition.reason))

    def change(self, record: ClientRecord) -> None:
        self.told.append((record.client_id, record.availability, record.note))

    def stalled(self, now: Any) -> None:
        self.told.append(("stalled", now.awake))

    def forgotten(self, client_id: str) -> None:
        self.told.append(("forgotten", client_id))

    def mass_loss(self, silent: int, present: int, hold: float, _now: Any) -> None:
        self.told.append(("mass_loss", silent, present, hold))


@pytest.fixture
def noted(world) -> Notes:
    world.presence.recorder = Notes()
    return world.presence.recorder


# --- clients of the run before ----------------------------------------------------------------


def test_one_that_is_restored_is_late_counts_and_waits_for_the_longer_grace(world, noted):
    record = remembered("a", name="A", groups=("g",), meta={"k": 1}, note="n", address="h:1")
    world.presence.restore([record])
    registry = world.presence.registry
    assert registry.counts == {"online": 0, "late": 1}
    assert "a" in registry
    now = registry.record("a")
    assert replace(now, since=record.since) == record
    [session] = registry.sessions()
    policy = world.presence.policy
    grace = policy.connection_timeout + policy.reconnect_grace
    assert registry.detector.deadline(session) == world.now.awake + grace
    world.wait(grace - 1)
    assert world.reap() == []
    world.wait(1)
    assert world.reap() == ["a"]
    assert noted.told == [("a", "offline", "closed")]
    assert registry.record("a").last_seen == WHEN
    assert registry.counts == {"online": 0, "late": 0}


@pytest.mark.parametrize("duplicate", ["replace", "reject", "share"])
def test_whoever_comes_by_a_restored_name_takes_over_and_leaves_as_a_whole(new_world, duplicate):
    world = new_world(duplicate=duplicate)
    world.presence.recorder = noted = Notes()
    world.presence.restore([remembered("a")])
    session = world.register("a", "any")
    assert len(list(world.presence.registry.sessions())) == 1
    world.presence.leave(session, world.now)
    assert noted.told == [("a", "online", "returned"), ("a", "offline", "left")]


def test_watchers_are_shown_those_who_are_restored_and_then_that_they_are_gone(
    world, new_link, new_view
):
    link = new_link()
    world.watch(link)
    world.presence.restore([remembered("a")])
    world.tell()
    assert new_view().apply(link.sent).clients["a"].status == "late"
    world.wait(200)
    world.reap()
    world.tell()
    assert new_view().apply(link.sent).clients == {}


def test_a_restart_in_which_all_stay_away_is_no_mass_loss_for_ever(new_world):
    world = new_world(mass_loss_min=10, mass_loss_hold=60.0)
    world.presence.restore(remembered(f"web-{n}") for n in range(100))
    world.wait(126)
    assert world.reap() == []  # held: it may be our own link
    world.wait(60)
    assert len(world.reap()) == 100


# --- forgetting -------------------------------------------------------------------------------


def test_one_that_went_offline_is_forgotten_once_watchers_know_that_it_left(
    world, new_link, new_view
):
    link = new_link()
    world.watch(link)
    session = world.register("a")
    world.tell()
    world.presence.leave(session, world.now)
    world.presence.forget("a")
    assert world.presence.registry.record("a") is None
    assert list(world.presence.registry.ids_after(None)) == []
    world.tell()
    assert new_view().apply(link.sent).clients == {}


def test_one_that_is_present_or_unknown_is_not_touched_by_forgetting(world):
    world.register("a")
    world.presence.forget("a")
    world.presence.forget("nobody")
    assert world.status("a") == "online"


# --- the recorder -----------------------------------------------------------------------------


def test_the_recorder_hears_of_every_change_in_order_and_of_no_ping(world, noted):
    session = world.register("a")
    world.presence.heard(session, world.now)
    world.presence.set_availability(session, "busy", "lunch")
    world.presence.set_availability(session, "busy", "lunch")  # nothing new
    world.register("a")  # the same instance: no transition, but what it says may be new
    world.presence.broke(session, world.now)  # a late word
    assert noted.told == [
        ("a", "online", "registered"),
        ("a", "busy", "lunch"),
        ("a", "busy", "lunch"),
    ]


def test_the_recorder_hears_of_a_stall(world, noted):
    world.wait(3)
    world.stall(60)
    world.clock.sample()
    assert [what for what, *_ in noted.told] == ["stalled"]


# --- lists ------------------------------------------------------------------------------------

ids = st.sampled_from([f"{letter}{number}" for letter in "abc" for number in range(6)])


@given(
    stored=st.sets(ids),
    present=st.sets(ids),
    limit=st.integers(1, 5),
    store_limit=st.integers(1, 5),
    changes=st.lists(st.lists(st.tuples(st.booleans(), ids), max_size=4), max_size=30),
)
def test_pages_give_each_id_once_in_order_while_clients_come_and_go(
    new_world, stored, present, limit, store_limit, changes
):
    world = new_world()
    sessions = {client_id: world.register(client_id) for client_id in present}
    throughout = stored | present
    coming_and_going = iter(changes)
    cursor, found = None, []
    for _ in range(200):
        records, cursor = _page(world, stored, cursor, limit, store_limit)
        for record in records:
            known_here = world.presence.registry.record(record.client_id)
            assert record == (known_here or remembered(record.client_id, status="offline"))
        found += [record.client_id for record in records]
        if cursor is None:
            break
        for comes, client_id in next(coming_and_going, []):
            if comes:
                sessions[client_id] = world.register(client_id, f"i{len(found)}")
            elif client_id in sessions:
                world.presence.leave(sessions.pop(client_id), world.now)
                stored.add(client_id)
    else:
        pytest.fail("the pages never end")
    assert found == sorted(set(found))
    assert throughout <= set(found)


def _page(world: Any, stored: set[str], cursor: str | None, limit: int, store_limit: int) -> Any:
    """One page, of a store that itself answers in pages."""
    order = sorted(stored)
    start = 0 if cursor is None else bisect_right(order, cursor)
    part = order[start : start + store_limit]
    until = part[-1] if start + store_limit < len(order) else None
    records = [remembered(client_id, status="offline") for client_id in part]
    request = List(status="all", limit=limit, after=cursor)
    return page(world.presence.registry, request, Stored(records, until))


def test_where_both_know_a_client_the_registry_is_right(world):
    world.register("a", groups=("new",))
    stored = Stored([remembered("a", status="offline", groups=("old",))])
    listed = page(world.presence.registry, List(status="all"), stored)
    assert [(r.client_id, r.groups) for r in listed[0]] == [("a", ("new",))]
    assert page(world.presence.registry, List(status="offline"), stored) == ([], None)
    assert page(world.presence.registry, List(status="all", group="old"), stored) == ([], None)


def test_what_the_store_found_too_much_is_filtered(world):
    stored = Stored(
        [remembered("a", groups=("x",), status="offline"), remembered("b", status="offline")]
    )
    listed, _ = page(world.presence.registry, List(status="offline", group="x"), stored)
    assert [r.client_id for r in listed] == ["a"]


def test_a_page_that_a_frame_cuts_short_goes_on_where_it_was_cut(world):
    big = [remembered(f"{n:03}", note="n" * 4_000, status="offline") for n in range(40)]
    found, cursor = [], None
    while True:
        left = Stored([r for r in big if cursor is None or r.client_id > cursor])
        records, cursor = page(world.presence.registry, List(status="all", after=cursor), left)
        found += [r.client_id for r in records]
        if cursor is None:
            break
    assert found == [r.client_id for r in big]


def test_a_store_that_found_nobody_yet_is_asked_again_from_where_it_stopped(world):
    world.register("z")
    request = List(status="all", search="z")
    assert page(world.presence.registry, request, Stored([], until="m")) == ([], "m")
    listed, cursor = page(world.presence.registry, List(status="all", after="m"), Stored([]))
    assert ([r.client_id for r in listed], cursor) == (["z"], None)
