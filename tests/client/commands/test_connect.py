import json
import os
import signal

import pytest
import trio

from lastseen.client import ConnectFailed, Ended, Refused
from lastseen.client.commands.connect import connect
from lastseen.client.commands.usage import UsageError
from lastseen.shared.messages import Error, Goodbye, Leave, Register, SetAvailability


async def test_ctrl_c_says_goodbye_and_ends_with_130(
    address, quiet_server, running, output, press_ctrl_c
):
    exit_code = running(connect, client_id="web-01", server=address)
    await output.until("connected")
    press_ctrl_c()
    assert await exit_code() == 130
    assert [line[20:] for line in output.lines] == [
        f"connected to {address} as web-01, a heartbeat every 60 s",
        "web-01 has left",
    ]
    assert len(quiet_server.connections[0].messages(Leave)) == 1


async def test_sigterm_says_goodbye_and_ends_with_0(address, quiet_server, running, output):
    exit_code = running(connect, client_id="web-01", server=address)
    await output.until("connected")
    os.kill(os.getpid(), signal.SIGTERM)
    assert await exit_code() == 0
    assert len(quiet_server.connections[0].messages(Leave)) == 1


async def test_everything_said_on_the_command_line_reaches_the_server(
    address, quiet_server, running, output, press_ctrl_c
):
    exit_code = running(
        connect,
        client_id="web-01",
        name="Web",
        hostname="box",
        group=("rack-3", "web"),
        meta=("version=1.4",),
        availability="busy",
        note="migrating",
        server=address,
    )
    await output.until("connected")
    [connection] = quiet_server.connections
    with trio.fail_after(60):
        while not connection.messages(SetAvailability):  # noqa: ASYNC110 (the fake sets no event)
            await trio.sleep(0.005)
    press_ctrl_c()
    await exit_code()
    [register] = connection.messages(Register)
    assert (register.client_id, register.name, register.hostname) == ("web-01", "Web", "box")
    assert register.groups == ("rack-3", "web")
    assert register.meta == {"version": "1.4"}
    [wish] = connection.messages(SetAvailability)
    assert (wish.availability, wish.note) == ("busy", "migrating")


async def test_the_hostname_is_the_id_unless_told_otherwise(
    address, quiet_server, running, output, press_ctrl_c, monkeypatch
):
    monkeypatch.setattr("socket.gethostname", lambda: "box-7")
    exit_code = running(connect, server=address)
    await output.until("connected")
    press_ctrl_c()
    await exit_code()
    [register] = quiet_server.connections[0].messages(Register)
    assert (register.client_id, register.hostname) == ("box-7", "box-7")


async def test_json_is_a_line_for_each_event(address, quiet_server, running, output, press_ctrl_c):
    exit_code = running(connect, client_id="web-01", server=address, json=True)
    await output.until("connected")
    await quiet_server.cut()
    await output.until('"connected"', times=2)
    press_ctrl_c()
    assert await exit_code() == 130
    told = [json.loads(line) for line in output.lines]
    assert [event["type"] for event in told] == ["connected", "disconnected", "connected", "left"]
    assert told[0]["client_id"] == "web-01"
    assert told[1]["retry_in"] >= 0
    assert all(event["time"].endswith("Z") for event in told)


async def test_a_server_that_cannot_be_reached_is_an_error_and_nothing_else(output, nowhere):
    with pytest.raises(ConnectFailed, match=f"could not connect to {nowhere}: connection refused"):
        await connect(client_id="web-01", server=nowhere)
    assert output.lines == []


async def test_with_wait_it_goes_on_trying(running, output, press_ctrl_c, nowhere):
    exit_code = running(connect, client_id="web-01", server=nowhere, wait=True)
    await output.until("cannot reach", times=2)
    press_ctrl_c()
    assert await exit_code() == 130


async def test_a_refusal_is_an_error(address, quiet_server):
    quiet_server.answers[Register] = lambda _, message: [
        Error("duplicate_client", "web-01 is in use", request_id=message.request_id),
        Goodbye("duplicate_client", reconnect=False),
    ]
    with pytest.raises(Refused, match="web-01 is in use"):
        await connect(client_id="web-01", server=address)


async def test_a_goodbye_for_good_is_told_and_is_an_error(address, quiet_server, nursery, output):
    async def replace():
        await output.until("connected")
        await quiet_server.connections[0].send(Goodbye("replaced", reconnect=False))

    nursery.start_soon(replace)
    with pytest.raises(Ended, match="replaced"):
        await connect(client_id="web-01", server=address)
    assert output.lines[-1].endswith("giving up")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"client_id": ""}, "--id: "),
        ({"client_id": "a", "meta": ("x",)}, "--meta"),
        ({"client_id": "a", "group": ("",)}, "--group"),
        ({"client_id": "a", "note": "x" * 300}, "note"),
    ],
)
async def test_what_the_wire_does_not_allow_is_a_usage_error(arguments, words):
    with pytest.raises(UsageError, match=words):
        await connect(server="127.0.0.1:1", **arguments)
