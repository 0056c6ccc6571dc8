"""`lastseen open`: the address of the page, as it is reached from here."""

import pytest
from msgspec.structs import replace

from lastseen.client import Refused
from lastseen.client.commands import open_
from lastseen.client.commands.open_ import has_browser, open_page, seen_from_here
from lastseen.shared.messages import GetStats


def tell(quiet_server, page):
    """Have the server say where its page is."""
    usual = quiet_server.answers[GetStats]

    def answer(connection, message):
        return [replace(one, page=page) for one in usual(connection, message)]

    quiet_server.answers[GetStats] = answer


async def test_the_address_is_printed(address, quiet_server, capsys):
    tell(quiet_server, "https://hub.example/seen/")
    await open_page(server=address, only_print=True)
    assert capsys.readouterr().out == "https://hub.example/seen/\n"


async def test_it_is_opened_where_there_is_a_screen(address, quiet_server, monkeypatch):
    opened = []
    tell(quiet_server, "https://hub.example/seen/")
    monkeypatch.setattr(open_, "_open", opened.append)
    monkeypatch.setattr(open_, "has_browser", lambda *_: True)
    await open_page(server=address)
    assert opened == ["https://hub.example/seen/"]


async def test_a_server_without_a_page_says_so(address, quiet_server):
    tell(quiet_server, "")
    with pytest.raises(Refused, match="serves no page"):
        await open_page(server=address)


@pytest.mark.parametrize(
    ("page", "server", "seen"),
    [
        ("http://127.0.0.1:8082/", "127.0.0.1:8080", "http://127.0.0.1:8082/"),
        ("http://localhost:8082/seen/", "hub:8080", "http://hub:8082/seen/"),
        ("http://localhost:8082/", "[::1]:8080", "http://[::1]:8082/"),
        ("https://hub.example/", "10.0.0.1:8080", "https://hub.example/"),
    ],
)
def test_a_server_that_listens_everywhere_is_known_by_the_name_that_we_use(page, server, seen):
    assert seen_from_here(page, server) == seen


def test_a_bare_terminal_has_no_screen():
    assert not has_browser({}, "linux")
    assert has_browser({"DISPLAY": ":0"}, "linux")
    assert has_browser({"WAYLAND_DISPLAY": "wayland-0"}, "linux")
    assert has_browser({}, "darwin")
