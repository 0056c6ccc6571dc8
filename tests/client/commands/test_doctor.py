"""`lastseen doctor`: one line for each check, and an exit code."""

import json

import msgspec
import pytest

from lastseen.client.commands.doctor import doctor, examine
from lastseen.shared.messages import GetStats, IdleCut


@pytest.mark.usefixtures("quiet_server")
async def test_a_server_that_is_well_passes_every_check(address, capsys):
    assert await doctor(server=address) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("ok ") for line in lines)
    assert lines[0].startswith(f"ok       {address} answers within ")


async def test_a_problem_is_named_and_the_exit_code_is_1(address, quiet_server, capsys, now):
    answer = quiet_server.answers[GetStats]
    cut = IdleCut(50.0, 7, now, "192.0.2.1:4711", "web-01")

    def with_cut(connection, message):
        found = answer(connection, message)
        return [msgspec.structs.replace(stats, idle_cut=cut) for stats in found]

    quiet_server.answers[GetStats] = with_cut
    assert await doctor(server=address) == 1
    (line,) = [s for s in capsys.readouterr().out.splitlines() if s.startswith("PROBLEM")]
    for part in ("after 50 s of silence", "every 60 s", "7 so far", "192.0.2.1:4711"):
        assert part in line
    assert await doctor(server=address, json=True) == 1
    found = {one["check"]: one["ok"] for one in json.loads(capsys.readouterr().out)}
    assert found == {"answer": True, "idle_cut": False, "refusals": True, "store": True}


@pytest.mark.parametrize(
    ("fields", "check", "detail"),
    [
        ({"refusals": {"server_full": 3}}, "refusals", "limits refused: 3 server_full"),
        ({"store": "unavailable", "store_queued": 5}, "store", "5 transitions wait for it"),
        ({"store": "working", "store_dropped": 2}, "store", "2 transitions were lost"),
    ],
)
def test_each_problem_is_a_sentence(stats_answer, fields, check, detail):
    findings = examine(msgspec.structs.replace(stats_answer, **fields), 60.0)
    (problem,) = [finding for finding in findings if not finding.ok]
    assert problem.check == check
    assert detail in problem.detail
