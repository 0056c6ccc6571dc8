"""Lists in other orders than that of the ids: whole, each once, also across the store."""

import base64
from typing import Any

import httpx
import pytest

NAMES = ["beta", "Alpha", "alpha", "", "Ünder", "zeta", "Beta", "gamma"]


async def everyone(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = (await client.get("/api/clients", params=query)).json()
        found += page["clients"]
        if "after" not in page:
            return found
        query["after"] = page["after"]


def sorted_by(order: str, records: list[dict[str, Any]]) -> list[str]:
    def small(name: str) -> str:
        return "".join(c.lower() if c.isascii() else c for c in name)

    keys: Any = {
        "name": lambda r: (small(r.get("name", "")), r["client_id"]),
        "status": lambda r: (["online", "late", "offline"].index(r["status"]), r["client_id"]),
        "last_seen": lambda r: r["last_seen"],
    }[order]
    return [r["client_id"] for r in sorted(records, key=keys, reverse=order == "last_seen")]


@pytest.mark.parametrize("limit", [1, 3, 1000])
@pytest.mark.parametrize("order", ["name", "status", "last_seen"])
@pytest.mark.parametrize("stored", [False, True])
async def test_every_order_tells_everyone_once(
    *, stored: bool, order: str, limit: int, house: Any, archive: Any
):
    chosen = archive if stored else house
    for number, name in enumerate(NAMES):
        session = chosen.register(f"client-{number}", name=name)
        if number % 3 == 0:
            chosen.leave(session)
    if stored:
        await chosen.memory.keeper.caught_up()
        for number in (0, 6):
            chosen.presence.forget(f"client-{number}")  # as after a restart
    async with chosen.client() as client:
        for status in ("present", "offline", "all"):
            by_id = await everyone(client, status=status)
            found = await everyone(client, status=status, sort=order, limit=limit)
            assert [r["client_id"] for r in found] == sorted_by(order, by_id)
            assert len(by_id) == {"present": 5, "offline": 3, "all": 8}[status]


async def test_a_sorted_list_is_narrowed_as_any_other(archive: Any, asker: httpx.AsyncClient):
    archive.leave(archive.register("a", name="x", groups=("rack",)))
    archive.register("b", name="y", groups=("rack",))
    archive.register("c", name="z")
    await archive.memory.keeper.caught_up()
    found = await everyone(asker, status="all", sort="name", group="rack")
    assert [r["client_id"] for r in found] == ["a", "b"]


@pytest.mark.parametrize("cursor", ["", "web-01", "!!", "W10", "WzEsMl0", "é"])
async def test_a_cursor_of_another_order_is_refused(cursor: str, client: httpx.AsyncClient):
    answer = await client.get("/api/clients", params={"sort": "name", "after": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["detail"].startswith("after: ")


async def test_a_search_of_many_goes_on_where_it_stopped(
    archive: Any, asker: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    from lastseen.server.store import viewing

    monkeypatch.setattr(viewing, "LOOKED_AT", 2)
    for number in range(9):
        client_id = f"client-{number}"
        archive.leave(archive.register(client_id, name="x", groups=("odd",) * (number % 2)))
    await archive.memory.keeper.caught_up()
    for number in range(9):
        archive.presence.forget(f"client-{number}")
    for order in ("name", "last_seen"):
        found = await everyone(asker, status="all", sort=order, group="odd")
        assert sorted(r["client_id"] for r in found) == [f"client-{n}" for n in (1, 3, 5, 7)]


@pytest.mark.parametrize("when", ["1e40", "-1e40", "1e15", "1e308"])
async def test_a_cursor_beyond_what_the_store_can_count_is_refused(
    when: str, asker: httpx.AsyncClient
):
    cursor = base64.urlsafe_b64encode(f'[{when},"x"]'.encode()).decode().rstrip("=")
    asked = {"sort": "last_seen", "status": "all", "after": cursor}
    answer = await asker.get("/api/clients", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
