import json
from datetime import timedelta

import pytest

from lastseen.client import Refused
from lastseen.client.commands.output import utc_now
from lastseen.client.commands.silences import (
    COLUMNS,
    covered,
    row,
    seconds_of,
    silence,
    silences,
    unsilence,
)
from lastseen.client.commands.usage import UsageError
from lastseen.shared.messages import Silence, SilenceRecord

pytestmark = pytest.mark.usefixtures("in_utc")


@pytest.fixture
def planned(now):
    return SilenceRecord(now + timedelta(hours=1), groups=("lab",), reason="backups")


def texts(record, now):
    return {c.heading: cell.text for c, cell in zip(COLUMNS, row(record, now), strict=True)}


# --- silence ----------------------------------------------------------------------------------


async def test_a_silence_says_of_whom_and_until_when(address, quiet_server, capsys):
    await silence("web-*", group="rack-3", for_="2h", reason="new disks", server=address)
    assert capsys.readouterr() == (
        "silence 1: nobody is told of web-* in rack-3 until 2026-03-04 14:00:00\n",
        "",
    )
    [asked] = quiet_server.connections[0].messages(Silence)
    assert (asked.seconds, asked.client, asked.group, asked.reason) == (
        *(7200, "web-*", "rack-3"),
        "new disks",
    )


async def test_a_silence_in_json_is_one_object_with_every_field(address, capsys):
    await silence(group="rack-3", for_="30min", server=address, json=True)
    assert json.loads(capsys.readouterr().out) == {
        "until": "2026-03-04T12:30:00Z",
        "since": "2026-03-04T12:00:00Z",
        "id": 1,
        "clients": [],
        "groups": ["rack-3"],
        "reason": "",
    }


async def test_a_silence_of_nobody_in_particular_is_a_usage_error(nowhere):
    with pytest.raises(UsageError, match=r"CLIENT .* or --group"):
        await silence(for_="2h", server=nowhere)


@pytest.mark.parametrize("text", ["", "2", "soon", "59s", "366d", "9" * 30 + "w", "\x1b[2J"])
def test_a_length_that_cannot_be_meant_is_a_usage_error(text):
    with pytest.raises(UsageError, match="--for: expected a length from 1min to 365d") as error:
        seconds_of(text)
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize(("text", "seconds"), [("1min", 60), ("365d", 31_536_000), ("2h", 7200)])
def test_a_length_is_told_in_seconds(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("wish", "argument"),
    [({"group": ""}, "--group"), ({"client": "", "group": "a"}, "CLIENT")],
)
async def test_an_impossible_name_is_a_usage_error_before_anybody_is_asked(nowhere, wish, argument):
    client = [wish.pop("client")] if "client" in wish else []
    with pytest.raises(UsageError, match=argument):
        await silence(*client, **wish, for_="2h", server=nowhere)


# --- silences ---------------------------------------------------------------------------------


async def test_silences_are_a_table_planned_maintenance_among_them(
    address, quiet_server, planned, capsys
):
    until = utc_now() + timedelta(minutes=90, seconds=30)
    own = SilenceRecord(until, utc_now(), 7, ("web-*",), (), "new disks")
    quiet_server.silences = {7: own, 8: planned}
    await silences(server=address)
    out, err = capsys.readouterr()
    heading, first, second = out.splitlines()
    assert heading.split() == ["id", "of", "until", "left", "since", "reason"]
    assert first.split()[:2] == ["7", "web-*"]
    assert "1 h 30 min" in first
    assert first.endswith("new disks")
    assert second.split()[:4] == ["planned", "members", "of", "lab"]
    assert err == ""


async def test_silences_in_json_are_one_array(address, quiet_server, planned, capsys):
    quiet_server.silences = {8: planned}
    await silences(server=address, json=True)
    [found] = json.loads(capsys.readouterr().out)
    assert (found["id"], found["since"], found["groups"]) == (None, None, ["lab"])


async def test_no_silences_are_said_in_words_or_an_empty_array(address, capsys):
    await silences(server=address)
    assert capsys.readouterr() == ("", "nothing is silenced\n")
    await silences(server=address, json=True)
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("clients", "groups", "told"),
    [
        (("web-*",), (), "web-*"),
        (("a", "b"), (), "a, b"),
        ((), ("lab", "rack-3"), "members of lab or rack-3"),
        (("a",), ("lab",), "a in lab"),
        ((), (), "everyone"),
    ],
)
def test_whom_it_covers_is_told_in_words(now, clients, groups, told):
    assert covered(SilenceRecord(now, clients=clients, groups=groups)) == told


def test_no_word_of_anybody_reaches_the_terminal_unescaped(now):
    record = SilenceRecord(now, now, 1, ("\u202ea",), (), "\x1b[2J")
    shown = texts(record, now)
    assert (shown["of"], shown["reason"]) == (r"\u202ea", r"\x1b[2J")


def test_one_that_ends_just_now_has_nothing_left(now):
    assert texts(SilenceRecord(now - timedelta(seconds=1)), now)["left"] == "0 s"


# --- unsilence --------------------------------------------------------------------------------


async def test_a_silence_that_is_ended_is_told_to_be_over(address, quiet_server, now, capsys):
    quiet_server.silences = {7: SilenceRecord(now, id=7), 8: SilenceRecord(now, id=8)}
    await unsilence(7, server=address)
    await unsilence(8, server=address, json=True)
    assert capsys.readouterr() == ('silence 7 is over\n{"id":8}\n', "")
    assert quiet_server.silences == {}


async def test_a_silence_that_there_is_not_is_an_error(address):
    with pytest.raises(Refused, match="there is no silence 7"):
        await unsilence(7, server=address)
