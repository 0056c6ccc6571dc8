"""What `migrate`, `export`, `import` and `backup` do and say, through the command itself."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lastseen.server.__main__ import main
from lastseen.server.store import opening, schema
from lastseen.server.store.claim import FileClaim

Capsys = pytest.CaptureFixture[str]
Remember = Callable[..., None]


def in_a_process(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "lastseen.server", *arguments]
    return subprocess.run(command, stderr=subprocess.PIPE, **options)  # type: ignore[call-overload, no-any-return] # the options are the test's own


def names(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT client_id FROM clients ORDER BY 1")]


def version_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT version_num FROM lastseen_schema").fetchone()[0])


@pytest.fixture
def older(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store of an older server, which remembers a client."""
    with monkeypatch.context() as patched:
        for module in (schema, opening):
            patched.setattr(module, "SCHEMA_VERSION", "0001")
        opening.migrate("sqlite:///lastseen.db")
    with closing(sqlite3.connect(folder / "lastseen.db")) as connection, connection:
        connection.execute(
            "INSERT INTO clients VALUES (1, 'old', '', '', '127.0.0.1', 'tcp', '', '', '', 1, '[]',"
            " '{}', 'available', '', 1, 1, 1, NULL)"
        )
    return folder / "lastseen.db"


# --- migrate ------------------------------------------------------------------------------------


def test_migrate_makes_the_tables_and_says_of_which_version(folder: Path, capsys: Capsys):
    assert main(["migrate"]) == 0
    assert "is now of version" in capsys.readouterr().out
    assert names(folder / "lastseen.db") == []
    assert main(["migrate"]) == 0
    assert capsys.readouterr().out.startswith(
        f"the store sqlite:///{folder}/lastseen.db is up to date: version "
    )


def test_the_file_is_relative_to_the_settings_that_name_it(folder: Path):
    (folder / "etc").mkdir()
    (folder / "etc" / "mine.toml").write_text('[store]\nurl = "sqlite:///mine.db"\n')
    assert main(["migrate", "--config", "etc/mine.toml"]) == 0
    assert (folder / "etc" / "mine.db").exists()


def test_migrate_is_refused_while_an_older_server_runs_and_says_so(older: Path, capsys: Capsys):
    server = FileClaim(older)
    server.note([])
    assert main(["migrate"]) == 1
    told = capsys.readouterr().err
    assert f"another lastseen-server (process {os.getpid()}) serves from it" in told
    assert version_of(older) == "0001"
    server.give_up()
    assert main(["migrate"]) == 0
    assert "it was of version 0001" in capsys.readouterr().out


# --- export and import --------------------------------------------------------------------------


def test_what_was_exported_can_be_imported_elsewhere_and_again(
    folder: Path, remember: Remember, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
):
    remember()
    assert main(["export", "all.jsonl"]) == 0
    monkeypatch.setenv("LASTSEEN_STORE__URL", "sqlite:///new.db")
    assert main(["import", "all.jsonl"]) == 1  # there is no such store yet
    assert not (folder / "new.db").exists()
    for options in (["--create"], []):
        assert main(["import", "all.jsonl", *options]) == 0
    assert names(folder / "new.db") == ["c1", "c2", "c3"]
    assert main(["export", "again.jsonl"]) == 0
    assert (folder / "again.jsonl").read_bytes() == (folder / "all.jsonl").read_bytes()
    assert capsys.readouterr().err.splitlines() == [
        f"all.jsonl: 6 rows written, from sqlite:///{folder}/lastseen.db",
        (
            f"lastseen-server: there is no store at sqlite:///{folder}/new.db: "
            "to create one, add --create"
        ),
        f"all.jsonl: 6 rows read, into sqlite:///{folder}/new.db",
        f"all.jsonl: 6 rows read, into sqlite:///{folder}/new.db",
        f"again.jsonl: 6 rows written, from sqlite:///{folder}/new.db",
    ]


def test_a_dash_is_standard_output_and_input(folder: Path, remember: Remember):
    remember()
    exported = in_a_process("export", "-", stdout=subprocess.PIPE)
    assert (exported.returncode, exported.stderr) == (
        0,
        f"standard output: 6 rows written, from sqlite:///{folder}/lastseen.db\n".encode(),
    )
    elsewhere = os.environ | {"LASTSEEN_STORE__URL": "sqlite:///new.db"}
    imported = in_a_process("import", "-", "--create", input=exported.stdout, env=elsewhere)
    assert (imported.returncode, imported.stderr) == (
        0,
        f"standard input: 6 rows read, into sqlite:///{folder}/new.db\n".encode(),
    )
    assert names(folder / "new.db") == ["c1", "c2", "c3"]


def test_what_an_older_server_writes_is_not_exported_but_left_as_it_is(older: Path, capsys: Capsys):
    assert main(["export", "all.jsonl"]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"lastseen-server: the store {older} cannot be used: its schema version")
    assert told.endswith("start the one of this version or run `lastseen-server migrate`\n")
    assert version_of(older) == "0001"
    assert not Path("all.jsonl").exists()


def test_an_existing_file_is_left_alone(folder: Path, remember: Remember, capsys: Capsys):
    remember()
    (folder / "mine").write_text("mine")
    for command in ("export", "backup"):
        assert main([command, "mine"]) == 1
        assert capsys.readouterr().err == (
            "lastseen-server: mine: exists already, and was left as it is\n"
        )
    assert (folder / "mine").read_text() == "mine"


@pytest.mark.parametrize("command", ["export", "backup"])
def test_where_there_is_no_store_none_is_made_to_be_copied(
    folder: Path, command: str, capsys: Capsys
):
    assert main([command, "copy"]) == 1
    assert capsys.readouterr().err == (
        f"lastseen-server: there is no store yet: {folder}/lastseen.db does not exist\n"
    )
    assert list(folder.iterdir()) == []


def test_the_beginning_of_an_export_is_refused_and_the_store_as_it_was(
    folder: Path, remember: Remember, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
):
    remember()
    main(["export", "all.jsonl"])
    lines = (folder / "all.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "cut.jsonl").write_bytes(b"".join(lines[:3]))
    monkeypatch.setenv("LASTSEEN_STORE__URL", "sqlite:///new.db")
    capsys.readouterr()
    assert main(["import", "cut.jsonl", "--create"]) == 1
    assert capsys.readouterr().err.startswith("lastseen-server: cut.jsonl: the file ends after 2 ")
    assert names(folder / "new.db") == []


def test_a_store_with_a_history_of_its_own_is_refused(
    folder: Path, remember: Remember, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
):
    remember()
    main(["export", "all.jsonl"])
    remember("sqlite:///other.db", number=1)
    with closing(sqlite3.connect(folder / "other.db")) as connection, connection:
        connection.execute("UPDATE events SET epoch = 'e2'")
    monkeypatch.setenv("LASTSEEN_STORE__URL", "sqlite:///other.db")
    assert main(["import", "all.jsonl"]) == 1
    assert "into an empty store, or into the one that it came from" in capsys.readouterr().err
    assert names(folder / "other.db") == ["c1"]


def test_a_missing_file_is_told_before_a_store_is_made(folder: Path, capsys: Capsys):
    assert main(["import", "missing"]) == 1
    assert capsys.readouterr().err == (
        "lastseen-server: missing: cannot be read: No such file or directory\n"
    )
    assert list(folder.iterdir()) == []


def test_an_option_that_does_not_exist_is_not_taken_for_a_file(remember: Remember, capsys: Capsys):
    remember()
    for arguments in (["export", "--confg"], ["export", "x", "--confg"], ["import", "-x"]):
        assert main(arguments) == 2
        assert "option" in capsys.readouterr().err


# --- the reader and the disk --------------------------------------------------------------------


def test_a_reader_that_had_enough_is_no_failure(remember: Remember):
    remember()
    reader, writer = os.pipe()
    os.close(reader)
    done = in_a_process("export", "-", stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("redirection", "sentence"),
    [
        ("export - > /dev/full", "the output cannot be written: No space left on device"),
        ("export - >&-", "the standard output is closed"),
        ("import - <&-", "the standard input is closed"),
    ],
)
def test_a_stream_that_cannot_be_used_is_a_sentence(
    remember: Remember, redirection: str, sentence: str
):
    remember()
    shell = ["sh", "-c", f"{sys.executable} -m lastseen.server {redirection}"]
    done = subprocess.run(shell, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, f"lastseen-server: {sentence}\n")


# --- backup -------------------------------------------------------------------------------------


def test_a_backup_is_a_store_that_can_be_used(folder: Path, remember: Remember, capsys: Capsys):
    remember()
    assert main(["backup", "copy.db"]) == 0
    assert (
        capsys.readouterr().err == f"copy.db: written, a copy of sqlite:///{folder}/lastseen.db\n"
    )
    assert names(folder / "copy.db") == ["c1", "c2", "c3"]


def test_a_backup_of_what_an_older_server_writes_is_as_old_and_so_stays_the_store(older: Path):
    assert main(["backup", "copy.db"]) == 0
    assert version_of(Path("copy.db")) == version_of(older) == "0001"
    assert names(Path("copy.db")) == names(older) == ["old"]


def test_a_backup_that_cannot_be_written_is_a_sentence(remember: Remember, capsys: Capsys):
    remember()
    assert main(["backup", "nowhere/copy.db"]) == 1
    assert "nowhere/copy.db: cannot be written: " in capsys.readouterr().err


# --- stores that cannot be used -----------------------------------------------------------------

EVERY_COMMAND = (["migrate"], ["export", "x"], ["import", os.devnull], ["backup", "x"])


@pytest.mark.parametrize("arguments", EVERY_COMMAND)
def test_a_server_that_remembers_nothing_has_nothing_to_look_after(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capsys
):
    monkeypatch.setenv("LASTSEEN_STORE__URL", "none")
    assert main(arguments) == 1
    assert "this server remembers nothing" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", EVERY_COMMAND)
def test_a_damaged_store_is_a_sentence_and_left_as_it_was(
    folder: Path, arguments: list[str], capsys: Capsys
):
    (folder / "lastseen.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    before = (folder / "lastseen.db").read_bytes()
    assert main(arguments) == 1
    assert "it is damaged" in capsys.readouterr().err
    assert (folder / "lastseen.db").read_bytes() == before
    assert not (folder / "x").exists()


@pytest.mark.parametrize("arguments", EVERY_COMMAND)
def test_a_database_that_does_not_answer_is_a_sentence_without_its_password(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capsys
):
    pytest.importorskip("psycopg")
    monkeypatch.setenv("LASTSEEN_STORE__URL", "postgresql://me:secret@127.0.0.1:1/x")
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert "cannot be opened" in told
    assert "secret" not in told


def test_a_folder_that_takes_no_files_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: Capsys
):
    monkeypatch.setenv("LASTSEEN_STORE__URL", "sqlite:////proc/lastseen.db")
    assert main(["migrate"]) == 1
    assert "/proc/lastseen.db-lock cannot be made: " in capsys.readouterr().err


def test_a_store_that_is_taken_by_somebody_slow_is_a_sentence(
    folder: Path, remember: Remember, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
):
    remember()
    main(["export", "all.jsonl"])
    monkeypatch.setattr("lastseen.server.store.engines.BUSY_TIMEOUT", 0.01)
    with closing(sqlite3.connect(folder / "lastseen.db")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert main(["import", "all.jsonl"]) == 1
    assert "database is locked" in capsys.readouterr().err
