import json

import msgspec
import pytest

from lastseen.client.commands.stats import rows, stats
from lastseen.shared.messages import GetStats, LanStats, Stats


def told(found, now):
    return {name.text: value.text for name, value in rows(found, now)}


async def test_json_has_every_field_of_the_answer(address, capsys):
    await stats(server=address, json=True)
    found = json.loads(capsys.readouterr().out)
    assert set(found) == set(Stats.__struct_fields__) - {"request_id"}
    assert found["started_at"] == "2026-03-04T12:00:00Z"
    assert found["transitions"] == {}


async def test_people_are_told_in_their_units(address, quiet_server, capsys, now, before):
    seen = []
    answer = quiet_server.answers[GetStats]
    quiet_server.answers[GetStats] = lambda c, m: seen.extend(answer(c, m)) or seen
    await stats(server=address)
    assert capsys.readouterr().out.splitlines()[1].startswith("started at ")
    [found] = seen
    shown = told(
        msgspec.structs.replace(
            found,
            started_at=before(7100),
            uptime=7100.0,
            pings=1234567,
            memory=50 * 2**20,
            reaper_duration=0.0012,
            transitions={"registered": 12, "\x1b": 1},
        ),
        now,
    )
    assert shown["started at"] == "1 hour ago"
    assert shown["uptime"] == "1 hour 58 minutes 20 seconds"
    assert shown["pings"] == "1,234,567"
    assert shown["memory"] == "50.0 MiB"
    assert shown["reaper duration"] == "1.2 ms"
    assert shown["transitions"] == r"12 registered, 1 \x1b"


@pytest.mark.parametrize(
    ("store", "queued", "told_store", "told_queued"),
    [
        ("none", 0, "none: ", None),
        ("working", 1234, "working", "1,234"),
        ("unavailable", 5, "unavailable: ", "5"),
    ],
)
def test_the_store_is_told_with_what_waits_for_it(
    stats_answer, now, store, queued, told_store, told_queued
):
    shown = told(msgspec.structs.replace(stats_answer, store=store, store_queued=queued), now)
    assert shown["store"].startswith(told_store)
    assert shown.get("store queued") == told_queued
    assert ("store dropped" in shown) is ("store failures" in shown) is (store != "none")


async def test_a_member_of_the_lan_tells_how_it_fares(address, quiet_server, capsys, now, before):
    answer = quiet_server.answers[GetStats]

    def with_lan(connection, message):
        lan = LanStats(members=1200, last_heartbeat=before(5))
        return [msgspec.structs.replace(found, lan=lan) for found in answer(connection, message)]

    quiet_server.answers[GetStats] = with_lan
    await stats(server=address, json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["lan"]["members"] == 1200
    assert found["lan"]["last_heartbeat"].endswith("Z")
    [stored] = with_lan(None, GetStats())
    shown = told(stored, now)
    assert (shown["lan members"], shown["lan heartbeats"]) == ("1,200", "0")
    assert "lan" not in shown
    never = msgspec.structs.replace(stored, lan=LanStats())
    assert told(never, now)["lan last heartbeat"] == "never"
    assert "lan members" not in told(msgspec.structs.replace(stored, lan=None), now)
