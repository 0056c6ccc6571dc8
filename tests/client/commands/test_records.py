import pytest

from lastseen.client.commands.records import COLUMNS, count, row, sort_key, summary, to_dict


def texts(record, now):
    return {c.heading: cell.text for c, cell in zip(COLUMNS, row(record, now), strict=True)}


def test_a_row_says_everything_about_a_client(record, now, before):
    web = record(
        "web-01",
        name="Web",
        since=before(7200),
        last_seen=before(4),
        hostname="rack-host",
        groups=("rack-3", "web"),
        availability="away",
        note="lunch",
        via="websocket",
        address="127.0.0.1:5000",
    )
    assert texts(web, now) == {
        "client": "web-01",
        "name": "Web",
        "status": "● online",
        "why": "",
        "since": "2 hours ago",
        "last seen": "4 seconds ago",
        "from": "127.0.0.1:5000 (rack-host)",
        "via": "websocket",
        "groups": "rack-3, web",
        "availability": "away: lunch",
        "warning": "",
    }


@pytest.mark.parametrize(("age", "warns"), [(5, True), (599, True), (601, False)])
def test_an_id_that_several_processes_share_is_marked_while_the_server_counts_it(
    record, now, before, age, warns
):
    found = texts(record("a", contested_at=before(age)), now)["warning"]
    assert found == ("⚠ several processes share this id" if warns else "")


@pytest.mark.parametrize(
    ("status", "text", "style"),
    [
        ("online", "● online", "green"),
        ("late", "◐ late", "yellow"),
        ("offline", "○ offline", "dim"),
    ],
)
def test_each_status_has_its_mark_and_colour(record, now, status, text, style):
    assert row(record("a", status=status), now)[2] == (text, style)


@pytest.mark.parametrize(
    ("status", "why"), [("online", ""), ("late", "timeout"), ("offline", "timeout")]
)
def test_why_is_told_of_those_that_are_not_online(record, now, status, why):
    assert texts(record("a", status=status, reason="timeout"), now)["why"] == why


def test_a_hostname_that_is_the_id_is_not_repeated(record, now):
    assert texts(record("box", hostname="box", address="10.0.0.1:5"), now)["from"] == "10.0.0.1:5"
    assert texts(record("id", hostname="box"), now)["from"] == "box"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, ""),
        ({"note": "hi"}, "hi"),
        ({"availability": "busy"}, "busy"),
        ({"availability": "busy", "note": "hi"}, "busy: hi"),
    ],
)
def test_availability_is_told_only_where_there_is_something_to_tell(record, now, fields, told):
    assert texts(record("a", **fields), now)["availability"] == told


@pytest.mark.parametrize("field", ["client_id", "name", "hostname", "note", "address", "groups"])
def test_nothing_of_a_client_reaches_the_terminal_unescaped(record, now, field):
    evil = "\x1b]0;owned\x07[red]\n"
    fields = {"client_id": "a"} | {field: (evil,) if field == "groups" else evil}
    shown = "".join(cell.text for cell in row(record(**fields), now))
    assert r"\x1b]0;owned\x07[red]\n" in shown
    assert shown.isprintable()


def test_json_has_every_field_whatever_its_value(record):
    assert list(to_dict(record("a"))) == [
        "client_id",
        "status",
        "reason",
        "since",
        "last_seen",
        "name",
        "hostname",
        "groups",
        "meta",
        "availability",
        "note",
        "via",
        "address",
        "sessions",
        "timeout",
        "every",
        "contested_at",
    ]


@pytest.mark.parametrize(
    ("by", "order"),
    [
        ("id", "abc"),
        ("name", "bca"),
        ("since", "cab"),
        ("last-seen", "bac"),
        ("status", "cba"),
    ],
)
def test_records_are_sorted_times_most_recent_first(record, before, by, order):
    everyone = [
        record("a", name="Zoe", since=before(20), last_seen=before(2), status="offline"),
        record("b", name="amy", since=before(30), last_seen=before(1), status="late"),
        record("c", name="Bob", since=before(10), last_seen=before(3), status="online"),
    ]
    assert "".join(r.client_id for r in sorted(everyone, key=sort_key(by))) == order


def test_equals_are_sorted_by_id(record):
    everyone = [record(name) for name in "cab"]
    for by in ("name", "since", "last-seen", "status"):
        assert [r.client_id for r in sorted(everyone, key=sort_key(by))] == ["a", "b", "c"]


def test_the_summary_counts_each_status(record):
    everyone = [record("a"), record("b"), record("c", status="late")]
    assert summary(count(everyone)) == "2 online, 1 late"
    assert summary(count([record("d", status="offline")])) == "0 online, 0 late, 1 offline"
