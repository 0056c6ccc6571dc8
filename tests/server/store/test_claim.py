"""A store that one serves from is no other's, until that one has ended, however it ended."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lastseen.server.store.errors import StoreUnusable
from lastseen.server.store.opening import migrate, open_store, read_store
from lastseen.server.store.transfer import backup

SERVE = """
import sys, time
from lastseen.server.store.opening import open_store
store = open_store(sys.argv[1], alone=True)
print("open", flush=True)
time.sleep(600)
"""

SERVE_AND_WRITE = SERVE.replace('print("open"', 'store.begin_run("run-1", 0.0, 0.0)\nprint("open"')


def test_a_second_one_is_refused_and_told_what_to_do(url: str):
    store = open_store(url, alone=True)
    with pytest.raises(StoreUnusable, match=r"one database is one server's.*store\.url"):
        open_store(url, alone=True)
    store.close()


def test_once_it_is_closed_another_may_come(url: str):
    for _ in range(3):
        open_store(url, alone=True).close()


def test_closing_twice_gives_up_no_claim_but_its_own(url: str):
    first = open_store(url, alone=True)
    first.close()
    second = open_store(url, alone=True)
    first.close()
    with pytest.raises(StoreUnusable):
        open_store(url, alone=True)
    second.close()


def test_who_only_reads_is_not_held_up(url: str):
    store = open_store(url, alone=True)
    store.begin_run("run-1", 0.0, 0.0)
    reader = read_store(url)
    assert reader.last_run() is not None
    reader.close()
    with pytest.raises(StoreUnusable):
        open_store(url, alone=True)
    store.close()


def test_nobody_migrates_while_one_serves_and_anybody_does_once_it_ended(url: str):
    store = open_store(url, alone=True)
    with pytest.raises(StoreUnusable, match=r"serves from it, .* stop that one"):
        migrate(url)
    store.close()
    for _ in range(2):
        migrate(url)
    open_store(url, alone=True).close()


def test_what_cannot_be_used_stays_unclaimed(url: str):
    store = open_store(url)
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE lastseen_schema SET version_num = '9999'")
    for _ in range(2):
        with pytest.raises(StoreUnusable, match="newer"):
            open_store(url, alone=True)
    store.close()


def test_a_claim_dies_with_its_process_however_that_ends(url: str):
    command = [sys.executable, "-c", SERVE, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "open\n"
        with pytest.raises(StoreUnusable) as refused:
            open_store(url, alone=True)
        server.send_signal(signal.SIGKILL)
        server.wait()
    if url.startswith("sqlite"):
        assert f"process {server.pid})" in str(refused.value)
        open_store(url, alone=True).close()
    else:
        _open_soon(url)


def _open_soon(url: str) -> None:
    """PostgreSQL learns from the kernel that the process is gone, a moment later."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return open_store(url, alone=True).close()
        except StoreUnusable:
            assert time.monotonic() < deadline
            time.sleep(0.05)


# --- SQLite ---------------------------------------------------------------------------------------


def test_a_link_to_a_file_is_the_same_file(tmp_path: Path):
    store = open_store("sqlite:///one.db", tmp_path, alone=True)
    (tmp_path / "two.db").symlink_to(tmp_path / "one.db")
    with pytest.raises(StoreUnusable):
        open_store("sqlite:///two.db", tmp_path, alone=True)
    store.close()


def test_two_files_in_one_folder_are_two(tmp_path: Path):
    stores = [open_store(f"sqlite:///{name}.db", tmp_path, alone=True) for name in "ab"]
    for store in stores:
        store.close()


def test_a_companion_that_is_left_claims_nothing_whatever_is_in_it(tmp_path: Path):
    (tmp_path / "x.db-lock").write_bytes(b"\xff no number" * 9)
    store = open_store("sqlite:///x.db", tmp_path, alone=True)
    assert (tmp_path / "x.db-lock").read_text().split()[0] == str(os.getpid())
    store.close()


def test_a_store_that_is_closed_is_one_file(tmp_path: Path):
    store = open_store("sqlite:///x.db", tmp_path, alone=True)
    store.begin_run("run-1", 0.0, 0.0)
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["x.db"]
    copy = (tmp_path / "x.db").rename(tmp_path / "copy.db")
    read = read_store(f"sqlite:///{copy}")
    assert read.last_run() is not None
    read.close()


def killed(folder: Path) -> Path:
    """The file of a server that was killed: with changes in its `-wal`."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE_AND_WRITE, f"sqlite:///{folder / 'x.db'}"],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.wait()
    process.stdout.close()
    return folder / "x.db"


def test_the_changes_of_a_killed_server_are_still_there(tmp_path: Path):
    file = killed(tmp_path)
    store = open_store(f"sqlite:///{file}", alone=True)
    assert store.last_run() is not None
    store.close()


def test_a_backup_beside_the_changes_of_a_killed_server_is_refused(tmp_path: Path):
    file = killed(tmp_path)
    store = open_store(f"sqlite:///{file}", alone=True)
    backup(store, tmp_path / "backup.db")
    store.close()
    file = killed(tmp_path)  # of the same run of the file or another: the backup is neither's
    file.write_bytes((tmp_path / "backup.db").read_bytes())
    before = file.read_bytes()
    with pytest.raises(StoreUnusable, match=r"the file was replaced, but x\.db-wal holds changes"):
        open_store(f"sqlite:///{file}", alone=True)
    assert file.read_bytes() == before
    (tmp_path / "x.db-wal").unlink()
    open_store(f"sqlite:///{file}", alone=True).close()


def test_the_changes_of_a_killed_server_without_their_file_are_not_thrown_away(tmp_path: Path):
    file = killed(tmp_path)
    file.unlink()
    with pytest.raises(StoreUnusable, match=r"the file is missing, but x\.db-wal holds changes"):
        open_store(f"sqlite:///{file}", alone=True)
    assert (tmp_path / "x.db-wal").stat().st_size > 0


def test_a_backup_is_one_file_that_a_reader_leaves_as_it_is(tmp_path: Path):
    store = open_store("sqlite:///x.db", tmp_path, alone=True)
    backup(store, tmp_path / "backup.db")
    store.close()
    read_store("sqlite:///backup.db", tmp_path).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.db", "x.db"]


def test_a_companion_that_cannot_be_made_is_said(tmp_path: Path):
    (tmp_path / "x.db-lock").mkdir()
    with pytest.raises(StoreUnusable, match=r"x\.db-lock cannot be made: Is a directory"):
        open_store("sqlite:///x.db", tmp_path, alone=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away: run it as root")
def test_what_root_claims_can_be_claimed_by_the_owner_of_the_file_afterwards(tmp_path: Path):
    file, owner = tmp_path / "a.db", 12345
    migrate(f"sqlite:///{file}")
    companion = tmp_path / "a.db-lock"
    os.chown(file, owner, owner)
    store = open_store(f"sqlite:///{file}", alone=True)
    assert (companion.stat().st_uid, companion.stat().st_gid) == (owner, owner)
    store.close()


# --- PostgreSQL -----------------------------------------------------------------------------------


def test_two_schemas_of_one_database_are_two_stores(postgres):
    name = postgres.new_database()
    first = open_store(postgres.url(name), alone=True)
    with first.database.writing() as connection:
        connection.exec_driver_sql("CREATE SCHEMA other")
    apart = postgres.url(name)
    apart += ("&" if "?" in apart else "?") + "options=-csearch_path%3Dother"
    second = open_store(apart, alone=True)
    first.close()
    second.close()
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_claim_takes_no_connection_of_those_that_the_store_uses(postgres, migrated):
    store = open_store(postgres.url(migrated), alone=True)
    assert store.database.engine.pool.checkedout() == 0
    store.close()
