"""Uptime held to a naive model that looks at every second, and the cases that people ask about."""

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastseen.server.store.model import Event, Run, Uptime
from lastseen.server.store.uptime import Watch, measure, online

NOW = 1_800_000_000.0


class Log(NamedTuple):
    events: list[Event]
    runs: list[Run]
    first_seen: int
    windows: list[int]
    now: int


def step(before, after, at, last_seen):
    return Event("a", before, after, "registered", float(at), float(last_seen), None, "e", "")


@st.composite
def logs(draw):
    """The events of a client as a server would decide them, in whole seconds."""
    moment = draw(st.integers(0, 5))
    first_seen, events, status, last_seen = moment, [], "offline", moment
    for gap in draw(st.lists(st.integers(0, 6), max_size=12)):
        moment += gap
        after = draw(st.sampled_from(sorted({"online", "late", "offline"} - {status})))
        if status == "offline":
            after, last_seen = "online", moment
        elif after == "online":
            last_seen = moment
        else:
            last_seen = draw(st.integers(last_seen, moment))
        events.append(step(status, after, moment, last_seen))
        status = after
    runs = draw(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=4))
    now = moment + draw(st.integers(0, 10))
    windows = draw(st.lists(st.integers(1, 90), min_size=1, max_size=3))
    watched = [Run("e", float(begin), float(begin + length), clean=False) for begin, length in runs]
    return Log(events, watched, first_seen, windows, now)


def naive(log, window):
    """Count the seconds, one after the other."""
    watched = online_ = 0
    for second in range(max(log.now - window, log.first_seen, 0), log.now):
        if not any(run.started_at <= second < run.heartbeat_at for run in log.runs):
            continue
        watched += 1
        past = [e for e in log.events if e.at <= second]
        silent = any(e.after == "offline" and e.last_seen <= second < e.at for e in log.events)
        online_ += bool(past) and past[-1].after != "offline" and not silent
    return Uptime(window, watched, online_)


@settings(max_examples=400)
@given(logs())
def test_uptime_is_what_counting_every_second_gives(log):
    start = max(log.now - max(log.windows), log.first_seen)
    recent = [e for e in log.events if e.at >= start]
    at_end = bool(log.events) and log.events[-1].after != "offline"
    stretches = online(recent, start, log.now, at_end=at_end)
    found = measure(stretches, Watch(log.runs), log.first_seen, log.windows, log.now)
    assert found == tuple(naive(log, window) for window in log.windows)


@settings(max_examples=100)
@given(
    times=st.lists(st.floats(-1e10, 1e10), max_size=20),
    afters=st.lists(st.sampled_from(["online", "late", "offline"]), min_size=20, max_size=20),
)
def test_whatever_clocks_did_stretches_are_in_order_and_apart(times, afters):
    events = [step("online", *pair) for pair in zip(afters, times, times[::-1], strict=False)]
    found = list(online(events, -1e9, 1e9, at_end=False))
    edges = [edge for stretch in found for edge in stretch]
    assert edges == sorted(edges)
    assert all(-1e9 <= begin < end <= 1e9 for begin, end in found)


def test_nobody_watched_has_no_share():
    assert Uptime(10, 0, 0).share is None
    assert Uptime(10, 8, 2).share == 0.25


@pytest.fixture
def watched(store):
    store.begin_run("run-1", NOW - 1_000, 0.0)
    store.beat("run-1", NOW, 0.0)
    return store


def uptime(store, client_id="a", windows=(100,)):
    [found] = store.uptime(client_id, windows, NOW).items
    return [(u.watched_seconds, u.online_seconds) for u in found.windows]


def test_an_outage_begins_when_the_client_fell_silent(watched, known, event):
    gone = event("a", "offline", at=NOW - 20, last_seen=NOW - 50)
    watched.record([event("a", "online", at=NOW - 100), gone], [known("a", first_seen=NOW - 100)])
    assert uptime(watched) == [(100, 50)]


def test_late_counts_as_online_for_who_came_back(watched, known, event):
    late = event("a", "late", at=NOW - 60, last_seen=NOW - 80, before="online")
    back = event("a", "online", at=NOW - 50, before="late")
    watched.record(
        [event("a", "online", at=NOW - 100), late, back], [known("a", first_seen=NOW - 100)]
    )
    assert uptime(watched) == [(100, 100)]


def test_time_before_a_client_was_first_seen_is_not_held_against_it(watched, known, event):
    watched.record([event("a", "online", at=NOW - 40)], [known("a", first_seen=NOW - 40)])
    assert uptime(watched, windows=(100, 10)) == [(40, 40), (10, 10)]


def test_one_that_is_online_since_before_the_window_was_online_throughout(watched, known, event):
    watched.record([event("a", "online", at=NOW - 900)], [known("a", first_seen=NOW - 900)])
    assert uptime(watched) == [(100, 100)]


def test_one_whose_online_event_was_forgotten_counts_as_online(watched, known, event):
    watched.record([event("a", "online", at=NOW - 900)], [known("a", first_seen=NOW - 900)])
    watched.forget_events_before(NOW - 500)
    assert uptime(watched) == [(100, 100)]


def test_one_that_left_before_the_window_was_away_throughout(watched, known, event):
    events = [event("a", "online", at=NOW - 900), event("a", "offline", at=NOW - 800)]
    watched.record(events, [known("a", first_seen=NOW - 900)])
    assert uptime(watched) == [(100, 0)]


def test_time_in_which_the_server_was_down_counts_for_nobody(store, known, event):
    for begin, end in ((NOW - 100, NOW - 80), (NOW - 10, NOW)):
        store.begin_run(f"run-{begin}", begin, 0.0)
        store.end_run(f"run-{begin}", end, 0.0)
    store.record([event("a", "online", at=NOW - 90)], [known("a", first_seen=NOW - 100)])
    assert uptime(store) == [(30, 20)]


def test_the_uptime_of_everyone_comes_in_pages(watched, known, event):
    names = ["a", "b", "c"]
    clients = [known(name, first_seen=NOW - 100) for name in names]
    watched.record([event(name, "online", at=NOW - 10) for name in names], clients)
    first = watched.uptime(None, [100], NOW, limit=2)
    second = watched.uptime(None, [100], NOW, limit=2, after=first.after)
    assert [u.client_id for u in first.items + second.items] == names
    assert {u.windows[0].share for u in first.items + second.items} == {0.1}
    assert second.after is None


def test_an_unknown_client_has_no_uptime(watched):
    assert watched.uptime("nobody", [100], NOW).items == []


def test_a_history_longer_than_one_read_is_measured_whole(watched, known, event):
    steps = [
        event(
            "a",
            "online" if n % 2 else "offline",
            at=NOW - 1_000 + n / 4,
            last_seen=NOW - 1_000 + n / 4,
        )
        for n in range(1, 4_000)
    ]
    watched.record(steps, [known("a", first_seen=NOW - 1_000)])
    [(watched_seconds, online_seconds)] = uptime(watched, windows=(1_000,))
    assert watched_seconds == 1_000
    assert online_seconds == pytest.approx(500, abs=0.5)
