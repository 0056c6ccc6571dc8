import json

import pytest

from lastseen.client.commands.ping import Tally, answer, ping
from lastseen.shared.messages import Goodbye, Ping


async def test_so_many_pings_as_asked_for_are_answered_and_summed_up(address, output):
    assert await ping(count=3, interval=0.01, server=address) == 0
    lines = output.lines
    assert [line.rsplit(" ", 2)[0] for line in lines[:3]] == [
        f"pong from {address}: ping {n}:" for n in (1, 2, 3)
    ]
    assert lines[3:5] == [f"--- {address} ---", "pings: 3 sent, 3 answered, 0% lost"]
    assert lines[5].startswith("round trip min/avg/max = ")


async def test_json_is_a_line_for_each_ping_and_a_summary(address, output):
    await ping(count=2, interval=0.01, server=address, json=True)
    told = [json.loads(line) for line in output.lines]
    assert [event["type"] for event in told] == ["pong", "pong", "summary"]
    assert [event["number"] for event in told[:2]] == [1, 2]
    summary = told[2]
    assert (summary["sent"], summary["answered"]) == (2, 2)
    assert summary["min"] <= summary["avg"] <= summary["max"] < 5


async def test_ctrl_c_sums_up_and_ends_with_130(address, running, output, press_ctrl_c):
    exit_code = running(ping, interval=0.01, server=address)
    await output.until("pong from", times=2)
    press_ctrl_c()
    assert await exit_code() == 130
    assert any("0% lost" in line for line in output.lines)


async def test_pings_without_an_answer_are_counted_and_none_at_all_is_a_failure(
    address, quiet_server, output
):
    quiet_server.answers[Ping] = lambda _, __: [Goodbye("shutdown", reconnect=True)]
    assert await ping(count=1, server=address) == 1
    assert output.lines[0].startswith(f"no pong from {address}: ping 1: ")
    assert output.lines[-1] == "pings: 1 sent, 0 answered, 100% lost"


def test_the_tally_knows_least_average_and_most():
    tally = Tally()
    for round_trip in (0.001, 0.003, None, 0.002):
        tally.take(round_trip)
    assert tally.lines("h:1") == [
        "--- h:1 ---",
        "pings: 4 sent, 3 answered, 25% lost",
        "round trip min/avg/max = 1.000/2.000/3.000 ms",
    ]
    told = tally.to_dict()
    assert (told["min"], told["avg"], told["max"]) == (0.001, 0.002, 0.003)


def test_a_tally_of_nothing_has_no_times():
    assert Tally().lines("h:1") == ["--- h:1 ---", "pings: 0 sent, 0 answered, 0% lost"]
    assert Tally().to_dict()["avg"] is None


@pytest.mark.parametrize(
    ("round_trip", "line"),
    [
        (0.0004567, "pong from h:1: ping 7: 0.457 ms"),
        (None, r"no pong from h:1: ping 7: \x1b[2J"),
    ],
)
def test_each_ping_is_told_in_a_line(round_trip, line):
    assert answer("h:1", 7, round_trip, "\x1b[2J", json=False) == line


def test_a_lost_ping_in_json_has_a_reason():
    told = json.loads(answer("h:1", 7, None, "gone", json=True))
    assert (told["type"], told["number"], told["round_trip"], told["reason"]) == (
        "lost",
        7,
        None,
        "gone",
    )
