"""The wall clock jumps by hours, both ways: nobody is offline for it, who falls silent is noticed
as soon as ever, the history is in order, and notifications are sent in time.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.server.notify.channels.conftest import Receiver

from lastseen.shared.messages import GetHistory, GetUptime, History, Leave, Ping, Pong, Uptime

LIBRARIES = ("/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime",
             "/usr/lib/faketime", "/usr/local/lib/faketime")  # fmt: skip

STEPS = (3 * 3600, -5 * 3600, 26 * 3600, 0)
"""Seconds that the wall clock is ahead, one after the other."""

CLIENTS = 5


@pytest.fixture
def wall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: Callable[[str], None]
) -> Callable[[int], None]:
    """Sets by how many seconds the wall clock of servers is ahead; the other clocks are true."""
    found = [path for folder in LIBRARIES if (path := Path(folder, "libfaketime.so.1")).exists()]
    if not found:
        without("libfaketime is not installed: on Debian and Ubuntu, apt-get install faketime")
    ahead = tmp_path / "ahead"

    def set_ahead(seconds: int) -> None:
        written = tmp_path / "ahead.new"
        written.write_text(f"{seconds:+d}\n")
        written.replace(ahead)

    set_ahead(0)
    monkeypatch.setenv("LD_PRELOAD", str(found[0]))
    monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(ahead))
    monkeypatch.setenv("FAKETIME_CACHE_DURATION", "1")  # seconds until a step is seen
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    return set_ahead


def test_nobody_is_offline_for_it_and_history_is_in_order(
    start: Any, wire: Any, wall: Any, tmp_path: Path, faultless: Any, until_slowly: Any
):
    server = start(
        server={"heartbeat_interval": 4, "connection_timeout": 8, "reap_interval": 0.2},
        store={"url": f"sqlite:///{tmp_path}/clock.db", "flush_interval": 1},
    )
    connect = partial(wire, server)
    links = {f"web-{number}": connect() for number in range(CLIENTS)}
    for client_id, link in links.items():
        link.register(client_id)
    for seconds in STEPS:
        wall(seconds)
        until_slowly(partial(is_ahead, connect, seconds), f"{seconds} s ahead")
        guest = wire(server)
        guest.register("guest")
        for _ in range(3):
            for link in links.values():
                link.say(Ping())
                link.hear_only(Pong)
        guest.say(Leave())
        guest.hear()
        guest.close()
    assert not [e for e in server.events("client offline") if e["reason"] != "left"]
    assert not server.events("client late")
    guest = wire(server)
    events = until_slowly(lambda: history_of(guest, "guest", 2 * len(STEPS)), "all is written")
    assert [event.after for event in events] == ["offline", "online"] * len(STEPS)
    for window in uptime_of(guest, "guest"):
        assert 0 <= window.online <= window.watched <= window.window
    silent = links.popitem()[0]
    wall(-40 * 3600)
    event = until_slowly(
        lambda: server.events("client offline", client_id=silent, reason="timeout"), "noticed"
    )[0]
    assert 8 <= event["silence"] < 60
    faultless(server)


@pytest.mark.parametrize("step", [-86_500, 100 * 86_400])
def test_an_outage_is_reported_after_its_delay_although_the_clock_is_set_meanwhile(
    start: Any, wire: Any, wall: Any, tmp_path: Path, until_slowly: Any, step: int
):
    receiver = Receiver()
    try:
        server = start(
            store={"url": f"sqlite:///{tmp_path}/clock.db", "flush_interval": 1},
            notify={"webhook": [{"name": "ops", "url": receiver.url, "delay": 3}]},
        )
        connect = partial(wire, server)
        link = connect()
        link.register("web-01")
        link.say(Leave())
        link.hear()
        wall(step)
        until_slowly(partial(is_ahead, connect, step), f"{step} s ahead")
        until_slowly(lambda: receiver.requests, "the outage is reported")
    finally:
        receiver.close()
    assert b"client.offline" in receiver.requests[0].body


def is_ahead(connect: Any, seconds: int) -> bool:
    """Whether the server's wall clock shows so many seconds more than ours."""
    link = connect()
    told = link.register("watch").server_time
    link.say(Leave())
    link.hear()
    link.close()
    return abs(told - datetime.now(UTC) - timedelta(seconds=seconds)) < timedelta(minutes=5)


def history_of(link: Any, client_id: str, count: int) -> list[Any]:
    """Its events, the latest first; none until there are so many."""
    link.say(GetHistory(client_id))
    events = list(link.hear_only(History).events)
    return events if len(events) >= count else []


def uptime_of(link: Any, client_id: str) -> list[Any]:
    link.say(GetUptime(client_id))
    return [window for record in link.hear_only(Uptime).clients for window in record.windows]
