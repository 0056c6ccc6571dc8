"""Tabs that nobody sees."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lastseen.shared.messages import ClientList, Watch

Changes = Iterator[tuple[str, str, str]]


@pytest.fixture
def server(start: Callable[..., Any]) -> Any:
    """One that gives timers of hidden tabs, which may be a second late, their time."""
    return start(server={"heartbeat_interval": 3, "connection_timeout": 6})


@pytest.fixture
def changes(server: Any, wire: Callable[..., Any]) -> Changes:
    """Status, reason and availability of page-1, each time that its record changes."""
    watcher = wire(server)
    watcher.say(Watch())
    watcher.hear_only(ClientList)

    def changes() -> Changes:
        while True:
            diff = watcher.hear()
            for record in (*diff.joins, *diff.updates, *diff.leaves):
                yield record.status, record.reason, record.availability

    return changes()


@pytest.fixture
def tab(window: Any, site: str, server: Any, changes: Changes) -> Iterator[Any]:
    """A tab that is present as page-1."""
    tab = window.open(site)
    tab.connect(f"ws://127.0.0.1:{server.websocket_port}/ws", "page-1")
    assert next(changes) == ("online", "registered", "available")
    yield tab
    tab.close()


def test_a_tab_behind_another_is_away_until_it_is_seen_again(
    window: Any, site: str, tab: Any, changes: Changes
):
    window.open(site)
    assert next(changes) == ("online", "registered", "away")
    tab.to_front()
    assert next(changes) == ("online", "registered", "available")


def test_a_frozen_tab_is_late_then_offline_and_comes_back_when_it_thaws(
    window: Any, site: str, tab: Any, changes: Changes
):
    window.open(site)
    assert next(changes) == ("online", "registered", "away")
    tab.freeze()
    assert next(changes) == ("late", "silent", "away")
    assert next(changes) == ("offline", "timeout", "away")
    tab.thaw()
    assert next(changes)[:2] == ("online", "returned")
