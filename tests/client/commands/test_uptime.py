import json

import pytest

from lastseen.client import Refused
from lastseen.client.commands import uptime as module
from lastseen.client.commands.uptime import COLUMNS, percent, row, uptime
from lastseen.shared.messages import ClientUptime, GetUptime, UptimeWindow

DAY = 86_400.0


def texts(client):
    return {c.heading: cell.text for c, cell in zip(COLUMNS, row(client), strict=True)}


@pytest.fixture(name="of")
def _of(uptime):
    return uptime


def test_a_row_tells_the_share_of_each_window(of):
    found = of("web-01", (DAY, DAY), (7 * DAY, 6.5 * DAY), (10.5 * DAY, 0))
    assert texts(found) == {
        "client": "web-01",
        "day": "100 %",
        "week": "92.85 %",
        "month": "0 %",
        "watched": "10 d 12 h",
    }


def test_where_nobody_watched_there_is_no_share(of):
    shown = texts(of("a", (0, 0), (0, 0), (0, 0)))
    assert list(shown.values()) == ["a", "—", "—", "—", "—"]


def test_a_window_that_we_do_not_know_is_passed_over_and_one_that_is_missing_is_a_dash():
    shown = texts(ClientUptime("a", [UptimeWindow(DAY, 9, 9), UptimeWindow(3.0, 1, 1)]))
    assert (shown["day"], shown["week"]) == ("100 %", "—")


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (1.0, "100 %"),
        (1 - 1e-12, "100 %"),
        (0.99999, "99.99 %"),
        (0.9987, "99.87 %"),
        (0.5, "50.00 %"),
        (0.00001, "0.00 %"),
        (0.0, "0 %"),
    ],
)
def test_shares_are_rounded_down_so_that_an_outage_is_never_hidden(part, told):
    assert percent(part) == told


async def test_everyone_is_told_page_by_page(address, quiet_server, of, capsys, monkeypatch):
    monkeypatch.setattr(module, "_PAGE", 2)
    quiet_server.page = 2
    quiet_server.uptimes = {n: of(n, (9, 9), (9, 9), (9, 9)) for n in "abcd"}
    printed = []
    answer = quiet_server.answers[GetUptime]

    def answer_and_look(connection, message):
        printed.append(capsys.readouterr().out.count("100 %  100 %"))
        return answer(connection, message)

    quiet_server.answers[GetUptime] = answer_and_look
    await uptime(server=address)
    assert printed == [0, 2]
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["c", "d"]


async def test_one_client_may_be_asked_for(address, quiet_server, of, capsys):
    quiet_server.uptimes = {n: of(n, (9, 9), (9, 9), (9, 9)) for n in "ab"}
    await uptime("b", server=address)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["client", "b"]


async def test_json_is_one_array_with_shares(address, quiet_server, of, capsys):
    quiet_server.uptimes = {
        "a": of("a", (10, 5), (0, 0), (0, 0)),
        "b": of("b", (1, 1), (1, 1), (1, 1)),
    }
    await uptime(server=address, json=True)
    found = json.loads(capsys.readouterr().out)
    assert [client["client_id"] for client in found] == ["a", "b"]
    assert found[0]["windows"][:2] == [
        {"window": DAY, "watched": 10.0, "online": 5.0, "share": 0.5},
        {"window": 7 * DAY, "watched": 0.0, "online": 0.0, "share": None},
    ]


async def test_nobody_is_said_in_words_or_an_empty_array(address, capsys):
    await uptime(server=address)
    assert capsys.readouterr() == ("", "no clients are known\n")
    await uptime(server=address, json=True)
    assert json.loads(capsys.readouterr().out) == []


async def test_an_unknown_client_is_an_error(address):
    with pytest.raises(Refused, match="no client 'who'"):
        await uptime("who", server=address)


def test_no_name_reaches_the_terminal_unescaped(of):
    assert texts(of("\u202eevil", (1, 1), (1, 1), (1, 1)))["client"] == r"\u202eevil"
