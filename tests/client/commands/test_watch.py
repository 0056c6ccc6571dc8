import json

import pytest

from lastseen.client import ConnectFailed
from lastseen.client.commands.watch import watch


@pytest.fixture
def two(quiet_server, record):
    quiet_server.records = {"a": record("a"), "b": record("b", status="late")}


@pytest.mark.usefixtures("two")
async def test_a_pipe_is_told_how_many_there_are_and_then_each_change(
    address, quiet_server, record, running, output, press_ctrl_c
):
    exit_code = running(watch, server=address)
    await output.until("1 online, 1 late")
    await quiet_server.change(joins=[record("c")])
    await output.until("c online (registered)")
    await quiet_server.change(leaves=[record("a", status="offline", reason="timeout")])
    await output.until("a offline (timeout), last seen ")
    press_ctrl_c()
    assert await exit_code() == 130
    assert output.lines[0][9:] == f"connected to {address}"
    assert len(output.lines) == 4


@pytest.mark.usefixtures("two")
async def test_json_tells_everyone_first_and_then_each_change(
    address, quiet_server, record, running, output, press_ctrl_c
):
    exit_code = running(watch, server=address, json=True)
    await output.until("snapshot")
    await quiet_server.change(leaves=[record("a", status="offline", reason="left")])
    await output.until("leave")
    press_ctrl_c()
    assert await exit_code() == 130
    told = [json.loads(line) for line in output.lines]
    assert [event["type"] for event in told] == ["connected", "join", "join", "snapshot", "leave"]
    assert (told[3]["online"], told[3]["late"]) == (1, 1)
    assert told[4]["client"]["reason"] == "left"
    assert all(event["time"].endswith("Z") for event in told)


@pytest.mark.usefixtures("two")
async def test_after_a_restart_of_the_server_only_the_differences_are_told(
    address, quiet_server, record, running, output, press_ctrl_c
):
    exit_code = running(watch, server=address)
    await output.until("1 online, 1 late")
    quiet_server.records = {"a": record("a"), "c": record("c")}
    await quiet_server.restart()
    await output.until("2 online, 0 late")
    press_ctrl_c()
    await exit_code()
    told = [line[9:] for line in output.lines]
    assert told[2].startswith(f"lost {address}: ")
    assert told[3] == f"connected to {address}"
    assert told[4] == "c online (registered)"
    assert told[5].startswith("b offline, last seen ")
    assert len(told) == 7


async def test_a_server_that_cannot_be_reached_at_first_is_an_error(output, nowhere):
    with pytest.raises(ConnectFailed):
        await watch(server=nowhere)
    assert output.lines == []
