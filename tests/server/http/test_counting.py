"""How many there are, and how many in each group."""

from typing import Any

import httpx
import pytest


@pytest.mark.parametrize("stored", [False, True])
async def test_everyone_is_counted_by_status_by_way_and_by_group(
    *, stored: bool, house: Any, archive: Any
):
    chosen = archive if stored else house
    chosen.register("a", groups=("rack", "web"))
    chosen.leave(chosen.register("b", groups=("rack",)))
    chosen.leave(chosen.register("c", groups=("store", "rack", "rack")))
    async with chosen.client() as client:
        await client.post("/api/clients/cron/heartbeat", json={"groups": ["web"]})
        if stored:
            await chosen.memory.keeper.caught_up()
        counts = (await client.get("/api/counts")).json()
        assert counts == {
            "online": 2,
            "late": 0,
            "offline": 2,
            "via": {"tcp": {"online": 1, "late": 0}, "http": {"online": 1, "late": 0}},
        }
        groups = (await client.get("/api/groups")).json()["groups"]
        assert groups == [
            {"group": "rack", "online": 1, "late": 0, "offline": 2},
            {"group": "store", "online": 0, "late": 0, "offline": 1},
            {"group": "web", "online": 2, "late": 0, "offline": 0},
        ]


async def test_where_nobody_is_there_is_nothing_to_count(client: httpx.AsyncClient):
    assert (await client.get("/api/counts")).json() == {
        "online": 0, "late": 0, "offline": 0, "via": {},
    }  # fmt: skip
    assert (await client.get("/api/groups")).json() == {"groups": []}
