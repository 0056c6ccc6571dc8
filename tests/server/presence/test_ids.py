"""Ids in order: a set that is sorted only when somebody looks."""

from itertools import islice

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lastseen.server.presence.ids import OrderedIds


def filled(*ids: str) -> OrderedIds:
    ordered = OrderedIds()
    for id_ in ids:
        ordered.add(id_)
    return ordered


def test_ids_come_in_order_whatever_the_order_of_adding():
    assert list(filled("b", "é", "a", "B", "10", "9").after(None)) == [
        "10",
        "9",
        "B",
        "a",
        "b",
        "é",
    ]


def test_a_walk_begins_after_the_cursor_whether_or_not_the_cursor_is_an_id():
    ids = filled("a", "c", "e")
    assert list(ids.after("a")) == ["c", "e"]
    assert list(ids.after("b")) == ["c", "e"]
    assert list(ids.after("e")) == []


def test_an_id_that_was_removed_and_added_again_comes_once():
    ids = filled("a", "b")
    assert list(ids.after(None)) == ["a", "b"]
    ids.remove("a")
    ids.add("a")
    assert list(ids.after(None)) == ["a", "b"]
    ids.add("c")
    ids.remove("c")
    assert list(ids.after(None)) == ["a", "b"]


def test_a_walk_may_be_left_at_any_point():
    ids = filled(*map(str, range(1000)))
    assert list(islice(ids.after("5"), 2)) == ["50", "500"]


class Changes(RuleBasedStateMachine):
    """Any changes and walks between them, beside a plain set."""

    def __init__(self) -> None:
        super().__init__()
        self.ids, self.model = OrderedIds(), set[str]()

    @rule(id_=st.text("abc", min_size=1, max_size=2))
    def change(self, id_: str) -> None:
        (self.ids.remove if id_ in self.model else self.ids.add)(id_)
        self.model ^= {id_}

    @rule(cursor=st.none() | st.text("abc", max_size=2))
    def walk(self, cursor: str | None) -> None:
        expected = sorted(i for i in self.model if cursor is None or i > cursor)
        assert list(self.ids.after(cursor)) == expected

    @precondition(lambda self: not self.model)
    @invariant()
    def empty_when_all_are_gone(self) -> None:
        assert list(self.ids.after(None)) == []


TestAnyChangesGiveTheSameIdsAsAPlainSet = Changes.TestCase
TestAnyChangesGiveTheSameIdsAsAPlainSet.settings = settings(max_examples=40)
