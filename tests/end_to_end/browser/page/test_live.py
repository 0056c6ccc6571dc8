"""What changes shows on the page at once, and it finds its way back to a server that it lost."""

import signal
from collections.abc import Callable
from typing import Any

from lastseen.shared.messages import Leave, SetAvailability

Fixture = Callable[..., Any]

QUIET = {"connection_timeout": 600, "heartbeat_interval": 300}
"""Clients of tests that say nothing stay online."""

AT_ONCE = 5000
"""Milliseconds; it takes 250 (a tick of the server, a drawing of the page) on an idle machine."""


def test_when_a_client_is_killed_its_row_turns_and_the_count_falls(
    serve: Fixture, visit: Fixture, start_client: Fixture
):
    server = serve()
    start_client(server, "web-01")
    process = start_client(server, "web-02")
    page = visit(server)
    page.titled("2 online · lastseen")
    page.shows("web-02", "online")
    process.signal(signal.SIGKILL)
    page.shows("web-02", "late")
    page.shows("web-02", "offline")
    page.titled("1 online · lastseen")
    assert page.statuses() == {"web-01": "online", "web-02": "offline"}
    page.reads('.row[data-client="web-02"] .seen', "last seen")


def test_whoever_comes_goes_or_says_something_is_seen_at_once(
    serve: Fixture, visit: Fixture, wire: Fixture
):
    server = serve(server=QUIET)
    page = visit(server)
    page.reads(".empty", "Nobody has been here yet")
    page.run("""() => {
      window.appeared = new Promise((resolve) => {
        const look = () => document.querySelector('[data-client="ada"]') && resolve(Date.now());
        new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
      });
    }""")
    client = wire(server)
    before = page.run("() => Date.now()")
    client.register("ada", name="Ada", hostname="mac-1", groups=["People"])
    assert page.run("() => appeared") - before < AT_ONCE
    page.reads(".canvas .row.group", "People")
    client.say(SetAvailability("busy", "in a call"))
    page.reads('[data-client="ada"] .who', "Busy")
    page.reads('[data-client="ada"] .who', "in a call")
    client.say(Leave())
    page.shows("ada", "offline")


def test_the_page_loses_the_server_says_so_and_is_right_again_by_itself(
    serve: Fixture, visit: Fixture, start_client: Fixture
):
    server = serve()
    port = int(server.logged("listening")["page"].rstrip("/").rpartition(":")[2])
    start_client(server, "stays")
    goes = start_client(server, "goes")
    page = visit(server)
    page.titled("2 online · lastseen")
    page.seen("#banner", is_seen=False)
    server.signal(signal.SIGKILL)
    server.wait()
    page.seen("#banner")
    page.reads("#banner", "The server does not answer")
    page.titled("? online · lastseen")
    assert set(page.statuses()) == {"stays", "goes"}, "what was seen last is still there"
    goes.signal(signal.SIGKILL)
    again = serve(server={"port": server.port}, http={"port": port})
    start_client(again, "comes")
    page.seen("#banner", is_seen=False)
    page.shows("stays", "online")
    page.shows("comes", "online")
    page.until("() => !document.querySelector('[data-client=\"goes\"][data-status=online]')")
    page.titled("2 online · lastseen")


def test_a_server_that_stops_well_is_found_again_with_what_it_remembers(
    serve: Fixture, visit: Fixture, start_client: Fixture, wire: Fixture
):
    server = serve(store={"url": "sqlite:///lastseen.db"}, server=QUIET)
    port = int(server.logged("listening")["page"].rstrip("/").rpartition(":")[2])
    client = wire(server)
    client.register("left")
    page = visit(server)
    page.shows("left", "online")
    client.say(Leave())
    page.shows("left", "offline")
    server.signal(signal.SIGTERM)
    server.wait()
    page.seen("#banner")
    store = {"url": f"sqlite:///{server.config.parent / 'lastseen.db'}"}
    again = serve(store=store, server={"port": server.port}, http={"port": port})
    start_client(again, "new")
    page.shows("new", "online")
    page.shows("left", "offline")


def test_a_list_that_is_scrolled_stays_where_it_is_while_others_come_and_go(
    serve: Fixture, visit: Fixture, wire: Fixture
):
    server = serve(server=QUIET)
    clients = [wire(server) for _ in range(60)]
    for number, client in enumerate(clients):
        client.register(f"web-{number:02}")
    page = visit(server, "?by=nothing")
    page.titled("60 online · lastseen")
    page.run("() => document.querySelector('.scroller').scrollTo(0, 1500)")
    page.until("() => document.querySelector('[data-client=\"web-30\"]')")
    top = """() => Math.round(document.querySelector('[data-client="web-30"]')
      .getBoundingClientRect().top)"""
    before = page.run(top)
    for client in clients[:5]:
        client.say(Leave())
    wire(server).register("aaa-first")
    page.titled("56 online · lastseen")
    assert page.run(top) == before


def test_two_windows_see_the_same(serve: Fixture, visit: Fixture, wire: Fixture):
    server = serve(server=QUIET)
    one, other = visit(server), visit(server)
    client = wire(server)
    client.register("ada")
    for page in (one, other):
        page.shows("ada", "online")
    client.say(Leave())
    for page in (one, other):
        page.shows("ada", "offline")


def test_below_a_base_path_all_is_the_same(serve: Fixture, visit: Fixture, wire: Fixture):
    server = serve(server=QUIET, http={"base_path": "/who/is-here"})
    wire(server).register("ada")
    page = visit(server)
    page.titled("1 online · lastseen")
    page.click('[data-client="ada"]')
    page.reads(".headline", "Online for")
    page.reload()
    page.reads(".headline", "Online for")
