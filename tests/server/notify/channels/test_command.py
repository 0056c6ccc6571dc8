"""Commands, run for real."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from lastseen.server.config.sections.kinds import Command
from lastseen.server.notify.channels.command import CommandSender
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.notice import Message
from lastseen.server.notify.webhook_body import body

MakeMessage = Callable[..., Message]
Script = Callable[..., CommandSender]
PATIENCE = 30.0


@pytest.fixture
def message(make_message: MakeMessage) -> Message:
    return make_message()


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Makes a channel that runs a shell script of this text."""

    def make(text: str, *arguments: str, **settings: Any) -> CommandSender:
        path = tmp_path / "script"
        path.write_text(f"#!/bin/sh\ncd {tmp_path}\n{text}\n")
        path.chmod(0o755)
        argv = (str(path), *arguments)
        return CommandSender(Command(name="x", argv=argv, **{"timeout": PATIENCE, **settings}))

    return make


async def refusal(sender: CommandSender, message: Message) -> TransportError:
    with pytest.raises(TransportError) as caught, trio.fail_after(2 * PATIENCE):
        await sender.send(message)
    return caught.value


async def test_a_program_reads_the_webhooks_body(script: Script, tmp_path: Path, message: Message):
    await script("cat > got").send(message)
    assert (tmp_path / "got").read_bytes() == body(message)


async def test_no_shell_reads_the_arguments(script: Script, tmp_path: Path, message: Message):
    await script('printf "%s|" "$@" > got', "a b", "$HOME", "; touch x").send(message)
    assert (tmp_path / "got").read_text() == "a b|$HOME|; touch x|"


async def test_the_environment_says_what_happened_and_holds_nothing_of_ours(
    script: Script, tmp_path: Path, message: Message, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TELEGRAM_TOKEN", "secret")
    await script("env > got").send(message)
    found = dict(line.split("=", 1) for line in (tmp_path / "got").read_text().splitlines())
    assert found["LASTSEEN_EVENT"] == "client.offline"
    assert found["LASTSEEN_MESSAGE"] == message.id
    assert found["LASTSEEN_CLIENT"] == "web-01"
    assert found["PATH"] == os.environ["PATH"]
    assert "TELEGRAM_TOKEN" not in found


async def test_a_program_that_does_not_read_is_no_failure(script: Script, make_message):
    big = make_message(meta={f"k{n}": "x" * 256 for n in range(16)})
    await script("exec <&-; exit 0").send(Message("m", big.items * 2000, digest=True))


async def test_a_failure_is_told_with_its_code_and_its_last_words(script: Script, message: Message):
    error = await refusal(script("echo first; echo 'no siren here' >&2; exit 3"), message)
    assert str(error) == "ended with exit code 3: no siren here"
    assert not error.permanent


async def test_what_a_program_prints_is_no_control_of_a_terminal(script: Script, message: Message):
    error = await refusal(script(r"printf '\033[31mred\377'; exit 1"), message)
    assert str(error).isprintable()


async def test_a_program_that_prints_without_end_is_kept_from_filling_the_memory(
    script: Script, message: Message
):
    error = await refusal(script("head -c 5000000 /dev/zero | tr '\\0' x; exit 1"), message)
    assert len(str(error)) < 300


async def test_an_end_by_a_signal_is_told(script: Script, message: Message):
    assert str(await refusal(script("kill -9 $$"), message)) == "was ended by signal 9"


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("/nowhere/siren", "No such file or directory"),
        ("no-such-siren", "No such file or directory"),
        ("{}/plain", "Permission denied"),
        ("{}/garbled", "Exec format error"),
        ("{}/plain/x", "Not a directory"),
    ],
)
async def test_a_program_that_cannot_be_run_will_not_run_later(
    program: str, why: str, tmp_path: Path, message: Message
):
    (tmp_path / "plain").touch(0o644)
    (tmp_path / "garbled").touch(0o755)
    (tmp_path / "garbled").write_bytes(b"\0\1\2")
    program = program.format(tmp_path)
    error = await refusal(CommandSender(Command(name="x", argv=(program,))), message)
    assert str(error) == f"{program} cannot be run: {why}"
    assert error.permanent


async def test_a_program_that_hangs_is_killed_with_all_that_it_started(
    script: Script, tmp_path: Path, message: Message
):
    sender = script("echo $$ > pids; sleep 1000 & echo $! >> pids; wait", timeout=1.0)
    error = await refusal(sender, message)
    assert str(error) == "did not end within 1 s, and was killed"
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    with pytest.raises(ProcessLookupError):  # which it would not be as a zombie
        os.kill(pids[0], 0)
    until = time.monotonic() + PATIENCE
    while _runs(pids[1]) and time.monotonic() < until:  # noqa: ASYNC110 - of another process
        await trio.sleep(0.01)
    assert not _runs(pids[1])


async def test_what_a_program_left_running_is_not_waited_for(
    script: Script, tmp_path: Path, message: Message
):
    with trio.fail_after(PATIENCE):
        await script("sleep 60 & echo $! > pid", timeout=2 * PATIENCE).send(message)
    os.kill(int((tmp_path / "pid").read_text()), 9)


async def test_a_cancelled_sender_leaves_no_program_behind(
    script: Script, tmp_path: Path, message: Message
):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(script("echo $$ > pid.new; mv pid.new pid; sleep 1000").send, message)
        with trio.fail_after(PATIENCE):
            while not (tmp_path / "pid").exists():  # noqa: ASYNC110 - of another process
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    assert not _runs(int((tmp_path / "pid").read_text()))


async def test_of_a_digest_no_client_is_named(script: Script, tmp_path: Path, message: Message):
    await script("env > got").send(Message("m", message.items, digest=True))
    told = (tmp_path / "got").read_text()
    assert "LASTSEEN_EVENT=clients.digest" in told
    assert "LASTSEEN_CLIENT=" not in told


async def test_the_input_is_json(script: Script, tmp_path: Path, message: Message):
    await script("cat > got").send(message)
    assert json.loads((tmp_path / "got").read_text())["type"] == "client.offline"


def _runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
