import json

import pytest
from msgspec.structs import replace

from lastseen.client import Refused
from lastseen.client.commands.channels import COLUMNS, channels, enable, row
from lastseen.client.commands.usage import UsageError
from lastseen.shared.messages import ChannelRecord


def texts(channel, now):
    return {c.heading: cell.text for c, cell in zip(COLUMNS, row(channel, now), strict=True)}


@pytest.fixture
def broken(before):
    return ChannelRecord(
        name="ops",
        kind="telegram",
        enabled=True,
        state="broken",
        why="HTTP 401: Unauthorized",
        since=before(180),
        pending=12,
        failed=1_500,
        sent=7,
        last_sent=before(3600),
    )


def test_a_row_tells_how_it_goes_and_why(broken, now):
    assert texts(broken, now) == {
        "channel": "ops",
        "kind": "telegram",
        "state": "✗ broken",
        "pending": "12",
        "failed": "1,500",
        "sent": "7",
        "last sent": "1 hour ago",
        "why": "HTTP 401: Unauthorized (for 3 min)",
    }


def test_one_that_rests_after_failures_says_for_how_long(broken, now, before):
    failing = replace(broken, state="failing", why="HTTP 429", rests_until=before(-90))
    assert texts(failing, now)["why"] == "HTTP 429 (for 3 min, rests 1 min 30 s more)"
    over = replace(failing, rests_until=before(1))
    assert texts(over, now)["why"] == "HTTP 429 (for 3 min)"


def test_one_that_is_off_says_why_where_there_is_a_reason(now):
    off = ChannelRecord("a", "webhook", enabled=False, state="working", why="off still: …")
    assert (texts(off, now)["state"], texts(off, now)["why"]) == ("○ off", "off still: …")


def test_one_that_works_has_no_why_and_one_that_is_off_is_off_whatever_it_was(now):
    working = texts(ChannelRecord("a", "webhook", enabled=True, state="working"), now)
    assert (working["state"], working["why"], working["last sent"]) == ("● working", "", "")
    off = texts(ChannelRecord("a", "webhook", enabled=False, state="working"), now)
    assert off["state"] == "○ off"


def test_no_word_of_a_receiver_reaches_the_terminal_unescaped(now):
    hostile = ChannelRecord("\x1bc", "webhook", enabled=True, state="failing", why="\x1b[2J")
    assert not any("\x1b" in text for text in texts(hostile, now).values())


async def test_channels_are_a_table_by_name(address, quiet_server, broken, capsys):
    quiet_server.channels = {
        "web": ChannelRecord("web", "webhook", enabled=True, state="working"),
        "ops": broken,
    }
    await channels(server=address)
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["channel", "ops", "web"]
    assert err == ""


async def test_json_is_one_array_with_every_field(address, quiet_server, broken, capsys):
    quiet_server.channels = {"ops": broken}
    await channels(server=address, json=True)
    [found] = json.loads(capsys.readouterr().out)
    assert set(found) == set(broken.__struct_fields__)
    assert (found["state"], found["since"]) == ("broken", "2026-03-04T11:57:00Z")


async def test_nobody_is_said_in_words_or_an_empty_array(address, capsys):
    await channels(server=address)
    out, err = capsys.readouterr()
    assert (out, err.startswith("nobody is told")) == ("", True)
    await channels(server=address, json=True)
    assert json.loads(capsys.readouterr().out) == []


async def test_a_channel_that_is_enabled_is_told(address, quiet_server, broken, capsys):
    quiet_server.channels = {"ops": broken}
    await enable("ops", server=address)
    await enable("ops", server=address, json=True)
    assert capsys.readouterr() == ('channel ops is used again\n{"name":"ops"}\n', "")
    assert quiet_server.channels["ops"].state == "working"


async def test_a_channel_that_there_is_not_is_an_error(address):
    with pytest.raises(Refused, match="no channel 'who'"):
        await enable("who", server=address)


async def test_an_impossible_name_is_a_usage_error_before_anybody_is_asked(nowhere):
    with pytest.raises(UsageError, match="CHANNEL"):
        await enable("", server=nowhere)
