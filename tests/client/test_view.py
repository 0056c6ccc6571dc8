from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.client.view import Gap, View
from lastseen.shared.messages import ClientList, ClientRecord, Diff

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def record(client_id, note=""):
    return ClientRecord(client_id, "online", "registered", NOON, NOON, note=note)


A, B, C = record("a"), record("b"), record("c")
A2, B2 = record("a", "new"), record("b", "new")


def snapshot(*records, revision=1, epoch="e", after=None):
    return ClientList(list(records), epoch, revision, after=after)


def viewing(*records, revision=1):
    view = View()
    view.apply(snapshot(*records, revision=revision))
    return view


def test_in_the_first_snapshot_everyone_joins():
    view = View()
    change = view.apply(snapshot(A, B, revision=7))
    assert (change.kind, change.joins, change.leaves, change.updates) == (
        "snapshot",
        [A, B],
        [],
        [],
    )
    assert dict(view) == {"a": A, "b": B}
    assert (view.epoch, view.revision) == ("e", 7)
    assert change.view is view


def test_an_empty_snapshot_is_a_change_too():
    change = View().apply(snapshot())
    assert (change.kind, change.joins) == ("snapshot", [])


def test_until_the_last_page_is_in_the_view_stays_what_it_was():
    view = viewing(C)
    assert view.apply(snapshot(A, after="a")) is None
    assert dict(view) == {"c": C}
    change = view.apply(snapshot(B))
    assert dict(view) == {"a": A, "b": B}
    assert (change.joins, change.leaves) == ([A, B], [C])


def test_diffs_between_pages_belong_to_the_snapshot():
    view = View()
    view.apply(snapshot(A, B, revision=1, after="b"))
    assert view.apply(Diff("e", 2, leaves=[A], updates=[B2])) is None
    view.apply(snapshot(C, revision=2))
    assert dict(view) == {"b": B2, "c": C}
    assert view.revision == 2


def test_pages_that_all_bear_the_revision_of_the_first_do_not_turn_it_back():
    view = View()
    view.apply(snapshot(A, revision=1, after="a"))
    view.apply(Diff("e", 2, updates=[A2]))
    view.apply(snapshot(B, revision=1))
    assert view.revision == 2
    assert dict(view) == {"a": A2, "b": B}


def test_a_diff_changes_the_view_and_counts_up():
    view = viewing(A, B)
    change = view.apply(Diff("e", 2, joins=[C], leaves=[A], updates=[B2]))
    assert dict(view) == {"b": B2, "c": C}
    assert (change.kind, change.joins, change.leaves, change.updates) == ("diff", [C], [A], [B2])
    assert view.revision == 2


def test_a_diff_that_is_known_changes_nothing():
    view = viewing(A, revision=5)
    assert view.apply(Diff("e", 5, leaves=[A])) is None
    assert view.apply(Diff("e", 4, leaves=[A])) is None
    assert dict(view) == {"a": A}
    assert view.revision == 5


@pytest.mark.parametrize("diff", [Diff("e", 3), Diff("another", 2)])
def test_a_diff_that_does_not_follow_is_a_gap_and_changes_nothing(diff):
    view = viewing(A)
    with pytest.raises(Gap):
        view.apply(diff)
    assert (dict(view), view.revision) == ({"a": A}, 1)


def test_a_diff_before_any_snapshot_is_a_gap():
    with pytest.raises(Gap):
        View().apply(Diff("e", 1))


def test_a_new_snapshot_tells_the_differences():
    view = viewing(A, B)
    change = view.apply(snapshot(A2, C, revision=1, epoch="later"))
    assert (change.joins, change.leaves, change.updates) == ([C], [B], [A2])
    assert (view.epoch, view.revision) == ("later", 1)


def test_a_snapshot_that_breaks_off_can_be_forgotten():
    view = viewing(A)
    view.apply(snapshot(B, after="b"))
    view.abandon_snapshot()
    assert dict(view) == {"a": A}
    view.apply(snapshot(C))
    assert dict(view) == {"c": C}


def test_without_a_position_the_records_stay_to_compare_with():
    view = viewing(A)
    view.forget_position()
    assert (view.epoch, view.revision) == (None, None)
    assert view.apply(snapshot(A, B)).joins == [B]


# --- laws: a server in three lines, and a watcher who is told everything, or only the end

steps = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["", "x", "y", None])), max_size=30
)


def history(steps):
    """Each state, and the diff that led to it."""
    state, diffs, states = {}, [], [{}]
    for revision, (name, note) in enumerate(steps, 1):
        before = dict(state)
        if note is None:
            gone = state.pop(name, None)
            diff = Diff("e", revision, leaves=[gone] if gone else [])
        else:
            state[name] = record(name, note)
            known = name in before
            one = [state[name]]
            diff = Diff("e", revision, updates=one) if known else Diff("e", revision, joins=one)
        diffs.append(diff)
        states.append(dict(state))
    return states, diffs


@given(steps)
def test_replaying_diffs_gives_what_a_snapshot_gives(steps):
    states, diffs = history(steps)
    replayed = viewing(revision=0)
    for diff in diffs:
        replayed.apply(diff)
    assert dict(replayed) == states[-1]
    assert replayed.revision == len(diffs)


@given(steps, st.data())
def test_a_snapshot_in_pages_with_diffs_between_is_exact(steps, data):
    states, diffs = history(steps)
    at = data.draw(st.integers(0, len(diffs)), label="revision of the first page")
    size = data.draw(st.integers(1, 4), label="page size")
    view, after, done = View(), "", False
    while not done:
        names = sorted(name for name in states[at] if name > after)
        shown, done = names[:size], len(names) <= size
        after = shown[-1] if shown else after
        page = [states[at][name] for name in shown]
        view.apply(snapshot(*page, revision=at, after=None if done else after))
        if not done and at < len(diffs):
            view.apply(diffs[at])
            at += 1
    assert (dict(view), view.revision) == (states[at], at)


@given(steps, st.data())
def test_every_change_leads_from_what_the_view_was_to_what_it_is(steps, data):
    states, diffs = history(steps)
    view, mirror = View(), {}
    at = 0
    while True:
        if at == 0 or data.draw(st.booleans(), label="snapshot"):
            change = view.apply(snapshot(*states[at].values(), revision=at))
        else:
            change = view.apply(diffs[at - 1])
        mirror.update((r.client_id, r) for r in change.joins + change.updates)
        for r in change.leaves:
            del mirror[r.client_id]
        assert mirror == dict(view) == states[at]
        at += 1
        if at > len(diffs):
            return


@given(steps, st.data())
def test_a_view_that_follows_the_changes_of_another_is_the_same(steps, data):
    states, diffs = history(steps)
    view, copy = View(), View()
    for at, state in enumerate(states):
        if at == 0 or data.draw(st.booleans(), label="snapshot"):
            change = view.apply(snapshot(*state.values(), revision=at))
        else:
            change = view.apply(diffs[at - 1])
        assert copy.follow(change).view is copy
        assert (dict(copy), copy.epoch, copy.revision) == (state, "e", at)
        assert change.view is view
