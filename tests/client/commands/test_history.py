import json
from datetime import timedelta

import pytest

from lastseen.client import Refused
from lastseen.client.commands.history import history
from lastseen.client.commands.output import utc_now
from lastseen.client.commands.usage import UsageError
from lastseen.shared.messages import GetHistory, Register


@pytest.fixture
def two_events(quiet_server, event, before):
    quiet_server.events["web-01"] = [
        event("online", "offline", "left", at=before(60)),
        event("offline", "online", "registered", at=before(180)),
    ]


@pytest.mark.usefixtures("two_events", "in_utc")
async def test_history_is_told_the_oldest_first(address, capsys):
    await history("web-01", server=address)
    out, err = capsys.readouterr()
    assert out.startswith("2026-03-04 11:57:00  online 2 min, then offline ")
    assert out.endswith(" so far: left\n")
    assert err == ""


@pytest.mark.usefixtures("two_events")
async def test_json_is_one_array_the_oldest_first(address, capsys):
    await history("web-01", server=address, json=True)
    found = json.loads(capsys.readouterr().out)
    assert [(e["reason"], e["duration"]) for e in found] == [("registered", 120.0), ("left", None)]
    assert found[0]["at"] == "2026-03-04T11:57:00Z"


async def test_a_history_of_many_pages_is_told_whole(address, quiet_server, event, before, capsys):
    quiet_server.page = 3
    quiet_server.events["a"] = [
        event("offline", "online", "registered", at=before(n)) for n in range(10)
    ]
    await history("a", server=address)
    assert len(capsys.readouterr().out.splitlines()) == 10
    assert len(quiet_server.connections[0].messages(GetHistory)) == 4


@pytest.mark.usefixtures("two_events")
async def test_since_is_the_servers_to_apply(address, quiet_server):
    await history("web-01", since="2d", server=address)
    request = quiet_server.connections[0].messages(GetHistory)[0]
    assert abs(utc_now() - timedelta(days=2) - request.since) < timedelta(minutes=1)


@pytest.mark.usefixtures("two_events", "in_utc")
async def test_where_nothing_happened_since_the_last_thing_that_did_is_told(address, capsys):
    await history("web-01", since="2026-03-05", server=address)
    assert capsys.readouterr() == (
        "",
        "no transitions since 2026-03-05 00:00:00; offline since 2026-03-04 11:59:00\n",
    )


async def test_a_client_without_events_is_said_in_words(address, quiet_server, capsys):
    quiet_server.events["a"] = []
    await history("a", server=address)
    await history("a", server=address, since="2d")
    assert capsys.readouterr() == ("", "no transitions are remembered\n" * 2)


async def test_nothing_in_json_is_an_empty_array(address, quiet_server, capsys):
    quiet_server.events["a"] = []
    await history("a", server=address, json=True)
    assert json.loads(capsys.readouterr().out) == []


async def test_an_unknown_client_is_an_error(address):
    with pytest.raises(Refused, match="no client 'who'"):
        await history("who", server=address)


@pytest.mark.usefixtures("two_events")
async def test_looking_back_is_not_registering(address, quiet_server):
    await history("web-01", server=address)
    assert quiet_server.connections[0].messages(Register) == []


@pytest.mark.parametrize(("client", "since"), [("", None), ("x" * 129, None), ("a", "soon")])
async def test_what_cannot_be_meant_is_a_usage_error_before_anybody_is_asked(
    client, since, nowhere
):
    with pytest.raises(UsageError):
        await history(client, since=since, server=nowhere)
