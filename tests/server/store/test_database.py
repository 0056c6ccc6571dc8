"""What passes is StoreUnavailable, and passes; what is a bug stays what it is."""

import sqlite3
import threading

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from lastseen.server.store import engines
from lastseen.server.store.database import CHUNK, chunks
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.opening import open_store

NOW = 1_800_000_000.0


def write(store, *steps):
    """One transaction; a step is a statement, or something to call."""
    with store.database.writing() as connection:
        for step in steps:
            if callable(step):
                step()
            else:
                connection.execute(text(step))


def test_chunks_hold_all_rows_in_order_and_no_more_than_a_statement_takes():
    rows = list(range(2 * CHUNK + 1))
    assert [len(chunk) for chunk in chunks(rows)] == [CHUNK, CHUNK, 1]
    assert [row for chunk in chunks(rows) for row in chunk] == rows


def test_an_error_in_a_transaction_takes_back_all_of_it(store):
    insert = "INSERT INTO settings VALUES ('a', '1')"
    with pytest.raises(IntegrityError):
        write(store, insert, insert)
    assert store.get_settings() == {}


def test_a_statement_that_is_wrong_is_a_bug(store):
    with pytest.raises(DatabaseError):
        write(store, "SELECT * FROM no_such_table")


def test_a_row_that_breaks_a_rule_is_a_bug(store):
    with pytest.raises(IntegrityError):
        write(store, "INSERT INTO settings (key) VALUES ('a')")


def test_reading_is_not_held_up_by_a_writer(store, known):
    store.upsert_many([known()])
    with store.database.writing() as connection:
        connection.execute(text("DELETE FROM clients"))
        assert store.find_by_id("web-01") == known()


def test_a_snapshot_stays_as_it_was(store, known):
    with store.database.snapshot() as connection:
        count = text("SELECT count(*) FROM clients")
        assert connection.execute(count).scalar() == 0
        store.upsert_many([known()])
        assert connection.execute(count).scalar() == 0


def test_threads_may_write_and_read_at_once(store, known, event):
    def work(name):
        for n in range(20):
            store.record([event(name, "online", at=NOW + n)], [known(name)])
            store.find_all()

    threads = [threading.Thread(target=work, args=[f"c{n}"]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.counts().events == 80


# --- SQLite ----------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.db"


@pytest.fixture
def file_store(path, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_TIMEOUT", 0.05)
    store = open_store(f"sqlite:///{path}")
    yield store
    store.close()


def test_a_file_locked_by_another_program_is_unavailable_until_it_is_free(file_store, path, known):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="database is locked"):
        file_store.upsert_many([known()])
    other.rollback()
    other.close()
    file_store.upsert_many([known()])


def test_a_writer_takes_its_place_before_its_first_statement(file_store, known):
    with file_store.database.writing(), pytest.raises(StoreUnavailable, match="locked"):
        file_store.upsert_many([known()])


def test_a_full_disk_is_unavailable_until_there_is_room(file_store, known):
    @event.listens_for(file_store.database.engine, "checkout")
    def fill(connection, *_):
        connection.execute(f"PRAGMA max_page_count = {pages}")

    pages = 1  # SQLite takes it for the size that the file has
    with pytest.raises(StoreUnavailable, match="database or disk is full"):
        file_store.upsert_many([known(f"c{n}") for n in range(900)])
    assert file_store.counts().clients == 0
    pages = 100_000
    file_store.upsert_many([known(f"c{n}") for n in range(900)])


def test_a_file_that_was_moved_away_is_missed_and_found_again(file_store, path, known):
    file_store.upsert_many([known()])
    away = path.rename(path.with_name("away.db"))
    with pytest.raises(StoreUnavailable, match="unable to open database file"):
        file_store.upsert_many([known("lost?")])
    assert not path.exists()
    away.rename(path)
    file_store.upsert_many([known("kept")])
    assert file_store.counts().clients == 2


def test_a_file_that_is_damaged_while_in_use_is_unavailable(file_store, path, known):
    file_store.upsert_many([known(f"c{n}") for n in range(900)])
    file_store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="malformed"):
        file_store.find_all()


# --- PostgreSQL ------------------------------------------------------------------------------


@pytest.fixture
def server_store(postgres, migrated):
    name = postgres.new_database(migrated)
    store = open_store(postgres.url(name) + "&options=-c%20lock_timeout%3D50")
    yield store
    store.close()


def test_a_server_that_stops_is_unavailable_until_it_starts(server_store, postgres, known):
    server_store.upsert_many([known()])
    postgres.stop()
    try:
        with pytest.raises(StoreUnavailable, match="connection"):
            server_store.upsert_many([known("b")])
    finally:
        postgres.start()
    server_store.upsert_many([known("b")])
    assert server_store.counts().clients == 2


def test_a_server_that_was_started_anew_unnoticed_is_not_even_missed(server_store, postgres):
    server_store.counts()
    postgres.stop()
    postgres.start()
    server_store.counts()


def test_a_server_that_stops_within_a_transaction_is_unavailable(server_store, postgres):
    insert = "INSERT INTO settings VALUES ('{}', '1')"
    try:
        with pytest.raises(StoreUnavailable):
            write(server_store, insert.format("a"), postgres.stop, insert.format("b"))
    finally:
        postgres.start()
    assert server_store.get_settings() == {}


def test_a_row_that_stays_locked_is_unavailable(server_store, known):
    server_store.upsert_many([known()])
    with server_store.database.writing() as connection:
        connection.execute(text("UPDATE clients SET name = 'locked'"))
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            server_store.upsert_many([known(name="waits")])


def test_a_statement_that_takes_too_long_is_unavailable(server_store):
    with pytest.raises(StoreUnavailable, match="statement timeout"):
        write(server_store, "SET LOCAL statement_timeout = 20", "SELECT pg_sleep(5)")


def test_a_server_that_has_become_read_only_is_unavailable(server_store):
    with pytest.raises(StoreUnavailable, match="read-only transaction"):
        write(server_store, "SET TRANSACTION READ ONLY", "DELETE FROM clients")


def test_every_connection_taken_is_unavailable(server_store, monkeypatch):
    pool = server_store.database.engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.01)
    taken = [server_store.database.engine.connect() for _ in range(8)]
    with pytest.raises(StoreUnavailable, match="every connection is taken"):
        server_store.counts()
    for connection in taken:
        connection.close()
    server_store.counts()
