import pytest

from lastseen.client import Change, View
from lastseen.client.commands.watch_lines import lines, objects


def change(joins=(), leaves=(), updates=()):
    return Change("diff", list(joins), list(leaves), list(updates), View())


def told(now, known=(), **changed):
    [line] = lines(change(**changed), {r.client_id: r for r in known}, now)
    return line


def test_a_client_that_comes_is_told_with_the_reason(record, now):
    assert told(now, joins=[record("web-01")]) == "12:00:00 web-01 online (registered)"


def test_a_client_that_is_given_up_on_is_told_with_the_reason_and_when_last_seen(
    record, now, before
):
    lost = record("web-01", status="offline", reason="timeout", last_seen=before(120))
    assert told(now, leaves=[lost]) == (
        "12:00:00 web-01 offline (timeout), last seen 2 minutes ago"
    )


def test_a_client_that_falls_silent_is_told_as_late(record, now, before):
    known = record("web-01", since=before(500))
    late = record("web-01", status="late", reason="silent", since=now, last_seen=before(90))
    assert told(now, [known], updates=[late]) == (
        "12:00:00 web-01 late (silent), last seen 1 minute ago"
    )


def test_a_client_missing_from_a_new_snapshot_is_told_without_a_reason(record, now, before):
    known = record("web-01", last_seen=before(60))
    assert told(now, [known], leaves=[known]) == ("12:00:00 web-01 offline, last seen 1 minute ago")


@pytest.mark.parametrize(
    ("was", "fields", "line"),
    [
        ({}, {"availability": "away", "note": "lunch"}, "web-01 online, away: lunch"),
        ({"availability": "away"}, {}, "web-01 online, available"),
        ({"note": "x"}, {"name": "Web"}, "web-01 online, available"),
        ({}, {"name": "Web"}, "web-01 online"),
    ],
)
def test_a_word_about_oneself_is_told_without_the_old_reason(record, now, was, fields, line):
    known = record("web-01", **was)
    assert told(now, [known], updates=[record("web-01", **fields)]) == f"12:00:00 {line}"


def test_a_hostile_name_stays_one_line(record, now):
    assert told(now, joins=[record("a\n\x1b[2J")]) == r"12:00:00 a\n\x1b[2J online (registered)"


def test_objects_carry_the_kind_the_time_and_the_whole_record(record, now):
    told = list(
        objects(
            change([record("a")], [record("c", status="offline")], [record("b", status="late")]),
            now,
        )
    )
    assert [(o["type"], o["time"], o["client"]["client_id"]) for o in told] == [
        ("join", now, "a"),
        ("update", now, "b"),
        ("leave", now, "c"),
    ]
    assert told[0]["client"]["groups"] == ()
