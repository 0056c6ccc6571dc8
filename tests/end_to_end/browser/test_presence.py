"""A page is present while it is open, and sees who else is."""

from collections.abc import Callable
from typing import Any

from lastseen.shared.messages import ClientList, Diff, Watch

Connected = Callable[..., Any]


def test_a_page_is_listed_while_it_is_open_and_leaves_when_its_tab_is_closed(
    server: Any, connected: Connected, listed: Callable[..., Any]
):
    tab = connected(server, name="Ada", groups=["web"], meta={"room": 3})
    client = listed(server)["page-1"]
    shown = {key: client[key] for key in ("status", "name", "groups", "via")}
    assert shown == {"status": "online", "name": "Ada", "groups": ["web"], "via": "websocket"}
    tab.close()
    server.logged("client offline", client_id="page-1", reason="left")
    assert listed(server, "--all")["page-1"]["reason"] == "left"


def test_pages_and_tcp_clients_see_each_other(
    server: Any, connected: Connected, wire: Callable[..., Any], start_client: Callable[..., Any]
):
    watcher = wire(server)
    watcher.say(Watch())
    watcher.hear_only(ClientList)
    one, two = connected(server, "page-1"), connected(server, "page-2")
    process = start_client(server, "web-01")
    for tab in (one, two):
        tab.until("() => ['page-1', 'page-2', 'web-01'].every((id) => presence.clients.has(id))")
    seen: set[str] = set()
    while seen < {"page-1", "page-2", "web-01"}:
        diff = watcher.hear_only(Diff)
        seen |= {record.client_id for record in diff.joins}
    process.process.stdin.close()
    two.close()
    one.until("() => presence.clients.size === 1")
    assert one.seen() == {"page-1": "online"}


def test_what_a_page_says_of_itself_is_seen_by_others(server: Any, connected: Connected):
    one, two = connected(server, "page-1"), connected(server, "page-2")
    one.run("() => presence.setAvailability('busy', 'in a call')")
    two.until("() => presence.clients.get('page-1')?.note === 'in a call'")
    assert two.run("() => presence.clients.get('page-1').availability") == "busy"


def test_a_page_leaves_when_it_says_so(server: Any, connected: Connected):
    tab = connected(server)
    tab.run("() => presence.leave()")
    server.logged("client offline", client_id="page-1", reason="left")
    assert tab.run("() => presence.state") == "closed"


def test_a_reloaded_tab_is_the_same_instance_and_a_copy_of_it_another(
    server: Any, connected: Connected
):
    tab = connected(server)
    first = tab.sent("register")
    tab.open().connect(f"ws://127.0.0.1:{server.websocket_port}/ws", "page-1")
    assert tab.sent("register") == first
    kept = tab.run("() => Object.keys(sessionStorage)")
    assert kept == [], "a copy of the tab would get it"


def test_a_page_that_was_left_is_back_when_it_is_shown_again(server: Any, connected: Connected):
    tab = connected(server)
    tab.run("() => addEventListener('pageshow', (event) => (window.persisted = event.persisted))")
    tab.open("/elsewhere")
    server.logged("client offline", client_id="page-1", reason="left")
    tab.go_back()
    tab.until("() => window.persisted && presence.state === 'connected'")
    first, second = tab.sent("register")
    assert first == second


def test_it_pings_as_the_server_asks_for_as_long_as_it_is_open(
    start: Callable[..., Any], connected: Connected
):
    server = start(server={"heartbeat_interval": 0.1, "connection_timeout": 10})
    tab = connected(server)
    tab.until("() => sent.filter(({ type }) => type === 'ping').length > 10")
    assert tab.run("() => [presence.state, states.length]") == ["connected", 0]
