"""What is scraped: readable by Prometheus's own parser, and true."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse

from lastseen.server.http.metrics import Parts, Server
from lastseen.shared.messages import ChannelRecord, LanStats

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(families: Iterator[Any]) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def of(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


async def test_they_are_in_the_format_of_prometheus(house: Any, client: httpx.AsyncClient):
    house.leave(house.register("gone"))
    house.register("web-01")
    await client.post("/api/clients/cron/heartbeat")
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(parse(answer.text))
    assert found[of("lastseen_clients", status="online", via="tcp")] == 1
    assert found[of("lastseen_clients", status="online", via="http")] == 1
    assert found[of("lastseen_clients", status="late", via="lan")] == 0
    assert found[of("lastseen_transitions_total", reason="left")] == 1
    assert found[of("lastseen_transitions_total", reason="timeout")] == 0
    assert found[of("lastseen_beats_total")] == 1
    assert found[of("lastseen_store_state", state="none")] == 1
    assert found[of("lastseen_last_heard_seconds")] > 0
    assert found[of("lastseen_tasks")] > 0


async def test_and_in_openmetrics_for_who_asks(client: httpx.AsyncClient):
    accept = "application/openmetrics-text; version=1.0.0"
    answer = await client.get("/metrics", headers={"accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert samples(parse_openmetrics(answer.text))


class Told:
    def outcomes(self) -> dict[tuple[str, str], int]:
        return {('ops "1"\n', "sent"): 3, ('ops "1"\n', "failed"): 1}

    def channels(self) -> list[ChannelRecord]:
        return [ChannelRecord('ops "1"\n', "webhook", enabled=True, state="failing")]


class Parted:
    batches = (2, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0)
    found = 12
    flushes, flushing = 7, 0.5


async def test_the_parts_tell_of_themselves(house: Any):
    parted: Any = Parted()
    server = Server(house.desk, house.readers, Parts(parted, parted, Told()))
    found = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in server.collect()
        for sample in family.samples
    }
    assert found[of("lastseen_pump_batch_bucket", le="0")] == 2
    assert found[of("lastseen_pump_batch_bucket", le="3")] == 7
    assert found[of("lastseen_pump_batch_bucket", le="+Inf")] == 7
    assert found[of("lastseen_pump_batch_sum")] == 12
    assert found[of("lastseen_store_flushes_total")] == 7
    assert found[of("lastseen_store_flush_seconds_total")] == 0.5
    assert found[of("lastseen_deliveries_total", channel='ops "1"\n', outcome="sent")] == 3
    assert found[of("lastseen_channel_state", channel='ops "1"\n', state="failing")] == 1
    assert found[of("lastseen_channel_state", channel='ops "1"\n', state="working")] == 0


THEN = datetime(2026, 3, 4, 12, tzinfo=UTC)


class Announced:
    def stats(self) -> LanStats:
        return LanStats(members=2, received=9, heartbeats=4, last_heartbeat=THEN)


async def test_a_member_of_the_lan_tells_of_it(house: Any, client: httpx.AsyncClient):
    house.gauge.lan = Announced()
    found = samples(parse((await client.get("/metrics")).text))
    assert found[of("lastseen_lan_members")] == 2
    assert found[of("lastseen_lan_heartbeats_total")] == 4
    assert found[of("lastseen_lan_last_heartbeat_seconds")] == THEN.timestamp()
    assert found[of("lastseen_lan_packets_total", kind="received")] == 9
