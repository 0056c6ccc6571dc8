"""Settings that change while the server runs, by HTTP."""

import tomllib
from typing import Any

import httpx
import pytest


def steerable(answer: httpx.Response) -> dict[str, Any]:
    return {setting["key"]: setting for setting in answer.json()["steerable"]}


async def test_what_is_in_force_is_shown_and_what_may_be_changed(client: httpx.AsyncClient):
    answer = await client.get("/api/settings")
    assert answer.json()["heartbeat_interval"] == 60
    interval = steerable(answer)["server.heartbeat_interval"]
    assert (interval["value"], interval["configured"], interval["changed"]) == (60, 60, False)
    assert (interval["minimum"], interval["maximum"]) == (10, 600)  # of [limits]
    announcing = steerable(answer)["lan.announce_interval"]
    assert (announcing["minimum"], announcing["maximum"]) == (10, 600)
    assert interval["unit"] == "seconds"
    assert interval["about"].startswith("How often")


async def test_a_change_is_in_force_at_once_and_kept(house: Any, client: httpx.AsyncClient):
    answer = await client.patch("/api/settings", json={"heartbeat_interval": 30})
    assert answer.status_code == 200
    assert answer.json()["heartbeat_interval"] == 30
    assert steerable(answer)["server.heartbeat_interval"]["changed"] is True
    assert house.presence.policy.heartbeat_interval == 30
    assert tomllib.loads(house.kept.read_text()) == {"server": {"heartbeat_interval": 30}}


async def test_several_change_together_or_not_at_all(house: Any, client: httpx.AsyncClient):
    wanted = {"server.heartbeat_interval": 300, "connection_timeout": 900}
    answer = await client.patch("/api/settings", json=wanted)
    assert (answer.json()["heartbeat_interval"], answer.json()["connection_timeout"]) == (300, 900)
    answer = await client.patch(
        "/api/settings", json={"heartbeat_interval": 20, "connection_timeout": 15}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_settings")
    assert answer.json()["detail"].startswith("server.connection_timeout: expected more than")
    assert house.presence.policy.heartbeat_interval == 300


@pytest.mark.parametrize(
    ("wanted", "status", "detail"),
    [
        ({"heartbeat_interval": 5}, 422, "server.heartbeat_interval: expected from 10 to 600"),
        ({"heartbeat_interval": "soon"}, 422, "server.heartbeat_interval: expected `float`"),
        ({"heartbeat_interval": True}, 422, "server.heartbeat_interval: expected `float`"),
        ({"port": 1}, 422, "'port' cannot be changed while the server runs"),
        ({"store.url": "none"}, 422, "'store.url' cannot be changed while the server runs"),
        ({}, 400, "expected at least one setting"),
        ([], 400, "data: expected `object`"),
        ({"heartbeat_interval": [30]}, 400, ""),
    ],
)
async def test_what_does_not_fit_is_refused_with_the_reason(
    wanted: Any, status: int, detail: str, house: Any, client: httpx.AsyncClient
):
    answer = await client.patch("/api/settings", json=wanted)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(detail)
    assert house.presence.policy.heartbeat_interval == 60
    assert not house.kept.exists()


async def test_null_takes_a_change_back_and_delete_all_of_them(
    house: Any, client: httpx.AsyncClient
):
    wanted = {"heartbeat_interval": 30, "connection_timeout": 100}
    await client.patch("/api/settings", json=wanted)
    answer = await client.patch("/api/settings", json={"heartbeat_interval": None})
    assert (answer.json()["heartbeat_interval"], answer.json()["connection_timeout"]) == (60, 100)
    answer = await client.delete("/api/settings")
    assert answer.json()["connection_timeout"] == 120
    assert not house.kept.exists()


async def test_what_cannot_be_kept_is_not_changed(house: Any, client: httpx.AsyncClient):
    house.kept.mkdir()  # nothing can be put in its place
    (house.kept / "x").touch()
    answer = await client.patch("/api/settings", json={"heartbeat_interval": 30})
    assert answer.status_code == 422
    assert "cannot be written" in answer.json()["detail"]
    assert house.presence.policy.heartbeat_interval == 60
