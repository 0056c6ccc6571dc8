"""Out of one store and into another, in both databases."""

import io
import sqlite3

import pytest

from lastseen.server.store.errors import TransferFailed
from lastseen.server.store.opening import open_store
from lastseen.server.store.telling import Attempt, BrokenChannel, Silence, Telling
from lastseen.server.store.transfer import backup, export, import_

NOW = 1_800_000_000.0


@pytest.fixture
def source(tmp_path, known, event, delivery, standing):
    """A store with some of everything."""
    store = open_store("sqlite:///source.db", tmp_path)
    clients = [
        known("a", first_seen=NOW - 50.000001),
        known("b", note="é\n\U0001f600", timeout=90, every=60, heard_awake=970.0),
    ]
    gone = event("b", "offline", at=NOW + 5, last_seen=NOW + 1, deadline=NOW + 4.5, number=2)
    store.record([event("a", "online"), event("b", "online", number=1), gone], clients)
    store.begin_run("run-1", NOW, 991.0)
    store.end_run("run-1", NOW + 9, 1_000.0)
    store.put_setting("interval", {"a": [1, None]})
    told = delivery("first", "b", epoch="run-1", number=2), delivery("second", "b"), delivery("c")
    store.tell(Telling(told, standings=(standing("b", since=NOW), standing("b", "mail"))))
    store.deliveries.settle([Attempt(("first",), "sent", NOW + 6, 0.0)])
    store.deliveries.add_silence(Silence("web-*", None, NOW, NOW + 60, "over"))
    store.deliveries.remove_silence(1)
    store.deliveries.add_silence(Silence(None, "eu", NOW, NOW + 60, "moving"))
    store.deliveries.mark_broken(BrokenChannel("mail", NOW, "401", "abc"))
    yield store
    store.close()


def exported(store):
    file = io.BytesIO()
    export(store, file)
    return file.getvalue()


def test_what_comes_out_goes_in_and_comes_out_the_same(source, store):
    content = exported(source)
    assert import_(store, io.BytesIO(content)) == 2 + 3 + 1 + 1 + 3 + 2 + 1 + 1
    assert exported(store) == content
    assert [client.client_id for client in store.were_online().items] == ["a"]


def test_importing_twice_changes_nothing(source, store):
    content = exported(source)
    for _ in range(2):
        import_(store, io.BytesIO(content))
    assert exported(store) == content


def test_history_goes_on_after_what_was_imported(source, store, event):
    import_(store, io.BytesIO(exported(source)))
    store.record([event("b", "online", at=NOW + 20)])
    assert [e.after for e in store.history("b")] == ["online", "offline", "online"]


def test_the_time_since_a_heartbeat_is_the_same_in_another_store_whose_own_time_goes_on(
    source, store
):
    store.begin_run("here", NOW, 0.0)
    store.end_run("here", NOW + 50, 50.0)
    for _ in range(2):
        import_(store, io.BytesIO(exported(source)))
        assert store.last_run().awake == 50.0
        assert store.find_by_id("b").heard_awake == 50.0 - (1_000.0 - 970.0)


def test_an_older_export_takes_nothing_back(source, store, known):
    content = exported(source)
    import_(store, io.BytesIO(content))
    newer = known("a", name="New", last_seen=NOW + 100, first_seen=NOW - 50.000001)
    store.upsert_many([newer])
    import_(store, io.BytesIO(content))
    assert store.find_by_id("a") == newer


def test_a_store_with_a_history_of_its_own_is_left_as_it_was(source, store, event):
    store.record([event("z", "online")])
    before = exported(store)
    with pytest.raises(TransferFailed, match="event 1 of the file is not event 1 of the store"):
        import_(store, io.BytesIO(exported(source)))
    assert exported(store) == before


def test_what_was_told_is_not_told_again_and_what_was_not_is_told_next(source, store, delivery):
    import_(store, io.BytesIO(exported(source)))
    store.tell(Telling((delivery("first", "b"), delivery("third", "b"))))
    found = store.deliveries.due("hook", NOW)
    assert [d.key for d in found] == ["second", "c"]
    store.deliveries.settle([Attempt(("second", "c"), "sent", NOW, 0.0)])
    assert [d.key for d in store.deliveries.due("hook", NOW)] == ["third"]
    assert store.deliveries.find("first").event_id == store.history("b")[0].id


def test_an_older_export_takes_nothing_back_of_what_was_told(source, store, standing):
    content = exported(source)
    import_(store, io.BytesIO(content))
    newer = standing("b", changed_at=NOW + 9, said="online", offline=False)
    store.tell(Telling(standings=(newer,)))
    store.deliveries.settle([Attempt(("second",), "sent", NOW + 9, 0.0)])
    import_(store, io.BytesIO(content))
    assert store.deliveries.find("second").state == "sent"
    assert store.deliveries.standings()[0] == newer


def test_silences_are_counted_on_after_what_was_imported(source, store):
    import_(store, io.BytesIO(exported(source)))
    assert store.deliveries.add_silence(Silence("a", None, NOW, NOW + 1)).id == 3


@pytest.mark.parametrize("what", ["delivery 1", "silence 2"])
def test_a_store_that_told_something_else_is_left_as_it_was(source, store, delivery, what):
    if what == "delivery 1":
        store.tell(Telling((delivery("mine"),)))
    for _ in range(2):
        store.deliveries.add_silence(Silence("mine", None, NOW, NOW + 1))
    before = exported(store)
    with pytest.raises(TransferFailed, match=f"{what} of the file is not {what} of the store"):
        import_(store, io.BytesIO(exported(source)))
    assert exported(store) == before


def test_a_file_that_ends_early_is_imported_not_at_all(source, store):
    lines = exported(source).splitlines(keepends=True)
    with pytest.raises(TransferFailed, match="only the beginning of an export"):
        import_(store, io.BytesIO(b"".join(lines[:-1])))
    assert store.counts().clients == 0


def test_more_rows_than_one_chunk_go_over(source, store, known, event):
    source.upsert_many([known(f"c{n:04}") for n in range(1_500)])
    source.record([event(f"c{n:04}", "online") for n in range(1_500)])
    content = exported(source)
    import_(store, io.BytesIO(content))
    assert exported(store) == content


def test_a_backup_is_a_whole_store_taken_while_another_writes(source, tmp_path):
    with source.database.writing():
        backup(source, tmp_path / "copy.db")
    copy = open_store("sqlite:///copy.db", tmp_path)
    assert exported(copy) == exported(source)
    copy.close()
    assert not list(tmp_path.glob("*.part*"))


def test_a_backup_never_overwrites(source, tmp_path):
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(TransferFailed, match="exists already, and was left as it is"):
        backup(source, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_a_backup_into_no_folder_is_told(source, tmp_path):
    with pytest.raises(TransferFailed, match=r"none/copy\.db: cannot be written"):
        backup(source, tmp_path / "none" / "copy.db")


def test_a_backup_that_fails_leaves_no_part(source, tmp_path, monkeypatch):
    monkeypatch.setattr("lastseen.server.store.transfer._copy", fail_half_way)
    with pytest.raises(TransferFailed, match="disk is full"):
        backup(source, tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy*"))


def fail_half_way(_, path):
    path.write_bytes(b"half")
    raise sqlite3.OperationalError("database or disk is full")


def test_postgresql_has_a_backup_of_its_own(postgres, migrated, tmp_path):
    store = open_store(postgres.url(migrated))
    with pytest.raises(TransferFailed, match="pg_dump"):
        backup(store, tmp_path / "copy")
    store.close()
