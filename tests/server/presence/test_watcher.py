"""A watcher's place in the journal: snapshot, diffs, resuming, and being too slow."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastseen.server.presence.presence import Presence
from lastseen.shared.messages import ClientList, Diff, Goodbye
from lastseen.shared.wire import to_frame

MANY = 2_500
"""More clients than fit two pages."""


def small_ring(presence: Presence) -> None:
    """A journal that keeps a few diffs only."""
    presence.journal._ring_bytes = 600


@pytest.fixture
def crowded(world: Any) -> Any:
    for n in range(MANY):
        world.register(f"{n:04}")
    return world


# --- snapshot and diffs ---------------------------------------------------------------------------


def test_a_watcher_is_sent_everyone_present_and_then_each_diff(
    world: Any, new_link: Any, new_view: Any
):
    link = new_link()
    a = world.register("a")
    world.watch(link)
    (page,) = link.sent
    assert [c.client_id for c in page.clients] == ["a"]
    assert (page.epoch, page.revision, page.after) == (world.presence.epoch, 1, None)
    world.register("b")
    world.presence.leave(a, world.now)
    world.tell()
    (diff,) = link.diffs
    assert diff.revision == 2
    assert ([c.client_id for c in diff.joins], diff.leaves[0].reason) == (["b"], "left")
    assert new_view().apply(link.sent).clients == world.snapshot()


def test_every_page_repeats_the_request_id_and_a_diff_has_none(crowded: Any, new_link: Any):
    link = new_link()
    crowded.watch(link)
    crowded.drain(link)
    crowded.register("x")
    crowded.tell()
    assert len(link.pages) > 2
    assert {page.request_id for page in link.pages} == {7}
    assert link.diffs[-1].request_id is None


def test_a_snapshot_goes_out_one_page_a_turn(crowded: Any, new_link: Any):
    link = new_link()
    crowded.watch(link)
    assert len(link.sent) == 1
    assert link.wants_a_turn
    crowded.presence.watchers.advance(link)  # not its turn yet
    assert len(link.sent) == 1
    crowded.drain(link)
    assert link.pages[-1].after is None
    assert sum(len(page.clients) for page in link.pages) == MANY


def test_what_was_changed_but_not_yet_told_is_in_the_snapshot_only(world: Any, new_link: Any):
    early, late = new_link(), new_link()
    world.watch(early)
    world.register("a")
    world.watch(late)  # within the tick
    world.tell()
    assert [type(m) for m in late.sent] == [ClientList]
    assert [d.revision for d in early.diffs] == [1]


step = st.tuples(st.sampled_from(["come", "go", "break", "turn", "tell"]), st.integers(0, 2_600))


@settings(max_examples=40)
@given(st.lists(step, max_size=25))
def test_changes_between_the_pages_of_a_snapshot_still_give_the_exact_view(
    new_world: Any, new_link: Any, new_view: Any, steps: list[tuple[str, int]]
):
    world, link = new_world(), new_link()
    sessions = {n: world.register(f"{n:04}", name="n" * 90) for n in range(0, 2_600, 4)}
    world.watch(link)
    assert link.wants_a_turn  # there are more pages
    for what, number in steps:
        if what == "come":
            sessions[number] = world.register(f"{number:04}")
        elif what == "go" and sessions:
            nearest = min(sessions, key=lambda n: abs(n - number))
            world.presence.leave(sessions.pop(nearest), world.now)
        elif what == "break" and sessions:
            nearest = min(sessions, key=lambda n: abs(n - number))
            world.presence.broke(sessions[nearest], world.now)
        elif what == "tell":
            world.tell()
        elif link.wants_a_turn:
            link.wants_a_turn = False
            world.presence.watchers.advance(link)
    world.drain(link)
    world.tell()
    assert new_view().apply(link.sent).clients == world.snapshot()


def test_a_page_shows_nothing_that_no_diff_before_it_told(crowded: Any, new_link: Any):
    link = new_link()
    crowded.watch(link)
    crowded.register("0000", name="renamed")  # in a page that is out already
    crowded.register("9999")
    crowded.drain(link)
    assert [type(m) for m in link.sent[:3]] == [ClientList, Diff, ClientList]
    assert [c.client_id for c in link.sent[1].joins] == ["9999"]
    assert [c.name for c in link.sent[1].updates] == ["renamed"]
    assert link.sent[2].revision == link.sent[1].revision


# --- resuming -------------------------------------------------------------------------------------


def test_one_that_returns_with_its_revision_gets_just_what_it_missed(
    world: Any, new_link: Any, new_view: Any
):
    first, again, view = new_link(), new_link(), new_view()
    world.register("a")
    world.watch(first)
    view.apply(first.sent)
    world.presence.watchers.remove(first)
    for client_id in "bc":
        world.register(client_id)
        world.tell()
    world.watch(again, *view.position)
    assert [(d.revision, d.request_id) for d in again.sent] == [(1, 7), (2, None), (3, None)]
    assert again.sent[0].joins == []
    assert view.apply(again.sent).clients == world.snapshot()


def test_one_that_missed_nothing_is_told_so_at_once(world: Any, new_link: Any):
    link = new_link()
    world.watch(link, world.presence.epoch, 0)
    assert link.sent == [Diff(world.presence.epoch, 0, request_id=7)]


def test_another_epoch_an_unknown_or_a_missing_revision_gets_a_snapshot(world: Any, new_link: Any):
    epoch = world.presence.epoch
    world.register("a")
    world.tell()
    for position in [("another", 1), (epoch, 2), (epoch, None), (None, 1), (None, None)]:
        link = new_link()
        world.watch(link, *position)
        assert [type(m) for m in link.sent] == [ClientList], position


def test_a_revision_that_the_ring_has_forgotten_gets_a_snapshot(world: Any, new_link: Any):
    small_ring(world.presence)
    for n in range(20):
        world.register(f"{n:02}")
        world.tell()
    forgotten, kept = new_link(), new_link()
    world.watch(forgotten, world.presence.epoch, 1)
    world.watch(kept, world.presence.epoch, 19)
    assert [type(m) for m in forgotten.sent] == [ClientList]
    assert [type(m) for m in kept.sent] == [Diff, Diff]


# --- slow ones ------------------------------------------------------------------------------------


def test_one_whose_link_is_busy_is_sent_the_rest_when_it_is_idle(
    world: Any, new_link: Any, new_view: Any
):
    link = new_link(takes=2)
    world.watch(link)
    for client_id in "abc":
        world.register(client_id)
        world.tell()
    assert len(link.sent) == 2
    link.takes = 10
    world.presence.watchers.advance(link)
    assert [d.revision for d in link.diffs] == [1, 2, 3]
    assert new_view().apply(link.sent).clients == world.snapshot()


@pytest.mark.parametrize("paging", [False, True])
def test_one_that_lags_until_the_ring_has_passed_it_is_closed_as_slow_and_nobody_else(
    world: Any, new_link: Any, paging: bool
):
    small_ring(world.presence)
    for n in range(1_500 if paging else 0):
        world.register(f"{n:04}")
    slow, well = new_link(takes=1), new_link()
    world.watch(slow)
    world.watch(well)
    assert (slow.pages[0].after is not None) is paging
    world.drain(well)
    for n in range(20):
        world.register(f"x{n}")
        world.tell()
    assert slow.goodbyes[0] == Goodbye("slow", reconnect=True)
    assert len(slow.sent) == 1
    assert well.goodbyes == []
    assert well.diffs[-1].revision == world.presence.journal.revision


def test_nobody_is_slow_who_had_no_chance_to_be_told(world: Any, new_link: Any, new_view: Any):
    small_ring(world.presence)
    link = new_link()
    world.watch(link)
    for n in range(1_000):  # in one tick, more than the ring holds
        world.register(f"{n:04}", name="n" * 100)
    world.tell()
    assert link.goodbyes == []
    assert len(link.diffs) > 1
    assert new_view().apply(link.sent).clients == world.snapshot()


Worlds = Callable[..., Any]


def test_a_watcher_is_sent_the_bytes_of_its_own_wire_format(new_world: Worlds, new_link: Any):
    encoders = {"msgpack": to_frame, "other": lambda diff: b"other %d" % diff.revision}
    world = new_world(encoders)
    received: list[bytes] = []
    other = new_link()
    other.wire_format = "other"
    other.send_encoded = received.append
    world.watch(other)
    world.register("a")
    world.tell()
    assert received == [b"other 1"]
