"""The panels: one client, the settings, the health of the server."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lastseen.shared.messages import GetSettings, Goodbye, Leave, Settings, Silence, Silenced

Fixture = Callable[..., Any]

QUIET = {"connection_timeout": 600, "heartbeat_interval": 300}
LIMITS = {"min_heartbeat_interval": 10}


def test_settings_changed_on_the_page_reach_a_running_client(
    serve: Fixture, visit: Fixture, wire: Fixture
):
    server = serve(server=QUIET, limits=LIMITS)
    client = wire(server)
    assert client.register("web-01").heartbeat_interval == 300
    page = visit(server, "?view=settings")
    page.fill("Heartbeat interval", "20")
    page.fill("Connection timeout", "50")
    page.push("Save")
    page.reads(".message", "Saved")
    told = client.hear_only(Settings)
    assert (told.heartbeat_interval, told.connection_timeout) == (20, 50)
    page.reads(".settings", "changed from 300")


def test_settings_out_of_bounds_are_refused_in_words_and_nothing_changes(
    serve: Fixture, visit: Fixture, wire: Fixture
):
    server = serve(server=QUIET, limits=LIMITS)
    page = visit(server, "?view=settings")
    page.fill("Heartbeat interval", "5")
    page.push("Save")
    page.reads(
        "#setting-server-heartbeat_interval-problem", "Expected from 10 to 600 seconds, got “5”."
    )
    assert page.focused() == "setting-server-heartbeat_interval"
    page.fill("Heartbeat interval", "400")
    page.fill("Connection timeout", "350")  # which only the server knows to be wrong
    page.push("Save")
    page.until(
        "() => /heartbeat_interval.*connection_timeout|connection_timeout.*heartbeat_interval/"
        ".test([...document.querySelectorAll('.settings .error')].map((e) => e.textContent).join())"
    )
    observer = wire(server)
    observer.say(GetSettings())
    assert observer.hear_only(Settings).heartbeat_interval == 300


def test_settings_changed_elsewhere_show_and_can_be_taken_back(serve: Fixture, visit: Fixture):
    server = serve(server=QUIET, limits=LIMITS)
    one, other = visit(server, "?view=settings"), visit(server, "?view=settings")
    field = "document.querySelector('#setting-server-heartbeat_interval')"
    other.until(f"() => {field}?.value === '300'")
    one.fill("Heartbeat interval", "60")
    one.push("Save")
    other.until(f"() => {field}.value === '60'")
    other.push("Take all changes back…")
    other.push("Take all back")
    one.until(f"() => {field}.value === '300'")


def test_a_client_s_panel_has_its_facts_history_and_uptime(
    remembering: Fixture, visit: Fixture, wire: Fixture
):
    server = remembering(server=QUIET)
    client = wire(server)
    client.register("ada", name="Ada", hostname="mac-1", groups=["People"], meta={"os": "Debian"})
    page = visit(server)
    page.click('[data-client="ada"]')
    for fact in ("ada", "mac-1", "TCP", "People", "Debian"):
        page.reads(".panel", fact)
    page.reads(".headline", "Online for")
    page.reads(".history", "Online, registered")
    page.reads(".figures", "30 days")
    page.until("() => document.querySelector('.panel .strip .online').getAttribute('d')")
    client.say(Leave())
    page.reads(".headline", "said goodbye")
    page.reads(".history", "Offline, said goodbye")
    page.until(
        "() => document.querySelector('[data-client] .strip').ariaLabel.includes('Offline')"
        " || document.querySelector('[data-client] .strip .offline').getAttribute('d')"
    )


def test_the_time_since_a_client_was_seen_keeps_counting_and_has_the_exact_one_behind_it(
    serve: Fixture, visit: Fixture, wire: Fixture
):
    server = serve(server=QUIET)
    client = wire(server)
    client.register("ada")
    page = visit(server)
    page.shows("ada", "online")
    client.say(Leave())
    page.shows("ada", "offline")
    seen = '[data-client="ada"] .seen time'
    page.reads(seen, "last seen just now")
    page.reads(seen, re.compile(r"last seen \d+ seconds ago"))
    assert re.search(
        r"Last seen \d+ \w+ \d{4}, \d\d:\d\d:\d\d",
        page.run(f"() => document.querySelector('{seen}').title"),
    )


def test_a_client_is_kicked_and_forgotten_after_a_question(
    remembering: Fixture, visit: Fixture, wire: Fixture
):
    server = remembering(server=QUIET)
    client = wire(server)
    client.register("ada", name="Ada")
    page = visit(server, "?client=ada")
    page.push("Kick…")
    page.reads("dialog", "Kick Ada?")
    page.push("Cancel")
    assert page.statuses() == {"ada": "online"}
    page.push("Kick…")
    page.push("Kick")
    assert client.hear_only(Goodbye).reason == "kicked"
    page.shows("ada", "offline")
    page.push("Forget…")
    page.reads("dialog", "This cannot be undone")
    page.push("Forget")
    page.reads(".empty", "Nobody has been here yet")
    page.seen(".side", is_seen=False)
    page.reload()
    page.reads(".empty", "Nobody has been here yet")


def test_the_health_of_the_server_is_shown_and_goes_on(
    serve: Fixture, visit: Fixture, start_client: Fixture
):
    server = serve()
    start_client(server, "web-01")
    page = visit(server, "?view=health")
    beats = (
        "() => Number([...document.querySelectorAll('.facts div')].find((fact) =>"
        " fact.innerText.startsWith('Heartbeats received'))?.querySelector('dd').innerText)"
    )
    page.until(f"() => ({beats})() > 0")
    before = page.run(beats)
    page.until(f"(before) => ({beats})() > before", before)
    for word in ("Memory", "Last pass", "Stalls left out", "remembers nothing"):
        page.reads(".panel", word)


def test_a_server_that_remembers_nothing_leaves_the_past_out(
    serve: Fixture, visit: Fixture, wire: Fixture
):
    server = serve(server=QUIET)
    wire(server).register("ada")
    page = visit(server, "?client=ada")
    page.reads(".headline", "Online for")
    page.until(
        "() => [...document.querySelectorAll('.part h3')].every((heading) =>"
        " heading.parentElement.hidden || !['History', 'Uptime'].includes(heading.innerText))"
    )


def test_what_was_told_of_a_client_is_listed_and_it_can_be_silenced(
    serve: Fixture, visit: Fixture, wire: Fixture
):
    siren = {"name": "siren", "argv": ["/bin/true"]}
    store = {"url": "sqlite:///lastseen.db"}
    server = serve(server=QUIET, store=store, notify={"command": [siren]})
    client = wire(server)
    client.register("ada", name="Ada")
    page = visit(server, "?client=ada")
    page.reads(".panel", "no notification about this client is sent")
    client.say(Leave())
    page.shows("ada", "offline")
    page.reads(".deliveries", "siren offline")
    page.fill("Reason", "<b>moving</b>")
    page.push("Silence")
    page.reads(".silences", "For 59 min")
    page.reads(".silences", "<b>moving</b>")
    page.push("End")
    page.until("() => document.querySelectorAll('.silences li').length === 0")


def test_a_silence_of_many_clients_shows_its_scope_and_ends_only_after_a_question(
    remembering: Fixture, visit: Fixture, wire: Fixture
):
    server = remembering(server=QUIET)
    observer, client = wire(server), wire(server)
    client.register("web-01")
    observer.say(Silence(3600, "web-*"))
    observer.hear_only(Silenced)
    page = visit(server, "?client=web-01")
    page.reads(".silences", "Applies to web-*")
    page.push("End")
    page.reads("dialog", "End the silence of web-*?")
    page.push("Cancel")
    page.reads(".silences", "Applies to web-*")
    page.push("End")
    page.push("End for all")
    page.until("() => document.querySelectorAll('.silences li').length === 0")


def test_an_address_that_asks_for_nobody_says_so_until_it_comes(
    serve: Fixture, visit: Fixture, wire: Fixture
):
    server = serve(server=QUIET)
    page = visit(server, "?client=%3Cb%3Enobody%3C%2Fb%3E")
    page.reads(".side h2", "<b>nobody</b>")
    page.reads(".side .note", "Nobody called “<b>nobody</b>” is known")
    wire(server).register("<b>nobody</b>", name="Somebody")
    page.reads(".side h2", "Somebody")
    page.push("Close")
    page.seen(".side", is_seen=False)


def test_an_address_that_asks_for_one_who_is_offline_opens_it(
    remembering: Fixture, visit: Fixture, wire: Fixture
):
    server = remembering(server=QUIET)
    client = wire(server)
    client.register("ada", name="Ada")
    client.say(Leave())
    page = visit(server, "?client=ada")
    page.seen('.panel[data-client="ada"]')
    page.reads(".side h2", "Ada")


def test_a_broken_channel_is_marked_and_is_tested_and_enabled_on_the_page(
    remembering: Fixture, visit: Fixture, wire: Fixture, tmp_path: Path
):
    program = tmp_path / "siren"
    channels = [{"name": "siren", "argv": [str(program)]}, {"name": "other", "argv": ["true"]}]
    server = remembering(server=QUIET, notify={"command": channels})
    page = visit(server)
    page.seen(".tool.marked", is_seen=False)
    client = wire(server)
    client.register("ada")
    page.shows("ada", "online")
    client.say(Leave())
    page.shows("ada", "offline")
    page.push("Channels")
    page.reads('.channel[data-state="broken"]', "cannot be run")
    page.reads('.channel[data-state="broken"] .facts', re.compile(r"Pending\s*1"))
    page.push("Health (broken channel: siren)")
    page.reads(".panel", "siren is broken")
    page.push("Show channels")
    broken = '.channel[data-state="broken"]'
    page.click(f"{broken} button:has-text('Send test message')")
    page.reads(broken, "The test message failed:")
    program.write_text("#!/bin/sh\ncat >/dev/null\n")
    program.chmod(0o755)
    page.click(f"{broken} button:has-text('Send test message')")
    page.reads(broken, "The test message was delivered")
    page.click(f"{broken} button:has-text('Enable')")
    page.reads(".channels", re.compile(r"siren\s*Working"))
    page.seen(".tool.marked", is_seen=False)


def test_the_channels_of_a_server_without_any_say_so(
    serve: Fixture, remembering: Fixture, visit: Fixture
):
    visit(serve(), "?view=channels").reads(".panel", "has no store, so it sends no notifications")
    visit(remembering(), "?view=channels").reads(".panel", "The settings have no channel")


def test_pages_of_the_history_stay_when_the_status_changes(
    remembering: Fixture, visit: Fixture, wire: Fixture
):
    server = remembering(server=QUIET)
    for _ in range(10):
        client = wire(server)
        client.register("ada")
        client.say(Leave())
        client.hear_only(Goodbye)
    page = visit(server, "?client=ada")
    page.push("Earlier")
    count = "() => document.querySelectorAll('.history li:not(.day-name)').length"
    page.until(f"() => ({count})() === 20")
    wire(server).register("ada")
    page.until(f"() => ({count})() === 21")
    page.reads(".history li:not(.day-name) >> nth=0", "Online")
    assert page.run("() => document.querySelectorAll('.history .day-name').length") == 1


def test_what_was_typed_into_the_settings_outlives_the_view_and_a_reload(
    serve: Fixture, visit: Fixture
):
    server = serve(server=QUIET, limits=LIMITS)
    page = visit(server, "?view=settings")
    value = "() => document.querySelector('#setting-server-heartbeat_interval')?.value"
    page.fill("Heartbeat interval", "20")
    page.push("Close")
    page.push("Settings")
    page.until(f"() => ({value})() === '20'")
    page.reload()
    page.until(f"() => ({value})() === '20'")
    page.reads(".message", "not saved yet")
    page.fill("Connection timeout", "50")
    page.push("Save")
    page.reads(".message", "Saved")
    page.reload()
    page.until(f"() => ({value})() === '20'")
    assert "not saved" not in page.text(".settings")
