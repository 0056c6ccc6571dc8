from lastseen.client import Change, View
from lastseen.client.commands import board as module
from lastseen.client.commands.board import Board, gone


def change(joins=(), leaves=(), updates=(), kind="diff"):
    return Change(kind, list(joins), list(leaves), list(updates), View())


def names(board):
    return [record.client_id for record in board.in_order()]


def test_online_come_first_then_late_then_who_left_the_latest_first(record, now):
    board = Board()
    board.apply(
        change([record("c"), record("a"), record("b", status="late"), record("x"), record("y")]),
        now,
    )
    board.apply(change(leaves=[record("x", status="offline")]), now)
    board.apply(change(leaves=[record("y", status="offline")]), now)
    assert names(board) == ["a", "c", "b", "y", "x"]
    assert board.counts() == {"online": 2, "late": 1, "offline": 2}


def test_who_comes_back_is_no_longer_among_those_that_left(record, now):
    board = Board()
    board.apply(change(leaves=[record("a", status="offline")]), now)
    board.apply(change(joins=[record("a", reason="returned")]), now)
    assert board.counts() == {"online": 1, "late": 0, "offline": 0}


def test_only_the_latest_departures_are_kept(record, now):
    board = Board()
    leaves = [record(f"{n:04}", status="offline") for n in range(module._KEPT + 3)]
    board.apply(change(leaves=leaves), now)
    assert len(board.departed) == module._KEPT
    assert next(iter(board.departed)) == "0003"


def test_a_listing_brings_later_signs_of_life_and_changes_nothing_else(record, now, before):
    board = Board()
    board.apply(change([record("a", last_seen=before(60)), record("b", last_seen=before(5))]), now)
    board.hear(
        [
            record("a", last_seen=before(1), status="late"),
            record("b", last_seen=before(9)),
            record("stranger"),
        ]
    )
    assert board.present["a"].last_seen == before(1)
    assert board.present["a"].status == "online"
    assert board.present["b"].last_seen == before(5)
    assert names(board) == ["a", "b"]


def test_a_client_missing_from_a_new_snapshot_is_offline_from_now_on(record, now, before):
    known = record("a", since=before(100))
    assert gone(known, now).status == "offline"
    assert gone(known, now).since == now
    left = record("a", status="offline", since=before(3))
    assert gone(left, now) is left
