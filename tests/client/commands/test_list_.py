import json

import pytest

from lastseen.client import LinkLost
from lastseen.client.commands import list_ as module
from lastseen.client.commands.list_ import list_clients
from lastseen.client.commands.usage import UsageError
from lastseen.shared.messages import Goodbye, List, Register


@pytest.fixture
def everyone(quiet_server, record):
    quiet_server.records = {
        "a": record("a", name="Zoe"),
        "b": record("b", name="Amy", status="late"),
        "c": record("c", name="Bob", groups=("rack-3",)),
    }


@pytest.mark.usefixtures("everyone")
async def test_a_table_is_printed_and_counted_beside_it(address, capsys):
    await list_clients(server=address)
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].split() == [
        "client",
        "name",
        "status",
        "why",
        "since",
        "last",
        "seen",
        "via",
        "groups",
    ]
    assert [line.split()[:4] for line in lines[1:]] == [
        ["a", "Zoe", "●", "online"],
        ["b", "Amy", "◐", "late"],
        ["c", "Bob", "●", "online"],
    ]
    assert lines[3].endswith("tcp  rack-3")
    assert err == "2 online, 1 late\n"


async def test_nobody_is_said_in_words(address, capsys):
    await list_clients(server=address)
    assert capsys.readouterr() == ("", "no clients found\n")


@pytest.mark.usefixtures("everyone")
async def test_json_is_one_array_of_whole_records(address, capsys):
    await list_clients(server=address, json=True)
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert [client["client_id"] for client in found] == ["a", "b", "c"]
    assert found[0]["since"] == "2026-03-04T12:00:00Z"
    assert found[0]["note"] == ""
    assert err == ""


async def test_nobody_in_json_is_an_empty_array(address, capsys):
    await list_clients(server=address, json=True)
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("sort", ["id", "status"])
async def test_a_list_of_many_pages_is_printed_whole(
    address, quiet_server, record, capsys, monkeypatch, sort, as_json
):
    monkeypatch.setattr(module, "PAGE", 7)
    quiet_server.page = 3
    quiet_server.records = {f"{n:02}": record(f"{n:02}") for n in range(23)}
    await list_clients(server=address, json=as_json, sort=sort)
    out = capsys.readouterr().out
    if as_json:
        names = [client["client_id"] for client in json.loads(out)]
    else:
        names = [line.split()[0] for line in out.splitlines()[1:]]
    assert names == [f"{n:02}" for n in range(23)]
    assert len(quiet_server.connections[0].messages(List)) == 8


async def test_a_page_is_printed_before_the_next_one_is_asked_for(
    address, quiet_server, record, capsys, monkeypatch
):
    monkeypatch.setattr(module, "PAGE", 2)
    quiet_server.page = 2
    quiet_server.records = {name: record(name) for name in "abcd"}
    printed = []
    answer = quiet_server.answers[List]

    def answer_and_look(connection, message):
        printed.append(capsys.readouterr().out.count("online"))
        return answer(connection, message)

    quiet_server.answers[List] = answer_and_look
    await list_clients(server=address)
    assert printed == [0, 2]


@pytest.mark.usefixtures("everyone")
async def test_rows_may_be_sorted(address, capsys):
    await list_clients(server=address, sort="name", json=True)
    found = json.loads(capsys.readouterr().out)
    assert [client["name"] for client in found] == ["Amy", "Bob", "Zoe"]


async def test_the_filters_are_the_servers_to_apply(address, quiet_server):
    await list_clients(server=address, status="all", group="rack-3", search="web")
    [request] = quiet_server.connections[0].messages(List)
    assert (request.status, request.group, request.search) == ("all", "rack-3", "web")


async def test_looking_is_not_registering(address, quiet_server):
    await list_clients(server=address)
    assert quiet_server.connections[0].messages(Register) == []


async def test_a_search_that_the_server_would_refuse_is_a_usage_error(address):
    with pytest.raises(UsageError, match="search: "):
        await list_clients(server=address, search="x" * 200)


async def test_a_link_that_breaks_in_the_middle_is_an_error(address, quiet_server):
    quiet_server.answers[List] = lambda _, __: [Goodbye("shutdown", reconnect=True)]
    with pytest.raises(LinkLost):
        await list_clients(server=address)


@pytest.mark.parametrize("fields", [{"everyone": True}, {"everyone": True, "status": "all"}])
async def test_all_is_short_for_the_status_all(address, quiet_server, record, fields, capsys):
    quiet_server.records = {"a": record("a"), "b": record("b", status="offline", reason="timeout")}
    await list_clients(server=address, **fields)
    [request] = quiet_server.connections[0].messages(List)
    assert request.status == "all"
    out, err = capsys.readouterr()
    assert out.splitlines()[2].split()[:4] == ["b", "○", "offline", "timeout"]
    assert err == "1 online, 0 late, 1 offline\n"


async def test_all_and_another_status_contradict_each_other(nowhere):
    with pytest.raises(UsageError, match="--all and --status late"):
        await list_clients(server=nowhere, everyone=True, status="late")
