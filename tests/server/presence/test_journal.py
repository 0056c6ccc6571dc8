"""Diffs: merged by client, counted by one, encoded once, within a frame, kept for a while."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.presence.journal import Journal, in_frames
from lastseen.shared.framing import FRAME_LIMIT
from lastseen.shared.messages import ClientRecord, Diff
from lastseen.shared.wire import from_server, pack, to_frame

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
Status = Literal["online", "late", "offline"]


def record(client_id: str, status: Status = "online", **fields: Any) -> ClientRecord:
    reason = "left" if status == "offline" else "registered"
    return ClientRecord(client_id, status, reason, NOON, NOON, **fields)


# What a client may say of itself at most (shared/messages.py), in characters of four bytes.
LARGEST = record(
    "\U0001f600" * 128,
    name="\U0001f600" * 128,
    hostname="\U0001f600" * 255,
    groups=("\U0001f600" * 64,) * 16,
    meta={f"{n:x}" + "\U0001f600" * 63: "\U0001f600" * 256 for n in range(16)},
    availability="available",
    note="\U0001f600" * 256,
)


class Book:
    """A journal beside the records that it tells of."""

    def __init__(self, ring_bytes: int = 1_000_000) -> None:
        self.encoded: list[tuple[str, Diff]] = []
        self.records: dict[str, ClientRecord] = {}
        encoders = {"msgpack": self._encoder("msgpack"), "json": self._encoder("json")}
        self.journal = Journal("e1", encoders, ring_bytes)

    def tick(self, *records: ClientRecord) -> list[Diff]:
        """All these change within one tick: the diffs that tell of it."""
        for changed in records:
            before = self.records.get(changed.client_id)
            was_present = before is not None and before.status != "offline"
            self.records[changed.client_id] = changed
            self.journal.changed(changed.client_id, was_present=was_present)
        before = self.journal.revision
        self.journal.publish(self.records.get)
        return [self.diff(r) for r in range(before + 1, self.journal.revision + 1)]

    def diff(self, revision: int) -> Diff:
        told = from_server.decode(self.journal.entry(revision).frames["msgpack"][4:])
        assert isinstance(told, Diff)
        return told

    def _encoder(self, name: str) -> Callable[[Diff], bytes]:
        def encode(diff: Diff) -> bytes:
            self.encoded.append((name, diff))
            return to_frame(diff)

        return encode


@pytest.fixture
def book() -> Book:
    return Book()


def test_who_comes_joins_who_changes_is_updated_and_who_goes_leaves(book: Book):
    assert book.tick(record("a")) == [Diff("e1", 1, joins=[record("a")])]
    assert book.tick(record("a", "late")) == [Diff("e1", 2, updates=[record("a", "late")])]
    assert book.tick(record("a", "offline")) == [Diff("e1", 3, leaves=[record("a", "offline")])]
    assert book.tick(record("a")) == [Diff("e1", 4, joins=[record("a")])]


def test_all_changes_of_one_tick_are_merged_into_one_diff_with_the_last_of_each_client(book: Book):
    book.tick(record("a"), record("b"))
    (diff,) = book.tick(
        record("a", "late"), record("b", "late"), record("c"), record("a"), record("b", "offline")
    )
    assert diff == Diff("e1", 2, [record("c")], [record("b", "offline")], [record("a")])


def test_one_that_came_and_went_within_a_tick_is_not_told(book: Book):
    assert book.tick(record("a"), record("a", "offline")) == []
    assert book.journal.revision == 0


def test_one_that_went_and_came_back_within_a_tick_is_an_update(book: Book):
    book.tick(record("a"))
    (diff,) = book.tick(record("a", "offline"), record("a"))
    assert (diff.joins, diff.leaves, diff.updates) == ([], [], [record("a")])


def test_a_tick_without_changes_has_no_revision(book: Book):
    assert not book.journal.pending
    assert book.tick() == []
    book.journal.changed("a", was_present=False)
    assert book.journal.pending
    book.tick(record("a"))
    assert not book.journal.pending


def test_one_that_nobody_knows_any_more_is_not_told(book: Book):
    book.journal.changed("ghost", was_present=True)
    assert book.tick() == []


def test_a_diff_is_encoded_once_for_each_wire_format(book: Book):
    (diff,) = book.tick(record("a"), record("b"))
    for _ in range(100):
        book.journal.frame(1, "msgpack")
        book.journal.frame(1, "json")
    assert book.encoded == [("msgpack", diff), ("json", diff)]


def test_in_a_format_that_nobody_asks_for_it_is_not_encoded(book: Book):
    (diff,) = book.tick(record("a"))
    assert book.encoded == [("msgpack", diff)]


def test_the_bytes_of_every_format_count_for_the_ring():
    book = Book(ring_bytes=1_000)
    for n in range(50):
        book.tick(record(f"{n:02}"))
        book.journal.frame(book.journal.revision, "json")
        book.journal.trim(book.journal.revision)
    sizes = [book.journal.entry(r + 1).size for r in range(50) if book.journal.knows(r)]
    assert all(set(book.journal.entry(r + 1).frames) == {"msgpack", "json"}
               for r in range(50) if book.journal.knows(r))  # fmt: skip
    assert sum(sizes) <= 1_000 < sum(sizes) + sizes[0]


def test_changes_that_fill_more_than_a_frame_are_told_in_several_diffs_in_order(book: Book):
    everyone = [record(f"{n:05}", name="n" * 100) for n in range(2_000)]
    diffs = book.tick(*everyone)
    assert len(diffs) > 2
    assert [d.revision for d in diffs] == list(range(1, len(diffs) + 1))
    assert [joined for diff in diffs for joined in diff.joins] == everyone
    assert all(len(book.journal.entry(d.revision).frames["msgpack"]) <= FRAME_LIMIT for d in diffs)


def test_even_the_largest_records_fit_a_frame_one_by_one(book: Book):
    twins = [record(f"{n}" + LARGEST.client_id[1:], meta=LARGEST.meta, note=LARGEST.note,
                    name=LARGEST.name, hostname=LARGEST.hostname, groups=LARGEST.groups)
             for n in range(5)]  # fmt: skip
    diffs = book.tick(*twins)
    assert [joined for diff in diffs for joined in diff.joins] == twins
    assert all(len(pack(d)) <= FRAME_LIMIT for d in diffs)


@given(st.lists(st.integers(0, 40_000), max_size=30))
def test_runs_hold_every_record_in_order_and_fit_a_frame(lengths: list[int]):
    records = [record(f"{n}", note="x" * length) for n, length in enumerate(lengths)]
    runs = list(in_frames(records))
    assert [r for run in runs for r in run] == records
    assert all(runs)
    assert all(len(pack(Diff("e" * 12, 2**53, run))) <= FRAME_LIMIT for run in runs)


# --- the ring -------------------------------------------------------------------------------------


def test_every_diff_after_a_kept_revision_is_kept(book: Book):
    for n in range(5):
        book.tick(record(f"{n}"))
    assert [book.diff(r).revision for r in range(1, 6)] == [1, 2, 3, 4, 5]
    assert [r for r in range(-2, 9) if book.journal.knows(r)] == [0, 1, 2, 3, 4, 5]


def test_the_ring_forgets_the_oldest_diffs_beyond_its_bytes():
    book = Book(ring_bytes=1_000)
    for n in range(50):
        book.tick(record(f"{n:02}"))
        book.journal.trim(book.journal.revision)
    kept = [r for r in range(50) if book.journal.knows(r)]
    assert kept
    assert kept == list(range(kept[0], 50))
    sizes = [book.journal.entry(r + 1).size for r in kept]
    assert sum(sizes) <= 1_000 < sum(sizes) + sizes[0]
    assert book.diff(50).joins == [record("49")]


def test_a_diff_of_before_is_the_same_in_another_format(book: Book):
    full = {"name": "n", "groups": ("a", "b"), "meta": {"os": "linux"}, "note": "here"}
    told = book.tick(record("one", **full)) + book.tick(record("two"), record("one", "offline"))
    for revision in (1, 2, 1):
        book.journal.frame(revision, "json")
    assert [diff for name, diff in book.encoded if name == "json"] == told


def test_the_ring_forgets_no_diff_that_was_not_offered_yet():
    book = Book(ring_bytes=1_000)
    for n in range(50):
        book.tick(record(f"{n:02}"))
    book.journal.trim(offered=10)
    assert [r for r in range(50) if book.journal.knows(r)] == list(range(10, 50))


def test_a_tick_larger_than_the_ring_is_kept_until_everyone_was_offered_it():
    book = Book(ring_bytes=1_000)
    diffs = book.tick(*(record(f"{n:04}", name="n" * 100) for n in range(1_000)))
    assert book.journal.knows(0)
    assert [book.diff(d.revision) for d in diffs] == diffs
    book.journal.trim(book.journal.revision)
    assert not book.journal.knows(0)
    assert book.journal.knows(book.journal.revision)
