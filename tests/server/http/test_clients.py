"""Who is here, by HTTP: lists, one client, its history and uptime."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lastseen.server.http.paths import path_of


async def test_everyone_present_is_listed_in_the_order_of_their_ids(
    house: Any, client: httpx.AsyncClient
):
    for client_id in ("b", "a", "c"):
        house.register(client_id)
    answer = (await client.get("/api/clients")).json()
    assert [record["client_id"] for record in answer["clients"]] == ["a", "b", "c"]
    assert answer["epoch"] == house.presence.epoch
    assert "after" not in answer


async def test_a_list_is_narrowed_by_status_group_via_and_search(
    house: Any, client: httpx.AsyncClient
):
    house.register("web-01", groups=("rack",))
    house.register("web-02", name="Kasse")
    await client.post("/api/clients/cron/heartbeat")
    house.presence.leave(house.register("gone"), house.presence.clock.now())

    async def found(**query: str) -> list[str]:
        answer = await client.get("/api/clients", params=query)
        return [record["client_id"] for record in answer.json()["clients"]]

    assert await found(group="rack") == ["web-01"]
    assert await found(search="kAs") == ["web-02"]
    assert await found(via="http") == ["cron"]
    assert await found(status="offline") == ["gone"]
    assert await found(status="late") == []
    assert await found(status="present") == await found() == ["cron", "web-01", "web-02"]
    assert await found(status="all") == ["cron", "gone", "web-01", "web-02"]


async def test_pages_hold_everyone_once_while_others_come_and_go(
    house: Any, client: httpx.AsyncClient
):
    for number in range(20):
        house.register(f"stays-{number:02}")
    seen: list[str] = []
    query: dict[str, str] = {"limit": "3"}
    for turn in range(100):
        page = (await client.get("/api/clients", params=query)).json()
        seen += [record["client_id"] for record in page["clients"]]
        house.leave(house.register(f"passes-{turn}"))
        house.register(f"stays-{turn:02}-comes")
        if "after" not in page:
            break
        query["after"] = page["after"]
    assert len(seen) == len(set(seen))
    assert {f"stays-{number:02}" for number in range(20)} <= set(seen)


async def test_one_client_is_shown_present_or_departed(house: Any, client: httpx.AsyncClient):
    session = house.register("web-01", name="Web", meta={"version": 2})
    shown = (await client.get("/api/clients/web-01")).json()
    assert (shown["status"], shown["name"], shown["meta"]) == ("online", "Web", {"version": 2})
    house.leave(session)
    shown = (await client.get("/api/clients/web-01")).json()
    assert (shown["status"], shown["reason"]) == ("offline", "left")


async def test_nobody_of_that_id_is_a_problem(client: httpx.AsyncClient):
    answer = await client.get("/api/clients/nobody")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "code": "unknown_client",
        "detail": "no client 'nobody' is known",
    }


ids = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=128
).filter(lambda client_id: client_id not in {".", ".."})


@settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    client_id=ids
    | st.sampled_from(["a/b", "/", "//", "a/events", "%2F", "a?b#c", "a b", "~", "ü/😀"])
)
def test_any_legal_id_works_as_a_segment_of_a_path(client_id: str, new_house: Any):
    async def main() -> None:
        house = new_house()
        house.register(client_id)
        async with house.client() as client:
            path = f"/api/clients/{path_of(client_id)}"
            answer = await client.get(path)
            assert answer.json()["client_id"] == client_id
            assert (await client.get(f"{path}/events")).json()["code"] == "no_store"
            assert (await client.delete(path, params={"kick": True})).status_code == 204

    trio.run(main)


@pytest.mark.parametrize("segment", ["%00", "%0A", "%FF", "a" * 129])
async def test_what_is_no_id_is_said_to_be_none(segment: str, client: httpx.AsyncClient):
    answer = await client.get(f"/api/clients/{segment}")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("client_id: expected")


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("limit=0", "limit: expected `int` >= 1, got '0'"),
        ("limit=x", "limit: expected `int`, got 'x'"),
        (
            "status=asleep",
            "status: expected one of 'present', 'online', 'late', 'offline', 'all', got 'asleep'",
        ),
        ("via=pigeon", "via: expected one of 'tcp', 'websocket', 'http', 'lan', got 'pigeon'"),
        ("search=" + 200 * "a", "search: expected `str` of length <= 128"),
    ],
)
async def test_a_parameter_that_does_not_fit_is_named(
    query: str, detail: str, client: httpx.AsyncClient
):
    answer = await client.get(f"/api/clients?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(detail)


# --- the past ------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", ["", "a\x00b", "x" * 129])
@pytest.mark.parametrize("status", ["present", "all"])
async def test_a_cursor_that_no_page_gave_is_refused(
    after: str, status: str, client: httpx.AsyncClient
):
    answer = await client.get("/api/clients", params={"after": after, "status": status})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["detail"].startswith("after: ")


@pytest.mark.parametrize("what", ["events", "uptime"])
async def test_where_nothing_is_remembered_there_is_no_past(what: str, client: httpx.AsyncClient):
    answer = await client.get(f"/api/clients/web-01/{what}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_store")


async def test_history_is_told_in_pages_the_latest_first(archive: Any, asker: httpx.AsyncClient):
    for _ in range(3):
        archive.leave(archive.register("a/b"))
    assert archive.memory is not None
    await archive.memory.keeper.caught_up()
    path = "/api/clients/a%2Fb/events"
    first = (await asker.get(path, params={"limit": 4})).json()
    assert [event["reason"] for event in first["events"]] == ["left", "returned"] * 2
    last = (await asker.get(path, params={"limit": 4, "before": first["before"]})).json()
    assert [event["reason"] for event in last["events"]] == ["left", "registered"]
    assert "before" not in last


async def test_history_can_begin_somewhere(archive: Any, asker: httpx.AsyncClient):
    archive.register("web-01")
    assert archive.memory is not None
    await archive.memory.keeper.caught_up()
    later = datetime.now(UTC) + timedelta(hours=1)
    path = "/api/clients/web-01/events"
    assert (await asker.get(path, params={"since": later.isoformat()})).json()["events"] == []
    assert (
        len((await asker.get(path, params={"since": "2020-01-01T00:00:00Z"})).json()["events"]) == 1
    )
    answer = await asker.get(path, params={"since": "2020-01-01T00:00:00"})
    assert answer.status_code == 400
    assert "zone" in answer.json()["detail"]


async def test_uptime_is_told_of_three_windows(archive: Any, asker: httpx.AsyncClient):
    archive.register("web-01")
    assert archive.memory is not None
    await archive.memory.keeper.caught_up()
    answer = (await asker.get("/api/clients/web-01/uptime")).json()
    assert [window["window"] for window in answer["windows"]] == [86400, 604800, 2592000]
    unknown = await asker.get("/api/clients/nobody/uptime")
    assert unknown.json()["code"] == "unknown_client"


async def test_who_left_in_an_earlier_run_is_found_and_listed(
    archive: Any, asker: httpx.AsyncClient
):
    archive.leave(archive.register("old", name="Old"))
    assert archive.memory is not None
    await archive.memory.keeper.caught_up()
    archive.presence.forget("old")  # as after a restart: only the store knows
    shown = (await asker.get("/api/clients/old")).json()
    assert (shown["status"], shown["reason"], shown["name"]) == ("offline", "left", "Old")
    listed = (await asker.get("/api/clients", params={"status": "all"})).json()
    assert [record["client_id"] for record in listed["clients"]] == ["old"]
