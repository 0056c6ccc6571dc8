import json
from datetime import timedelta

import pytest

from lastseen.client import Refused
from lastseen.client.commands.deliveries import COLUMNS, LIMIT, deliveries, retry, row, why
from lastseen.client.commands.usage import UsageError
from lastseen.shared.messages import GetDeliveries


def texts(delivery, now):
    return {c.heading: cell.text for c, cell in zip(COLUMNS, row(delivery, now), strict=True)}


# --- deliveries -------------------------------------------------------------------------------


async def test_deliveries_are_a_table_the_latest_first(address, quiet_server, delivery, capsys):
    quiet_server.deliveries = {
        1: delivery(1),
        2: delivery(2, state="failed", attempts=16, error="HTTP 503"),
    }
    await deliveries(server=address)
    out, err = capsys.readouterr()
    heading, first, second = out.splitlines()
    assert heading.startswith("id  decided")
    assert first.split()[0] == "2"
    assert "✗ failed" in first
    assert first.endswith("HTTP 503")
    assert second.split()[0] == "1"
    assert err == ""


async def test_only_the_latest_are_shown_unless_more_are_wanted(
    address, quiet_server, delivery, capsys
):
    quiet_server.page = 40
    quiet_server.deliveries = {n: delivery(n) for n in range(1, 121)}
    await deliveries(server=address)
    assert len(capsys.readouterr().out.splitlines()) == 1 + LIMIT
    await deliveries(server=address, limit=7, json=True)
    assert [d["id"] for d in json.loads(capsys.readouterr().out)] == [*range(120, 113, -1)]
    await deliveries(server=address, limit=1000, json=True)
    assert len(json.loads(capsys.readouterr().out)) == 120
    last = quiet_server.connections[-1].messages(GetDeliveries)
    assert len(last) == 3


async def test_the_server_is_asked_for_what_is_wanted(address, quiet_server):
    await deliveries(server=address, failed=True, channel="ops", client="web-01")
    await deliveries(server=address, state="pending")
    asked = [c.messages(GetDeliveries)[0] for c in quiet_server.connections]
    assert [(a.channel, a.client_id, a.state) for a in asked] == [
        ("ops", "web-01", "failed"),
        (None, None, "pending"),
    ]


async def test_no_deliveries_are_said_in_words_or_an_empty_array(address, capsys):
    await deliveries(server=address)
    assert capsys.readouterr() == ("", "no deliveries found\n")
    await deliveries(server=address, json=True)
    assert json.loads(capsys.readouterr().out) == []


async def test_json_has_every_field(address, quiet_server, delivery, capsys):
    quiet_server.deliveries = {1: delivery(1)}
    await deliveries(server=address, json=True)
    [found] = json.loads(capsys.readouterr().out)
    assert set(found) == set(delivery(1).__struct_fields__)
    assert (found["created_at"], found["settled_at"]) == ("2026-03-04T12:00:00Z", None)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"failed": True, "state": "sent"}, "--failed and --state sent"),
        ({"limit": 0}, "--limit: expected a number above 0, got 0"),
        ({"channel": ""}, "--channel"),
        ({"client": ""}, "--client"),
    ],
)
async def test_what_cannot_be_meant_is_a_usage_error_before_anybody_is_asked(nowhere, wish, words):
    with pytest.raises(UsageError, match=words):
        await deliveries(**wish, server=nowhere)


def test_what_a_channel_holds_up_is_not_said_to_be_due(delivery, now):
    found = delivery(1, state="pending", due_at=now, error="HTTP 401", held="broken")
    assert why(found, now) == "held: channel broken: HTTP 401"


@pytest.mark.parametrize(
    ("state", "wait", "error", "told"),
    [
        ("sent", 0, "HTTP 503", ""),
        ("failed", 0, "HTTP 503", "HTTP 503"),
        ("withdrawn", 0, "", ""),
        ("pending", -5, "", "due now"),
        ("pending", 90, "", "due in 1 min 30 s"),
        ("pending", 90, "HTTP 503", "due in 1 min 30 s: HTTP 503"),
    ],
)
def test_why_it_is_not_sent_is_told_and_when_it_will_be(delivery, now, state, wait, error, told):
    found = delivery(1, state=state, due_at=now + timedelta(seconds=wait), error=error)
    assert why(found, now) == told


def test_what_is_about_the_server_has_no_client_and_is_told_in_words(delivery, now):
    shown = texts(delivery(1, kind="mass_loss", client_id=""), now)
    assert (shown["told"], shown["client"]) == ("mass loss", "")


def test_no_word_of_anybody_reaches_the_terminal_unescaped(delivery, now):
    hostile = delivery(1, client_id="\u202ea", channel="\x1bc", error="\x1b[2J", state="failed")
    assert not any("\x1b" in text or "\u202e" in text for text in texts(hostile, now).values())


# --- retry ------------------------------------------------------------------------------------


async def test_what_is_tried_again_is_told(address, quiet_server, delivery, capsys):
    quiet_server.deliveries = {n: delivery(n, state="failed") for n in (3, 4)}
    await retry(3, server=address)
    assert capsys.readouterr() == ("delivery 3 to ops is tried again\n", "")
    await retry(4, server=address, json=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["id"], found["state"]) == (4, "pending")


async def test_a_delivery_that_there_is_not_is_an_error(address):
    with pytest.raises(Refused, match="there is no delivery 7"):
        await retry(7, server=address)


async def test_an_impossible_id_is_a_usage_error_before_anybody_is_asked(nowhere):
    with pytest.raises(UsageError, match="ID"):
        await retry(-1, server=nowhere)
