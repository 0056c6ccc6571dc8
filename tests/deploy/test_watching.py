"""What a user imports to watch a server: every metric that it names is one that a server tells."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from lastseen.server.http.metrics import Parts, Server
from lastseen.shared.messages import ChannelRecord, LanStats, Stats

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = (DEPLOY / "alerts.yml").read_text()
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def told() -> set[str]:
    """The name of every sample."""
    stats = Stats("1", NOW, 1.0, "e", 0, 0, 0, 0, 0, 0, 0, {}, 0, 0.0, 0.0, 0, 0.0, 0, 0, 0, 0)
    stats = replace(stats, last_heard=NOW, last_pass=NOW, lan=LanStats())
    channel = ChannelRecord("ops", "webhook", enabled=True, state="working")
    desk: Any = SimpleNamespace(
        stats=lambda: stats,
        presence=SimpleNamespace(registry=SimpleNamespace(census=SimpleNamespace(ways={}))),
    )
    parts: Any = Parts(
        SimpleNamespace(batches=[1, 2], found=2),
        SimpleNamespace(flushes=1, flushing=0.1),
        SimpleNamespace(outcomes=lambda: {("ops", "sent"): 1}, channels=lambda: [channel]),
    )
    readers: Any = []
    return {s.name for family in Server(desk, readers, parts).collect() for s in family.samples}


def named(text: str) -> set[str]:
    return set(re.findall(r"\blastseen_[a-z_]+", text))


def expressions(found: Any) -> Iterator[str]:
    if isinstance(found, dict):
        yield from [found["expr"]] if "expr" in found else []
        found = list(found.values())
    if isinstance(found, list):
        for inner in found:
            yield from expressions(inner)


async def test_the_dashboard_shows_metrics_that_there_are():
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    found = [*expressions(dashboard), json.dumps(dashboard["templating"])]
    assert len(found) > 20
    assert named(" ".join(found)) <= told()
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for one in panels:  # none lies over another
        for other in panels:
            assert one is other or not _overlap(one["gridPos"], other["gridPos"])


def _overlap(a: dict[str, int], b: dict[str, int]) -> bool:
    return (
        a["x"] < b["x"] + b["w"]
        and b["x"] < a["x"] + a["w"]
        and a["y"] < b["y"] + b["h"]
        and b["y"] < a["y"] + a["h"]
    )


async def test_the_alerts_are_about_metrics_that_there_are():
    assert len(named(ALERTS)) > 8
    assert named(ALERTS) <= told()


@pytest.mark.parametrize("rule", re.findall(r"- alert: (\w+)", (DEPLOY / "alerts.yml").read_text()))
def test_every_alert_is_a_whole_rule(rule: str):
    text = (
        (DEPLOY / "alerts.yml")
        .read_text()
        .partition(f"- alert: {rule}\n")[2]
        .partition("- alert")[0]
    )
    assert re.search(r"^ +expr: \S", text, re.MULTILINE)
    assert "severity:" in text
    assert re.search(r'^ +summary: ".+"$', text, re.MULTILINE)
