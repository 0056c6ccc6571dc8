"""Presence by HTTP: heartbeats, leaving, being forgotten, being sent away."""

from typing import Any

import httpx
import pytest

from lastseen.shared.messages import Goodbye


async def test_the_first_heartbeat_registers_and_later_ones_keep(
    house: Any, client: httpx.AsyncClient
):
    first = await client.post("/api/clients/backup/heartbeat", params={"timeout": 90})
    assert first.status_code == 201
    assert (first.json()["status"], first.json()["via"]) == ("online", "http")
    assert first.json()["timeout"] == 90
    again = await client.post("/api/clients/backup/heartbeat")
    assert again.status_code == 200
    assert again.json()["timeout"] == house.presence.policy.connection_timeout
    assert house.presence.counts.beats == 2


async def test_a_body_says_who_it_is_and_what_it_leaves_out_stays(client: httpx.AsyncClient):
    said = {"name": "Nightly", "hostname": "nas", "groups": ["cron"], "meta": {"size": 1.5}}
    path = "/api/clients/backup/heartbeat"
    record = (await client.post(path, json=said)).json()
    assert {key: record[key] for key in said} == said
    record = (await client.post(path, json={"name": "Daily", "unheard_of": 1})).json()
    assert {key: record[key] for key in said} == said | {"name": "Daily"}


@pytest.mark.parametrize("place", ["params", "json"])
async def test_every_and_grace_say_when_it_is_late_and_when_it_is_gone(
    place: str, house: Any, client: httpx.AsyncClient
):
    path, days = "/api/clients/monthly/heartbeat", 86_400
    said = {"every": 31 * days, "grace": 2 * days}
    record = (await client.post(path, **{place: said})).json()
    assert (record["timeout"], record["every"]) == (33 * days, 31 * days)
    [session] = house.presence.registry.sessions_of("monthly")
    assert (session.late_after, session.timeout) == (31 * days, 33 * days)
    record = (await client.post(path, **{place: {"timeout": 400 * days}})).json()
    assert (record["timeout"], "every" in record) == (400 * days, False)


async def test_a_contradiction_is_refused_in_a_sentence(client: httpx.AsyncClient):
    path = "/api/clients/job/heartbeat"
    answer = await client.post(path, params={"every": 60, "grace": 10, "timeout": 90})
    assert answer.json()["detail"] == "timeout: expected every + grace = 70, or none, got 90"
    answer = await client.post(path, params={"every": 60}, json={"every": 60, "grace": 1})
    assert answer.json()["detail"] == "every: expected in the query or the body, got both"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"params": {"timeout": 0}}, "bad_request"),
        ({"params": {"timeout": "nan"}}, "bad_request"),
        ({"params": {"timeout": 34_560_001}}, "bad_request"),
        ({"params": {"every": 34_560_001, "grace": 1}}, "bad_request"),
        ({"params": {"every": 60, "grace": 34_560_001}}, "bad_request"),
        ({"params": {"every": 60, "grace": -1}}, "bad_request"),
        ({"params": {"every": 60}}, "bad_request"),
        ({"params": {"grace": 60}}, "bad_request"),
        ({"params": {"every": 60, "timeout": 59}}, "bad_request"),
        ({"json": {"every": 0, "grace": 1}}, "bad_request"),
        ({"json": {"timeout": 90}, "params": {"timeout": 90}}, "bad_request"),
        ({"json": {"name": 5}}, "bad_request"),
        ({"json": {"name": 129 * "x"}}, "bad_request"),
        ({"json": {"groups": ["\0"]}}, "bad_request"),
        ({"json": []}, "bad_request"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, "bad_request"),
        ({"content": b"\xff", "headers": {"content-type": "application/json"}}, "bad_request"),
        ({"data": {"name": "x"}}, "unsupported_media_type"),
    ],
)
async def test_what_does_not_fit_is_refused_and_registers_nobody(
    options: dict[str, object], code: str, house: Any, client: httpx.AsyncClient
):
    answer = await client.post("/api/clients/backup/heartbeat", **options)  # type: ignore[arg-type]
    assert answer.json()["code"] == code
    assert len(house.presence.registry) == 0


async def test_a_full_server_says_when_to_come_again(house: Any, client: httpx.AsyncClient):
    house.judge(max_clients=1)
    house.register("first")
    answer = await client.post("/api/clients/second/heartbeat")
    assert (answer.status_code, answer.json()["code"]) == (503, "server_full")
    assert answer.headers["retry-after"] == "30"


async def test_the_id_of_a_member_of_the_lan_is_refused_for_good(client: httpx.AsyncClient):
    answer = await client.post("/api/clients/lan%3A10.0.0.7/heartbeat")
    assert (answer.status_code, answer.json()["code"]) == (400, "reserved_id")
    assert "retry_after" not in answer.json()
    assert "retry-after" not in answer.headers


async def test_leaving_is_at_once(client: httpx.AsyncClient):
    await client.post("/api/clients/backup/heartbeat")
    assert (await client.post("/api/clients/backup/leave")).status_code == 204
    record = (await client.get("/api/clients/backup")).json()
    assert (record["status"], record["reason"]) == ("offline", "left")
    again = await client.post("/api/clients/backup/leave")
    assert (again.status_code, again.json()["code"]) == (404, "unknown_client")


async def test_a_kick_ends_every_session_and_forgets_nothing(house: Any, client: httpx.AsyncClient):
    house.register("web-01")
    await client.post("/api/clients/web-01/heartbeat")
    assert (await client.delete("/api/clients/web-01?kick=true")).status_code == 204
    assert house.link.heard == [Goodbye("kicked", reconnect=False)]
    record = (await client.get("/api/clients/web-01")).json()
    assert (record["status"], record["reason"]) == ("offline", "kicked")
    again = await client.delete("/api/clients/web-01?kick=true")
    assert (again.status_code, again.json()["code"]) == (404, "unknown_client")


async def test_the_log_names_the_address_that_kicked_and_deleted_a_client(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
):
    await client.post("/api/clients/backup/heartbeat")
    await client.delete("/api/clients/backup", params={"kick": True})
    await client.delete("/api/clients/backup")
    lines = capsys.readouterr().err.splitlines()
    (kicked,) = [line for line in lines if "client kicked" in line]
    (forgotten,) = [line for line in lines if "client forgotten" in line]
    for line in (kicked, forgotten):
        assert "client_id=backup" in line
        assert "by=127.0.0.1:" in line


@pytest.mark.parametrize("stored", [False, True])
async def test_only_who_is_offline_is_forgotten(*, stored: bool, house: Any, archive: Any):
    chosen = archive if stored else house
    async with chosen.client() as client:
        session = chosen.register("web-01")
        refused = await client.delete("/api/clients/web-01")
        assert (refused.status_code, refused.json()["code"]) == (409, "client_present")
        chosen.leave(session)
        assert (await client.delete("/api/clients/web-01")).status_code == 204
        assert (await client.get("/api/clients/web-01")).status_code == 404
        again = await client.delete("/api/clients/web-01")
        assert (again.status_code, again.json()["code"]) == (404, "unknown_client")
