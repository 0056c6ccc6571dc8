"""What befalls browsers and their links: proxies that cut, stopped processes, restarts."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lastseen.shared.messages import ClientList, Watch

Connected = Callable[..., Any]
Start = Callable[..., Any]

IDLE = 5.0
"""Seconds of silence after which the proxy cuts a link."""

HEARTBEAT = {"heartbeat_interval": 1, "connection_timeout": 3}

QUIET = {"heartbeat_interval": 60, "connection_timeout": 120}
"""Settings by which a page says nothing for a minute, so that all depends on the server's pings."""


@contextmanager
def stopped(chromium: Any, kind: str | None = None) -> Iterator[None]:
    """The browser, or its processes of a kind, do not run meanwhile."""
    assert chromium.processes(kind)
    chromium.signal(signal.SIGSTOP, kind)
    try:
        yield
    finally:
        chromium.signal(signal.SIGCONT, kind)


def watching(server: Any, wire: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    """The status and reason of the only client, each time that its record changes."""
    watcher = wire(server)
    watcher.say(Watch())
    watcher.hear_only(ClientList)
    return changes(watcher)


def changes(watcher: Any) -> Iterator[tuple[str, str]]:
    while True:
        diff = watcher.hear()
        for record in (*diff.joins, *diff.updates, *diff.leaves):
            yield record.status, record.reason


def test_the_heartbeat_keeps_a_page_connected_through_a_proxy_that_cuts_idle_links(
    start: Start, new_tab: Callable[[], Any], proxy: Callable[..., Any]
):
    beating = start(server=QUIET, websocket={"ping_interval": 2})
    still = start(server=QUIET, websocket={"ping_interval": 0})
    url = proxy(beating=beating, still=still)
    kept = new_tab().connect(url("beating"), "page-1")
    cut = new_tab().connect(url("still"), "page-1")
    still.logged("the heartbeat is off")
    cut.until("() => states.length > 0")
    assert cut.run("() => states[0].reason") == "the link was closed (1006)"
    kept.run("(wait) => new Promise((done) => setTimeout(done, wait))", (3 * IDLE - 5) * 1000)
    assert kept.run("() => [presence.state, states.length]") == ["connected", 0]
    assert len(kept.sent("register")) == 1
    assert len(kept.sent("ping")) == 1, "one to see that its availability was taken"


def test_a_browser_that_is_stopped_is_closed_after_two_missed_pongs(
    start: Start, connected: Connected, chromium: Any
):
    server = start(server=QUIET | {"reconnect_grace": 0.2}, websocket={"ping_interval": 0.5})
    tab = connected(server)
    with stopped(chromium):
        event = server.logged("heartbeat timeout", client_id="page-1")
        assert event["unanswered"] == 2
        assert event["silence"] >= 2 * 0.5
        server.logged("client offline", client_id="page-1", reason="closed")
    tab.until("() => states.length && presence.state === 'connected'")
    tab.until("() => presence.clients.get('page-1')?.status === 'online'")


def test_a_page_that_hangs_is_late_and_then_offline_though_its_browser_answers_pings(
    start: Start, connected: Connected, chromium: Any, wire: Callable[..., Any]
):
    server = start(server=HEARTBEAT, websocket={"ping_interval": 0.3})
    seen = watching(server, wire)
    tab = connected(server)
    assert next(seen) == ("online", "registered")
    with stopped(chromium, "renderer"):
        assert next(seen) == ("late", "silent")
        assert next(seen) == ("offline", "timeout")
        assert not server.events("heartbeat timeout")
    assert next(seen) == ("online", "returned")
    tab.until("() => presence.state === 'connected' && presence.clients.size === 1")


def test_after_a_restart_of_the_server_the_page_is_back_and_its_map_is_right(
    start: Start, connected: Connected, start_client: Callable[..., Any]
):
    first = start()
    gone = start_client(first, "web-01")
    tab = connected(first)
    tab.until("() => presence.clients.has('web-01')")
    gone.signal(signal.SIGKILL)
    first.signal(signal.SIGTERM)
    assert first.wait() == 0
    again = start(websocket={"port": first.websocket_port})
    start_client(again, "web-02")
    tab.until("() => presence.clients.has('web-02') && !presence.clients.has('web-01')")
    assert tab.seen().keys() == {"page-1", "web-02"}
    assert tab.run("() => states.map(({ state }) => state).at(-1)") == "connected"


def test_after_a_crash_of_the_server_the_page_is_back(start: Start, connected: Connected):
    first = start()
    tab = connected(first)
    first.signal(signal.SIGKILL)
    first.wait()
    again = start(websocket={"port": first.websocket_port})
    again.logged("client online", client_id="page-1")
    tab.until("() => presence.state === 'connected'")


def test_a_second_page_under_the_same_name_ends_the_first_for_good(
    server: Any, connected: Connected
):
    one = connected(server)
    connected(server)
    one.until("() => presence.state === 'closed'")
    assert "replaced" in one.run("() => states.at(-1).reason")


def test_a_page_of_elsewhere_is_refused(start: Start, new_tab: Callable[[], Any]):
    server = start(websocket={"origins": ["https://hub.example"]})
    tab = new_tab()
    script = """async (url) => {
      const { connect } = await import("/lastseen.js");
      return connect(url, { clientId: "page-1", wait: false }).then(String, String);
    }"""
    ended = tab.run(script, f"ws://127.0.0.1:{server.websocket_port}/ws")
    assert ended == "Ended: the link was closed (1006)"
