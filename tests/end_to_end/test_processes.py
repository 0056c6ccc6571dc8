"""Programs that fork, start other processes, or end: their presence never hangs and never lies."""

import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

HEAD = """
import atexit, multiprocessing, os, signal, sys, time
from lastseen.client import blocking

signal.alarm(30)  # what hangs is a failure

def connect(client_id):
    return blocking.connect(sys.argv[1], client_id=client_id)
"""


def run(server: Any, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program with the address of the server."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", HEAD + program]
    return subprocess.run([*command, server.address], capture_output=True, text=True, timeout=60)


FORK = """
with connect("parent") as presence:
    session = presence.session
    if os.fork() == 0:
        signal.alarm(10)
        try:
            presence.settings()
        except RuntimeError as error:
            print(error, flush=True)
        with connect("child") as own:
            print(own.client_id, len(own.clients()), flush=True)
    else:
        print(os.wait()[1], flush=True)
        presence.ping()
        print(presence.session == session, [c.client_id for c in presence.clients()], flush=True)
"""


def test_a_forked_child_is_told_what_to_do_and_its_parent_is_not_affected(server: Any):
    ended = run(server, FORK)
    sentence, child, status, parent = ended.stdout.splitlines()
    assert "is a fork of it: connect in the child, with a client_id of its own" in sentence
    assert child == "child 2"
    assert status == "0"  # it left the block of its parent without a word
    assert parent == "True ['parent']"
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [event["reason"] for event in server.events("client offline")] == ["left", "left"]


MULTIPROCESSING = """
presence = None

def ask():
    try:
        presence.settings()
    except RuntimeError as error:
        print(error, flush=True)

def ask_of(presence):
    presence.settings()

with connect("parent") as presence:
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        try:
            child = context.Process(target=ask) if method == "fork" else context.Process(
                target=ask_of, args=(presence,))
            child.start()
            child.join()
            print(child.exitcode, flush=True)
        except TypeError as error:
            print(error, flush=True)
    presence.ping()
"""


def test_no_way_of_multiprocessing_takes_a_presence_along(server: Any):
    ended = run(server, MULTIPROCESSING)
    in_fork, code, *refused = ended.stdout.splitlines()
    assert "is a fork of it" in in_fork
    assert code == "0"
    assert len(refused) == 2
    assert all("cannot be pickled or sent to another process" in line for line in refused)
    assert (ended.returncode, ended.stderr) == (0, "")


KILLED = """
with connect("parent") as presence:
    if os.fork() == 0:
        print("forked", flush=True)
        sys.stdin.read()
        os._exit(0)
    time.sleep(20)
"""


def test_a_child_that_lives_on_does_not_keep_its_dead_parent_online(
    start: Callable[..., Any],
):
    server = start(server={"connection_timeout": 60, "heartbeat_interval": 30})
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", HEAD + KILLED]
    # The child ends by itself when its input does, at the end of the block.
    with subprocess.Popen(
        [*command, server.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"forked\n"
        parent.kill()
        assert server.logged("client offline", within=10)["reason"] == "closed"


ENDS = {
    "by an exit handler that says goodbye": (
        "block = connect('a'); presence = block.__enter__(); atexit.register(presence.leave)",
        "left",
        "",
    ),
    "without leaving": ("block = connect('a'); block.__enter__()", "closed", ""),
    "while another object still asks": (
        """
class Late:
    def __init__(self):
        self.block, self.write = connect('a'), os.write
        self.presence = self.block.__enter__()
    def __del__(self):
        try:
            self.presence.ping()
        except RuntimeError as error:
            self.write(1, str(error).encode())
late = Late()
""",
        "closed",
        "the interpreter is exiting, and the presence has ended with it",
    ),
    "by sys.exit in the block": ("with connect('a'): sys.exit(0)", "closed", ""),
}


@pytest.mark.parametrize(("program", "reason", "printed"), ENDS.values(), ids=ENDS)
def test_a_program_ends_promptly(server: Any, program: str, reason: str, printed: str):
    ended = run(server, program)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, printed, "")
    assert server.logged("client offline")["reason"] == reason


INTERRUPTED = """
import asyncio
from lastseen.client import aio

async def main():
    async with aio.connect(sys.argv[1], client_id="a"):
        print("present", flush=True)
        await asyncio.sleep(20)

asyncio.run(main())
"""


def test_ctrl_c_ends_an_asyncio_program_at_once(server: Any):
    command = [sys.executable, "-c", HEAD + INTERRUPTED, server.address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"present\n"
        program.send_signal(signal.SIGINT)
        _, complaint = program.communicate(timeout=10)
    assert program.returncode == -signal.SIGINT
    assert complaint.splitlines()[-1] == b"KeyboardInterrupt"
    assert server.logged("client offline")["reason"] == "closed"
