"""What a client was when: stretches in order and without gaps, whatever the clock did."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.store.model import Event, Run
from lastseen.server.store.timelines import Span, spans, unwatched
from lastseen.shared.messages import Status

STATUSES: list[Status] = ["online", "late", "offline"]


def event(at: float, before: Status, after: Status) -> Event:
    return Event("a", before, after, "closed", at, at, None, "e", "")


def run(begin: float, end: float) -> Run:
    return Run("e", begin, end, clean=True)


def test_each_event_ends_a_stretch_and_begins_one():
    events = [
        event(10, "offline", "online"),
        event(20, "online", "late"),
        event(25, "late", "offline"),
    ]
    assert list(spans(events, 0, 100, before="offline")) == [
        Span(0, 10, "offline"),
        Span(10, 20, "online"),
        Span(20, 25, "late"),
        Span(25, 100, "offline"),
    ]


def test_without_events_it_was_what_it_is():
    assert list(spans([], 0, 10, before="late")) == [Span(0, 10, "late")]


def test_what_lasted_no_time_worth_drawing_leaves_no_gap():
    assert list(spans([event(5.000001, "offline", "online")], 5, 10, before="late")) == [
        Span(5, 10, "online")
    ]


def in_run(at: float, before: Status, after: Status, epoch: str) -> Event:
    return Event("a", before, after, "returned", at, at, None, epoch, "")


STARTS = {"first": -1000.0, "second": 40.0}


def test_a_client_that_returns_after_a_restart_was_online_until_then():
    events = [in_run(41, "late", "online", "second")]
    assert list(spans(events, 0, 100, before="online", starts=STARTS)) == [Span(0, 100, "online")]


def test_a_client_that_does_not_return_after_a_restart_is_late_from_its_start_on():
    events = [in_run(70, "late", "offline", "second")]
    assert list(spans(events, 0, 100, before="online", starts=STARTS)) == [
        Span(0, 40, "online"),
        Span(40, 70, "late"),
        Span(70, 100, "offline"),
    ]


def test_a_client_that_is_awaited_since_a_restart_is_late_from_its_start_on():
    found = spans([], 0, 100, before="online", now="late", starts=STARTS, epoch="second")
    assert list(found) == [Span(0, 40, "online"), Span(40, 100, "late")]


def test_what_took_no_time_is_not_drawn():
    events = [event(5, "offline", "online"), event(5, "online", "offline")]
    assert list(spans(events, 5, 10, before="online")) == [Span(5, 10, "offline")]


@given(
    moments=st.lists(st.floats(-50, 150)),
    statuses=st.lists(st.sampled_from(STATUSES), min_size=60, max_size=60),
)
def test_stretches_cover_the_window_without_gaps_whatever_the_clock_did(
    moments: list[float], statuses: list[Status]
):
    events = [
        event(at, before, after)
        for at, before, after in zip(moments, statuses, statuses[1:], strict=False)
    ]
    found = list(spans(events, 0, 100, before="online"))
    assert found[0].since == 0
    assert found[-1].until == 100
    assert all(one.until == other.since for one, other in pairwise(found))
    assert all(span.since < span.until for span in found)


def test_what_no_run_watched_is_between_them():
    runs = [run(-5, 10), run(20, 30), run(25, 40), run(90, 200)]
    assert list(unwatched(runs, 0, 100)) == [(10, 20), (40, 90)]
    assert list(unwatched([], 0, 100)) == [(0, 100)]
    assert list(unwatched([run(-1, 101)], 0, 100)) == []
    assert list(unwatched([run(150, 160)], 0, 100)) == [(0, 100)]


@given(st.lists(st.tuples(st.floats(-50, 150), st.floats(0, 60))))
def test_every_moment_is_either_watched_or_not(found: list[tuple[float, float]]):
    runs = [run(begin, begin + length) for begin, length in found]
    stretches = list(unwatched(runs, 0, 100))
    assert all(0 <= begin < end <= 100 for begin, end in stretches)
    for moment in range(1, 100):
        watched = any(r.started_at < moment < r.heartbeat_at for r in runs)
        outside = any(begin < moment < end for begin, end in stretches)
        assert not (watched and outside)
        if not any(r.started_at <= moment <= r.heartbeat_at for r in runs):
            assert any(begin <= moment <= end for begin, end in stretches)
