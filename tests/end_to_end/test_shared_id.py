"""Two processes with one id: each learns of the other, and they cost the server nothing."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from lastseen.shared.messages import Error, Goodbye, Register, Registered


def test_the_process_that_is_replaced_reads_by_which_and_what_to_do(
    server: Any, start_client: Callable[..., Any]
):
    command = [sys.executable, "-m", "lastseen.client", "connect", "--id", "twin"]
    with subprocess.Popen(
        [*command, "--server", server.address], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as first:
        server.logged("client online", client_id="twin")
        start_client(server, "twin")
        _, complaint = first.communicate(timeout=10)
    address = server.logged("client online", reason="replaced")["address"]
    assert first.returncode == 1
    assert f"replaced: another instance at {address} (host ".encode() in complaint
    assert b"give each process a client_id of its own" in complaint


def test_two_that_return_at_once_are_slowed_down_and_are_one_warning(
    server: Any, wire: Callable[..., Any]
):
    answers: list[Any] = []
    wires = []
    while len(answers) < 7:
        wires.append(wire(server))
        began = time.monotonic()
        wires[-1].say(Register("twin", instance=f"i{len(answers)}"))
        answers.append(wires[-1].hear())
    assert [type(answer) for answer in answers] == [Registered] * 6 + [Error]
    assert answers[-1].code == "id_contested"
    assert time.monotonic() - began > 0.9
    goodbye = wires[-1].hear_only(Goodbye)
    assert goodbye.retry_after == answers[-1].retry_after > 50
    assert len(server.events("several processes share one client_id")) == 1
    assert [event["level"] for event in server.events("registration refused")] == []
    wires[5].close()  # the one that has the id goes: another may have it at once
    server.logged("client late")
    assert isinstance(wire(server).register("twin", instance="j"), Registered)
