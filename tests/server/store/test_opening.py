"""Opening a store: what is made, and what is refused and left as it was."""

import shutil
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from lastseen.server.store import engines, opening, schema
from lastseen.server.store.engines import make_engine, parse_url
from lastseen.server.store.errors import StoreUnusable
from lastseen.server.store.opening import Migrated, migrate, open_store, read_store
from lastseen.server.store.schema import SCHEMA_VERSION

OPEN = "import sys; from lastseen.server.store.opening import open_store; open_store(sys.argv[1])"


def test_an_empty_database_gets_its_tables(url):
    assert migrate(url) == Migrated(None, SCHEMA_VERSION)


def test_opening_a_second_time_finds_everything_and_changes_nothing(url, known):
    store = open_store(url)
    store.upsert_many([known()])
    store.close()
    assert migrate(url) == Migrated(SCHEMA_VERSION, SCHEMA_VERSION)
    again = open_store(url)
    assert again.find_by_id("web-01") == known()
    again.close()


@pytest.fixture
def older(url, monkeypatch):
    """A database with the tables of the first version."""
    with monkeypatch.context() as patched:
        for module in (schema, opening):
            patched.setattr(module, "SCHEMA_VERSION", "0001")
        assert migrate(url).after == "0001"
    return url


def test_clients_of_the_first_version_are_still_known(older, known):
    url = older
    alter(
        url,
        "INSERT INTO clients (client_id, name, hostname, ip, port, via, user_name, nickname,"
        " avatar, groups, meta, availability, note, last_seen, first_seen, updated_at)"
        " VALUES ('old', '', '', '', 0, 'tcp', '', '', '', '[]', '{}', 'available', '', 1, 1, 1)",
    )
    assert migrate(url) == Migrated("0001", SCHEMA_VERSION)
    store = open_store(url)
    assert store.find_by_id("old").timeout is None
    store.upsert_many([known(timeout=90.0)])
    assert store.find_by_id("web-01").timeout == 90.0
    store.close()


def test_four_processes_may_start_at_once(url):
    processes = [
        subprocess.Popen([sys.executable, "-c", OPEN, url], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in processes]
    assert ends == [("", 0)] * 4
    assert migrate(url).before == SCHEMA_VERSION


def test_a_newer_schema_is_refused(url):
    migrate(url)
    alter(url, "UPDATE lastseen_schema SET version_num = '9999'")
    with pytest.raises(StoreUnusable, match=r"schema version is 9999, and this lastseen knows"):
        open_store(url)


OPENINGS = [open_store, read_store, partial(read_store, any_version=True)]


@pytest.mark.parametrize("opened", OPENINGS)
def test_tables_of_another_program_are_refused_and_left_alone(url, opened):
    alter(url, "CREATE TABLE clients (name TEXT)")
    with pytest.raises(StoreUnusable, match=r"a table 'clients' that is not lastseen's"):
        opened(url)
    alter(url, "INSERT INTO clients VALUES ('theirs')")


def test_who_reads_finds_what_was_written_and_may_go_on_reading(url, known):
    store = open_store(url)
    store.upsert_many([known()])
    reader = read_store(url)
    assert reader.find_by_id("web-01") == known()
    store.upsert_many([known(name="New")])
    assert reader.find_by_id("web-01") == known(name="New")
    for opened in (reader, store):
        opened.close()


def test_who_reads_an_older_schema_is_told_how_to_bring_it_up_to_date_and_it_stays(older):
    with pytest.raises(StoreUnusable, match=r"version is 0001, .*lastseen-server migrate`"):
        read_store(older)
    read_store(older, any_version=True).close()
    assert migrate(older).before == "0001"


def test_who_reads_a_newer_schema_is_refused_and_who_copies_it_is_not(url):
    migrate(url)
    alter(url, "UPDATE lastseen_schema SET version_num = '9999'")
    with pytest.raises(StoreUnusable, match=r"schema version is 9999, and this lastseen knows"):
        read_store(url)
    read_store(url, any_version=True).close()


@pytest.mark.parametrize("opened", OPENINGS[1:])
def test_who_reads_makes_no_tables(url, opened):
    alter(url, "CREATE TABLE theirs (name TEXT)")
    with pytest.raises(StoreUnusable, match="it has no tables yet: start the server"):
        opened(url)
    assert migrate(url).before is None


def test_other_tables_beside_ours_are_fine(url):
    alter(url, "CREATE TABLE alembic_version (version_num TEXT)")
    assert migrate(url).before is None


def alter(url, statement):
    parsed = parse_url(url, Path())
    if parsed.drivername == "sqlite":
        sqlite3.connect(parsed.database).close()  # ours never makes a file by itself
    engine = make_engine(parsed)
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


# --- SQLite ----------------------------------------------------------------------------------


def test_a_relative_file_is_in_the_folder_given(tmp_path):
    open_store("sqlite:///lastseen.db", tmp_path).close()
    assert (tmp_path / "lastseen.db").exists()


def test_a_path_may_hold_any_character(tmp_path):
    folder = tmp_path / "a b%20#é"
    folder.mkdir()
    open_store("sqlite:///x y.db", folder).close()
    assert (folder / "x y.db").exists()


def test_a_file_is_written_ahead_and_each_transaction_is_on_the_disk(tmp_path):
    store = open_store("sqlite:///x.db", tmp_path)
    store.begin_run("run-1", 0.0, 0.0)
    with store.database.reading() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
    store.close()


@pytest.fixture
def filled(tmp_path, known):
    """A file with 500 clients, closed."""
    store = open_store("sqlite:///x.db", tmp_path)
    store.upsert_many([known(f"c{n:03}") for n in range(500)])
    store.close()
    return tmp_path / "x.db"


def refused(path, match):
    before = path.read_bytes()
    with pytest.raises(StoreUnusable, match=match) as raised:
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_database_is_refused_untouched(tmp_path):
    path = tmp_path / "x.db"
    path.write_bytes(b"dear diary\n" * 1_000)
    refused(path, "is not an SQLite database, and was left as it is")


def test_a_database_cut_off_is_refused_untouched(filled):
    filled.write_bytes(filled.read_bytes()[: filled.stat().st_size // 2])
    refused(filled, "is damaged")


@pytest.mark.parametrize("place", [100, 4096 * 3, 4096 * 20])
def test_a_database_overwritten_somewhere_is_refused_untouched(filled, place):
    content = bytearray(filled.read_bytes())
    content[place : place + 300] = b"\xa5" * 300
    filled.write_bytes(content)
    refused(filled, "is damaged")


def test_a_newer_database_is_refused_untouched(filled):
    alter(f"sqlite:///{filled}", "UPDATE lastseen_schema SET version_num = '9999'")
    refused(filled, "Use that one, or restore an older backup")


def test_who_reads_makes_no_file(tmp_path):
    with pytest.raises(StoreUnusable, match="unable to open database file"):
        read_store("sqlite:///x.db", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StoreUnusable, match=f"there is no folder {tmp_path}/none: make it first"):
        open_store("sqlite:///none/x.db", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    with pytest.raises(StoreUnusable, match="cannot be read: Is a directory"):
        open_store(f"sqlite:///{tmp_path}")


def test_an_empty_file_becomes_a_database(tmp_path):
    (tmp_path / "x.db").touch()
    assert migrate("sqlite:///x.db", tmp_path).before is None


def test_another_process_at_work_on_the_file_is_waited_for(tmp_path, monkeypatch):
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    waited = []

    def release(pause):
        waited.append(pause)
        if other.in_transaction:
            other.rollback()

    monkeypatch.setattr(engines, "BUSY_TIMEOUT", 0.01)
    monkeypatch.setattr(opening, "time", SimpleNamespace(monotonic=time.monotonic, sleep=release))
    assert migrate("sqlite:///x.db", tmp_path).before is None
    assert waited == [opening.PAUSE]
    other.close()


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    migrations = tmp_path / "migrations"
    shutil.copytree(Path(schema.__file__).parent / "migrations", migrations)
    first = migrations / "versions" / "v0001_first_tables.py"
    first.write_text(first.read_text().replace("    _events()\n", "    _events()\n    1 / 0\n"))
    monkeypatch.setattr(schema, "MIGRATIONS", str(migrations))
    with pytest.raises(ZeroDivisionError):
        migrate("sqlite:///x.db", tmp_path)
    monkeypatch.undo()
    assert migrate("sqlite:///x.db", tmp_path).before is None


# --- PostgreSQL ------------------------------------------------------------------------------


def test_a_server_that_is_not_there_is_told_without_its_password():
    with pytest.raises(StoreUnusable, match=r"cannot be opened: .*connection") as raised:
        open_store("postgresql+psycopg://ann:secret@127.0.0.1:1/x")
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_database_that_is_not_there_is_told(postgres):
    with pytest.raises(StoreUnusable, match='database "nowhere" does not exist'):
        open_store(postgres.url("nowhere"))


def test_a_database_of_another_encoding_is_refused(postgres):
    name = postgres.new_database(options="ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(StoreUnusable, match="its encoding is LATIN1"):
        open_store(postgres.url(name))


def test_a_migration_waits_for_one_that_is_under_way(postgres):
    url = postgres.url(postgres.new_database())
    engine = make_engine(parse_url(url, Path()))
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with ThreadPoolExecutor() as pool, engine.connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({schema.LOCK})"))
        migrating = pool.submit(migrate, url)
        while not connection.execute(waiting).scalar():
            assert not migrating.done(), migrating.result()
        connection.rollback()
        assert migrating.result(timeout=30).before is None
    engine.dispose()


def test_order_is_by_code_points_whatever_the_locale(postgres, known):
    name = postgres.new_database(options="LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
    store = open_store(postgres.url(name))
    store.upsert_many([known(client_id) for client_id in "bAaBé"])
    assert [client.client_id for client in store.find_all().items] == ["A", "B", "a", "b", "é"]
    store.close()
