"""A database that cannot be used: one sentence, exit code 1, and the file as it was."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lastseen.server.store.opening import open_store


def _nonsense(path: Path) -> None:
    path.write_bytes(b"This is no database.\n" * 1000)


def _damaged(path: Path) -> None:
    open_store(f"sqlite:///{path}").close()
    data = bytearray(path.read_bytes())
    data[4096:8192] = b"\xff" * 4096
    path.write_bytes(data)


def _newer(path: Path) -> None:
    open_store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE lastseen_schema SET version_num = '9999'")
        connection.commit()


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE clients (name TEXT)")
        connection.commit()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_nonsense, "it is not an SQLite database, and was left as it is"),
        (_damaged, "it is damaged"),
        (_newer, "it was written by a newer lastseen"),
        (_foreign, "it has a table 'clients' that is not lastseen's"),
    ],
    ids=["nonsense", "damaged", "newer", "foreign"],
)
def test_a_database_that_cannot_be_used_is_refused_and_left_untouched(
    start: Any, database: Any, make: Any, said: str
):
    make(database.path)
    before = database.path.read_bytes()
    server = start(ready=False, store=database.settings)
    assert server.wait() == 1
    [sentence] = server.log_path.read_text().splitlines()
    assert sentence.startswith(f"lastseen-server: the store {database.path} cannot be used: ")
    assert said in sentence
    assert database.path.read_bytes() == before


def test_a_folder_that_is_not_there_is_said(start: Any, tmp_path: Path):
    server = start(ready=False, store={"url": f"sqlite:///{tmp_path}/nowhere/test.db"})
    assert server.wait() == 1
    [sentence] = server.log_path.read_text().splitlines()
    assert f"there is no folder {tmp_path}/nowhere: make it first" in sentence


def test_a_second_server_on_the_same_database_is_refused_and_the_first_serves_on(
    start: Any, database: Any
):
    first = start(store=database.settings)
    second = start(ready=False, store=database.settings)
    assert second.wait() == 1
    [sentence] = second.log_path.read_text().splitlines()
    assert "serves from it, and one database is one server's" in sentence
    assert first.process.poll() is None


def test_after_a_kill_the_next_server_starts_at_once(start: Any, database: Any):
    first = start(store=database.settings)
    first.process.kill()
    first.process.wait()
    start(store=database.settings)
