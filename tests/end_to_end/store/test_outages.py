"""The database is full, gone or locked: presence goes on, and afterwards nothing is missing."""

import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from lastseen.shared.messages import Ping, Pong

PATIENT = {"heartbeat_interval": 60, "connection_timeout": 120}

LONGEST_ANSWER = 1.0
"""Seconds; on a busy machine. Presence that waited for the store would take many."""

SOON = 60.0


def until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline, f"not within {SOON} s: {what}"
        time.sleep(0.02)


def assert_served(wire: Any, count: int) -> None:
    """Pings and lists are answered as ever."""
    began = time.monotonic()
    wire.say(Ping())
    assert wire.hear() == Pong()
    assert len(wire.list_all(None)) == count
    assert time.monotonic() - began < LONGEST_ANSWER


def keep_coming_until_unavailable(wire: Any, guests: Any, stats: Any) -> None:
    """A full disk has some room left in the files that are there already."""
    for _ in range(200):
        guests.come_and_leave(10)
        assert_served(wire, 1)
        if stats(wire).store == "unavailable":
            break
    now = stats(wire)
    assert (now.store, now.store_dropped) == ("unavailable", 0)
    assert now.store_queued > 0
    assert now.store_failures > 0


def test_a_full_disk_stops_nobody_and_takes_no_transition(
    start, wire, new_database, small_disk, fill_up, stats, comings
):
    database = new_database(f"sqlite:///{small_disk}/test.db")
    server = start(server=PATIENT, store=database.settings)
    one, guests = wire(server), comings(server)
    one.register("web-01")
    until(lambda: len(database.steps()) == 1, "the first event")
    filler = fill_up(small_disk)
    keep_coming_until_unavailable(one, guests, stats)
    guests.come_and_leave(20)
    assert_served(one, 1)
    filler.unlink()
    until(lambda: stats(one).store_queued == 0, "everything written")
    assert stats(one).store == "working"
    assert database.steps() == [("web-01", "online", "registered"), *guests.steps]
    database.check()
    assert len(server.events("the store does not answer; presence goes on")) == 1
    assert len(server.events("the store answers again")) == 1


def test_postgresql_stopped_and_started_takes_no_transition(
    start, wire, new_database, postgres, stats, comings
):
    database = new_database(postgres.url(postgres.new_database()))
    server = start(server=PATIENT, store=database.settings)
    one, guests = wire(server), comings(server)
    one.register("web-01")
    until(lambda: len(database.steps()) == 1, "the first event")
    postgres.stop()
    try:
        keep_coming_until_unavailable(one, guests, stats)
        guests.come_and_leave(20)
        assert_served(one, 1)
    finally:
        postgres.start()
    until(lambda: stats(one).store_queued == 0, "everything written")
    assert stats(one).store == "working"
    assert database.steps() == [("web-01", "online", "registered"), *guests.steps]
    numbers = [number for *_, number in database.events()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_database_that_another_process_locks_is_waited_for(start, wire, database, stats, comings):
    server = start(server=PATIENT, store=database.settings)
    one, guests = wire(server), comings(server)
    one.register("web-01")
    until(lambda: len(database.steps()) == 1, "the first event")
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        locked_until = time.monotonic() + 3
        while time.monotonic() < locked_until:
            guests.come_and_leave(5)
            assert_served(one, 1)
            time.sleep(0.1)
        assert stats(one).store_queued == len(guests.steps)
        other.execute("ROLLBACK")
    until(lambda: stats(one).store_queued == 0, "everything written")
    assert database.steps() == [("web-01", "online", "registered"), *guests.steps]
    database.check()


def test_what_was_queued_is_written_when_a_server_is_stopped(start, database, comings):
    server = start(server=PATIENT, store=database.settings)
    guests = comings(server)
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        guests.come_and_leave(50)
        server.signal(signal.SIGTERM)
        server.logged("stopping")
        other.execute("ROLLBACK")
    assert server.wait() == 0
    assert database.steps() == guests.steps
    assert database.query("SELECT clean FROM runs") == [(1,)]


def test_a_database_that_stays_locked_holds_the_exit_up_for_a_bounded_time(
    start, database, comings
):
    server = start(server=PATIENT, store=database.settings)
    guests = comings(server)
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        guests.come_and_leave(3)
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        assert time.monotonic() - began < 9
    assert server.events("not everything could be written", transitions=6)
