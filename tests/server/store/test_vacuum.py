"""A file shrinks after rows were deleted: in small steps, and a backup has no free pages."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from lastseen.server.store.model import Event
from lastseen.server.store.opening import migrate, open_store
from lastseen.server.store.transfer import backup
from lastseen.server.store.vacuum import PAGES, SPARE, enable

EVENTS = 100_000


def pragma(file: Path, name: str) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def filled(file: Path) -> Path:
    """A store with many events, all of them deleted again."""
    store = open_store(f"sqlite:///{file}", alone=True)
    events = [
        Event("web-01", "online", "late", "silent", 1.0 + n, 1.0, None, "e", "", number=n)
        for n in range(1, EVENTS + 1)
    ]
    store.record(events, [])
    while store.forget_events_before(1e9, 10_000):
        pass
    store.close()
    return file


@pytest.fixture(scope="module")
def emptied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("emptied") / "x.db")


@pytest.fixture
def file(emptied: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "x.db"
    copy.write_bytes(emptied.read_bytes())
    return copy


def test_free_pages_are_given_back_in_steps_and_some_stay(file: Path):
    store = open_store(f"sqlite:///{file}", alone=True)
    before = file.stat().st_size
    free = pragma(file, "freelist_count")
    assert free > SPARE + 2 * PAGES
    steps = 1
    while store.shrink():
        steps += 1
    store.close()
    assert steps == -(-(free - SPARE) // PAGES)
    assert pragma(file, "freelist_count") == SPARE
    assert file.stat().st_size < before / 2


def test_a_file_with_few_free_pages_stays_as_it_is(tmp_path: Path):
    store = open_store("sqlite:///x.db", tmp_path, alone=True)
    assert store.shrink() is False
    store.close()


def test_an_older_file_shrinks_too(file: Path):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA auto_vacuum=NONE")
        connection.execute("VACUUM")
    assert pragma(file, "auto_vacuum") == 0
    open_store(f"sqlite:///{file}", alone=True).close()
    assert pragma(file, "auto_vacuum") == 2


def test_a_large_older_file_is_written_anew_by_migrate_only(file: Path):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA auto_vacuum=NONE")
        connection.execute("VACUUM")
    enable(file, largest=1000)
    assert pragma(file, "auto_vacuum") == 0
    migrate(f"sqlite:///{file}")
    assert pragma(file, "auto_vacuum") == 2


def test_a_backup_has_no_free_pages(file: Path, tmp_path: Path):
    store = open_store(f"sqlite:///{file}", alone=True)
    backup(store, tmp_path / "backup.db")
    store.close()
    assert pragma(tmp_path / "backup.db", "freelist_count") == 0
    assert (tmp_path / "backup.db").stat().st_size < file.stat().st_size / 2
