"""The list: any number of clients, whatever they are called, found by mouse and keyboard."""

import re
from collections.abc import Callable
from typing import Any

import httpx

Fixture = Callable[..., Any]

SEARCH = "Search by name, id, host, address or note"
QUIET = {"connection_timeout": 600, "heartbeat_interval": 300}
"""Clients of tests that say nothing stay online."""

BENT = re.compile("[\x00-\x1f\u202a-\u202e]")
"""What would bend the text around it has a sign in its place."""

HOSTILE = [
    "<img src=x onerror=\"window.hacked='img'\">",
    "<script>window.hacked='script'</script>",
    '"><svg onload="window.hacked=\'svg\'">',
    "javascript:window.hacked='url'",
    "{{constructor.constructor('window.hacked=1')()}}",
    "\u202emoc.live\u202c \u200frtl",
    "ẑ̸̡̛͇̦a̵l̷g̴o̶ 👨‍👩‍👧‍👦 \u0007\u001b[31mred",
    "W" * 128,
]


def test_hostile_names_are_shown_as_text(serve: Fixture, visit: Fixture, wire: Fixture):
    server = serve(server=QUIET)
    for number, name in enumerate(HOSTILE):
        said = {"name": name, "hostname": name, "meta": {"x": name}}
        groups = ["".join(filter(str.isprintable, name[:64]))]
        wire(server).register(f"c{number}", groups=groups, **said)
    page = visit(server, "?by=nothing", size=(1280, 1200))
    page.titled(f"{len(HOSTILE)} online · lastseen")
    for number, name in enumerate(HOSTILE):
        text = BENT.sub("\ufffd", name)
        shown = page.run(
            f"() => document.querySelector('[data-client=c{number}] .name').textContent"
        )
        assert shown == text
        page.click(f"[data-client=c{number}]")
        page.until("(name) => document.querySelector('.side h2')?.textContent === name", text)
    assert page.run("() => window.hacked ?? null") is None
    assert (
        page.run("() => document.querySelectorAll('.canvas img, .side img, body script').length")
        == 0
    )
    assert page.run("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_hostile_id_opens_its_own_panel_and_is_kicked_by_its_own_name(
    serve: Fixture, visit: Fixture, wire: Fixture
):
    server = serve(server=QUIET)
    client_id = '../"><b>/?kick=true#%2e&x=☃'
    wire(server).register(client_id)
    wire(server).register("other")
    page = visit(server)
    page.titled("2 online · lastseen")
    page.click(".row[data-client]:not([data-client=other])")
    page.push("Kick…")
    page.push("Kick")
    page.titled("1 online · lastseen")
    page.until(
        "(id) => [...document.querySelectorAll('.row')].some("
        "({ dataset }) => dataset.client === id && dataset.status === 'offline')",
        client_id,
    )


def test_of_very_many_clients_only_those_on_screen_are_drawn(
    serve: Fixture, visit: Fixture, wire: Fixture
):
    server = serve(server=QUIET)
    for number in range(400):
        wire(server).register(f"web-{number}", groups=[f"rack-{number % 4}"])
    page = visit(server, "?by=nothing")
    page.titled("400 online · lastseen")
    assert 8 < page.run("() => document.querySelectorAll('.row[data-client]').length") < 40
    page.click('.row[data-client="web-0"]')
    page.press("End")
    page.seen('.row[data-client="web-399"]')
    assert page.focused() == "web-399"
    assert page.run("() => document.querySelectorAll('.row[data-client]').length") < 40
    assert page.run("() => document.querySelector('[data-client=web-399]').ariaSelected") == "true"
    page.press("Home")
    page.seen('.row[data-client="web-0"]')


def test_filters_and_search_are_kept_in_the_address(serve: Fixture, visit: Fixture, wire: Fixture):
    server = serve(server=QUIET)
    for client_id, groups in (("web-1", ["Web"]), ("web-2", ["Web"]), ("db-1", ["Databases"])):
        wire(server).register(client_id, groups=groups)
    page = visit(server)
    page.titled("3 online · lastseen")
    page.choose("Group", "Web")
    page.press("/")
    page.write("web-2")
    page.until("() => document.querySelectorAll('.row[data-client]').length === 1")
    assert set(page.statuses()) == {"web-2"}
    page.reload()
    page.titled("3 online · lastseen")
    assert set(page.statuses()) == {"web-2"}
    assert page.run("() => document.querySelector('#search').value") == "web-2"
    page.press("/")
    page.press("Escape")  # leaves the field, and what was typed stays
    assert page.focused() != "search"
    assert page.run("() => document.querySelector('#search').value") == "web-2"
    page.fill(SEARCH, "")
    page.until("() => document.querySelectorAll('.row[data-client]').length === 2")
    page.click("[data-status=offline].count-button")
    page.reads(".empty", "Nobody")
    assert page.query() == "?status=offline&group=Web"
    page.push("Clear filters")
    page.until("() => document.querySelectorAll('.row[data-client]').length === 3")
    assert page.query() == ""


def test_everything_is_reached_by_keyboard(serve: Fixture, visit: Fixture, wire: Fixture):
    server = serve(server=QUIET)
    for client_id in ("a", "b", "c"):
        wire(server).register(client_id, groups=["All"])
    page = visit(server)
    page.titled("3 online · lastseen")
    page.press("j", "j", "ArrowDown")
    assert page.focused() == "b"
    page.press("Enter")
    page.seen('.panel[data-client="b"]')
    assert page.focused() == "side-title"
    page.press("Escape")
    page.seen(".side", is_seen=False)
    assert page.focused() == "b"
    page.press(" ", "Escape", "k", "ArrowLeft")
    page.press("ArrowLeft")  # now on the head of the group
    page.until("() => document.querySelectorAll('.row[data-client]').length === 0")
    page.press("ArrowRight")
    page.until("() => document.querySelectorAll('.row[data-client]').length === 3")
    page.press("/")
    assert page.focused() == "search"


def test_a_panel_follows_the_focus_and_going_back_closes_it(
    serve: Fixture, visit: Fixture, wire: Fixture
):
    server = serve(server=QUIET)
    for client_id in ("a", "b", "c"):
        wire(server).register(client_id)
    page = visit(server)
    page.titled("3 online · lastseen")
    page.click('[data-client="a"]')
    page.seen('.panel[data-client="a"]')
    page.press("j")
    page.seen('.panel[data-client="b"]')
    assert page.query() == "?client=b"
    page.back()
    page.seen(".side", is_seen=False)


def test_those_who_listen_are_told_what_others_see(serve: Fixture, visit: Fixture, wire: Fixture):
    server = serve(server=QUIET)
    wire(server).register("ada", name="Ada", hostname="mac-1", groups=["People"])
    page = visit(server)
    page.titled("1 online · lastseen")
    tree = page.run("""() => [...document.querySelectorAll("[role=treegrid] [role=row]")]
      .filter((row) => !row.closest("[aria-hidden]"))
      .map((row) => [row.ariaRowIndex, row.ariaLevel, row.ariaExpanded,
        [...row.children].map((cell) => `${cell.role}: ${cell.innerText.split("\\n")[0]}`)])
    """)
    (_, _, _, heads), (*group, group_cells), (*row, cells) = tree
    assert heads[0] == "columnheader: Name"
    assert (group, group_cells) == (["2", "1", "true"], ["gridcell: People"])
    assert row == ["3", "2", None]
    assert [cell.partition(":")[0] for cell in cells] == ["rowheader", *["gridcell"] * 4]
    assert (
        page.run("() => document.querySelector('[data-client] .unseen').textContent") == "Online: "
    )
    wire(server).register("bob", name="Bob")
    page.reads("#announcer", "Bob is online.")


def test_a_phone_shows_the_list_then_the_panel_and_nothing_beside_the_screen(
    serve: Fixture, visit: Fixture, wire: Fixture
):
    server = serve(server=QUIET)
    wire(server).register("ada", name="Ada " * 20, hostname="mac-1", groups=["People"])
    page = visit(server, size=(360, 740))
    page.shows("ada", "online")
    fits = "() => document.documentElement.scrollWidth <= innerWidth"
    assert page.run(fits)
    page.click('[data-client="ada"]')
    page.seen('.panel[data-client="ada"]')
    assert page.run(fits)
    assert page.run("() => document.querySelector('#front').inert")
    page.push("Close")
    page.seen(".side", is_seen=False)
    assert not page.run("() => document.querySelector('#front').inert")
    assert page.focused() == "ada"


def test_the_colours_are_the_system_s_or_those_chosen(serve: Fixture, visit: Fixture):
    server = serve()
    page = visit(server, color_scheme="dark")
    paper = "() => getComputedStyle(document.body).backgroundColor"
    dark = page.run(paper)
    page.push("Colours: as the system has it")
    light = page.run(paper)
    assert light != dark
    page.reload()
    assert page.run(paper) == light
    page.push("Colours: light")
    assert page.run(paper) == dark


def test_those_offline_are_listed_from_the_store_page_by_page(remembering: Fixture, visit: Fixture):
    server = remembering()
    url = server.logged("listening")["page"]
    with httpx.Client(base_url=url) as client:
        for number in range(30):
            client.post(f"api/clients/old-{number}/heartbeat").raise_for_status()
            client.post(f"api/clients/old-{number}/leave").raise_for_status()
    page = visit(server, "?by=status")
    page.shows("old-0", "offline")
    page.reads(".canvas .row.group", "Offline")
    page.reads(".count-button[data-status=offline] .number", "30")
    page.titled("0 online · lastseen")


def test_an_address_with_a_client_scrolls_to_its_row_and_folded_groups_stay_folded(
    serve: Fixture, visit: Fixture, wire: Fixture
):
    server = serve(server=QUIET)
    for number in range(40):
        wire(server).register(f"web-{number:02}", groups=["Web"])
    wire(server).register("db-1", groups=["Db"])
    page = visit(server, "?client=web-39")
    page.seen('.row[data-client="web-39"]')
    page.until(
        "() => { const row = document.querySelector('.row[data-client=web-39]')"
        ".getBoundingClientRect(); return row.bottom <= innerHeight && row.top > 0; }"
    )
    page.press("Escape")
    page.press("Home", "Enter")  # folds the first group
    page.until("() => document.querySelector('[data-client=db-1]') === null")
    page.reload()
    page.titled("41 online · lastseen")
    page.shows("web-00", "online")
    assert "db-1" not in page.statuses()
