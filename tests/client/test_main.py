"""`lastseen` as a whole: arguments in, an exit code and sentences out."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from lastseen.client.__main__ import main

BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


@pytest.fixture
def nowhere():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--json"],
        ["watch"],
        ["connect", "--id", "a"],
        ["ping"],
        ["settings"],
        ["stats"],
        ["list", "--all"],
        ["history", "web-01", "--since", "2d"],
        ["uptime"],
        ["forget", "web-01"],
        ["silence", "web-*", "--for", "2h"],
        ["silences"],
        ["unsilence", "7"],
        ["deliveries", "--failed"],
        ["retry", "7"],
        ["channels"],
        ["enable", "ops"],
        ["settings", "set", "heartbeat_interval", "30"],
    ],
)
def test_a_server_that_is_not_there_is_a_sentence_and_1(arguments, nowhere, capsys):
    assert main([*arguments, "--server", nowhere]) == 1
    told = capsys.readouterr()
    assert told.err == (
        f"lastseen: could not connect to {nowhere}: connection refused. "
        "Is the server running? Start it with `lastseen-server`.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bogus"], "bogus"),
        (["list", "--bogus"], "--bogus"),
        (["list", "--status", "gone"], "gone"),
        (["list", "--server", "host:http"], "expected a port from 1 to 65535"),
        (["list", "--server", ""], "expected an address like host:port"),
        (["ping", "-c", "0"], "-c"),
        (["ping", "-i", "0"], "-i"),
        (["connect", "--id", ""], "--id: expected"),
        (["connect", "--id", ""], "See `lastseen connect --help`."),
        (["settings", "--bogus"], "See `lastseen settings --help`."),
        (["connect", "--meta", "x"], "expected key=value, got 'x'"),
        (["connect", "--availability", "asleep"], "asleep"),
        (["settings", "set", "reap_interval", "1"], "reap_interval"),
        (["history"], "CLIENT"),
        (["history", "a", "--since", "2 fortnights"], "like 2d, 12h or 30min"),
        (["forget"], "CLIENT"),
        (["forget", "a", "b"], "b"),
        (["silence", "--for", "2h"], "CLIENT"),
        (["silence", "web-01"], "--for"),
        (["silence", "web-01", "--for", "5s"], "--for: expected a length from 1min to 365d"),
        (["unsilence", "x"], "ID"),
        (["retry"], "ID"),
        (["enable"], "CHANNEL"),
        (["deliveries", "--state", "lost"], "lost"),
        (["list", "--all", "--status", "late"], "--all and --status late"),
        (["settings", "set"], "expected a setting and its value"),
        (["list", "--search", "\x1b[2J", "--sort", "\x1b[2J"], r"\x1b[2J"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence_and_2(arguments, words, capsys):
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert told.err.startswith("lastseen: ")
    assert words in told.err
    assert "\x1b" not in told.err
    assert told.out == ""


def test_a_server_that_speaks_otherwise_is_not_said_to_be_missing(capsys):
    with socket.create_server(("127.0.0.1", 0)) as web:

        def refuse():
            with web.accept()[0] as link:
                link.recv(1000)
                link.sendall(b"HTTP/1.1 400 Bad Request\r\n")
                link.recv(1000)

        thread = threading.Thread(target=refuse)
        thread.start()
        assert main(["stats", "--server", f"127.0.0.1:{web.getsockname()[1]}"]) == 1
        thread.join()
    told = capsys.readouterr().err
    assert "an HTTP server answers there, not lastseen" in told
    assert "lastseen-server" not in told


def test_the_server_may_be_named_by_the_environment(nowhere, capsys, monkeypatch):
    monkeypatch.setenv("LASTSEEN_SERVER", nowhere)
    assert main(["stats"]) == 1
    assert nowhere in capsys.readouterr().err


def test_the_server_may_be_named_before_the_sub_command(nowhere, capsys):
    assert main(["--server", nowhere, "list"]) == 1
    assert nowhere in capsys.readouterr().err


def test_a_wrong_server_in_the_environment_is_a_usage_error(capsys, monkeypatch):
    monkeypatch.setenv("LASTSEEN_SERVER", "host:http")
    assert main(["stats"]) == 2
    assert "host:http" in capsys.readouterr().err


def test_output_that_cannot_be_written_is_a_sentence_and_1():
    with open("/dev/full", "w") as full:  # noqa: PTH123 (a device)
        done = subprocess.run(
            [sys.executable, "-m", "lastseen.client", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=BUFFERED,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == "lastseen: [Errno 28] No space left on device.\n"


def test_a_closed_output_is_nobodys_fault(nowhere):
    done = subprocess.run(
        ["sh", "-c", '"$0" -m lastseen.client --server "$1" list >&- 2>&-', sys.executable, nowhere]
    )
    assert done.returncode == 1


@pytest.mark.parametrize("arguments", [["--help"], ["completion", "--shell", "bash"]])
def test_a_reader_that_had_enough_is_no_failure(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "lastseen.client", *arguments],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=BUFFERED,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_ctrl_c_while_connecting_ends_with_130_and_without_a_word():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(10)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "lastseen.client", "list"),
                *("--server", f"127.0.0.1:{mute.getsockname()[1]}"),
            ],
            stderr=subprocess.PIPE,
        )
        with mute.accept()[0]:
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (130, b"")


READY = """
import signal, sys
from lastseen.client.__main__ import main
prepare = signal.signal

def prepare_and_tell(*arguments):
    prepare(*arguments)
    signal.signal = prepare
    print(flush=True)

signal.signal = prepare_and_tell
sys.exit(main())
"""


def test_ctrl_c_ends_quietly_with_130_whenever_it_comes():
    moments = random.Random(3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        server = f"127.0.0.1:{mute.getsockname()[1]}"
        for _ in range(12):
            process = subprocess.Popen(
                [sys.executable, "-c", READY, "list", "--server", server],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(moments.uniform(0.001, 0.3))  # in the midst of its imports, mostly
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=60)
            assert (process.returncode, told) == (130, b"")


DEAF = """
import os, signal, sys
from lastseen.client import __main__ as command

def run(_):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        while True:
            pass
    except BaseException:
        return 0

command._run = run
sys.exit(command.main())
"""


def test_ctrl_c_ends_the_process_even_where_an_exception_would_be_swallowed():
    done = subprocess.run([sys.executable, "-c", DEAF], stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (130, b"")
