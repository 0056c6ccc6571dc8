"""What clients were when, by HTTP."""

from datetime import datetime
from typing import Any

import httpx
import pytest
import trio

from lastseen.server.store.timelines import SHORTEST


async def test_each_client_is_drawn_in_the_order_asked_for(archive: Any, asker: httpx.AsyncClient):
    session = archive.register("b/1")
    await trio.sleep(2 * SHORTEST)
    archive.leave(session)
    archive.register("a")
    await archive.memory.keeper.caught_up()
    query = [("client_id", "b/1"), ("client_id", "a"), ("client_id", "nobody"), ("hours", "1")]
    drawn = (await asker.get("/api/timelines", params=query)).json()
    statuses = {t["client_id"]: [s["status"] for s in t["spans"]] for t in drawn["timelines"]}
    assert list(statuses.items()) == [
        ("b/1", ["online", "offline"]),
        ("a", ["online"]),
        ("nobody", []),
    ]
    since, until = (datetime.fromisoformat(drawn[name]) for name in ("since", "until"))
    assert (until - since).total_seconds() == 3600
    assert drawn["timelines"][1]["spans"][-1]["until"] == drawn["until"]
    unwatched = drawn["unwatched"]  # all the time before this run
    assert len(unwatched) == 1
    assert unwatched[0]["since"] == drawn["since"]
    assert unwatched[0]["until"] <= drawn["timelines"][0]["spans"][0]["since"]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ([], "Missing required"),
        ([("client_id", "a")] * 101, "client_id: expected `array` of length <= 100"),
        ([("client_id", "")], "client_id: expected 1 to 128 characters"),
        ([("client_id", "a\n")], "client_id: expected 1 to 128 characters"),
        ([("client_id", "a"), ("hours", "0")], "hours: expected `float` >= 0.1"),
        ([("client_id", "a"), ("hours", "nan")], "hours: expected"),
    ],
)
async def test_what_cannot_be_drawn_is_refused(query: Any, detail: str, asker: httpx.AsyncClient):
    answer = await asker.get("/api/timelines", params=query)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(detail)


async def test_where_nothing_is_remembered_there_is_nothing_to_draw(client: httpx.AsyncClient):
    answer = await client.get("/api/timelines?client_id=a")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_store")
