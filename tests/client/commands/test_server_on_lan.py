"""Which server a command talks to."""

import pytest

from lastseen.client import discovery
from lastseen.client.commands import server_on_lan
from lastseen.client.commands.list_ import list_clients
from lastseen.client.commands.options import DEFAULT_SERVER
from lastseen.client.commands.server_on_lan import server_for
from lastseen.client.commands.usage import UsageError
from lastseen.client.errors import ConnectFailed


@pytest.fixture
def answers(monkeypatch):
    """What each search finds, one after the other."""
    searches: list[list[str]] = []

    async def discover() -> list[str]:
        return searches.pop(0)

    monkeypatch.setattr(discovery, "discover", discover)
    monkeypatch.setattr(server_on_lan, "AGAIN", 0)
    return searches


async def test_without_lan_it_is_the_one_that_is_named():
    assert await server_for("hub:1", lan=False) == "hub:1"


async def test_with_lan_it_is_the_one_that_is_found(answers, capsys):
    answers += [["10.0.0.9:8080"]]
    assert await server_for(DEFAULT_SERVER, lan=True) == "10.0.0.9:8080"
    assert capsys.readouterr().err == ""


async def test_of_several_the_first_is_taken_and_all_are_named(answers, capsys):
    answers += [["10.0.0.9:8080", "10.0.0.10:8080"]]
    assert await server_for(DEFAULT_SERVER, lan=True) == "10.0.0.9:8080"
    assert capsys.readouterr().err == (
        "2 servers on the local network: 10.0.0.9:8080, 10.0.0.10:8080; taking the first\n"
    )


async def test_where_none_is_found_that_is_said_unless_one_waits(answers):
    answers += [[], [], [], ["10.0.0.9:8080"]]
    with pytest.raises(ConnectFailed, match="no server answered"):
        await server_for(DEFAULT_SERVER, lan=True)
    assert await server_for(DEFAULT_SERVER, lan=True, wait=True) == "10.0.0.9:8080"


async def test_naming_one_and_searching_contradict_each_other():
    with pytest.raises(UsageError, match="--lan searches for a server, and hub:1 is named"):
        await server_for("hub:1", lan=True)


async def test_a_list_can_be_of_a_server_that_is_found(answers, address, capsys):
    answers += [[address]]
    await list_clients(lan=True)
    assert capsys.readouterr().err == "no clients found\n"
