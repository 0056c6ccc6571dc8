# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
"""`lastseen watch` on a pseudo-terminal, as a person sees it, and what it asks for meanwhile."""

import errno
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios

import pytest
import trio

from lastseen.client import Connected, Disconnected, LinkLost, Unreachable
from lastseen.client.commands import live
from lastseen.client.commands.board import Board
from lastseen.shared.messages import GetSettings


class Person:
    """Sits before a pseudo-terminal 10 lines high.

    Attributes:
        seen: Everything that was painted so far.
    """

    def __init__(self, command, address):
        self._terminal, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 100, 0, 0))
        self.seen = ""
        self.process = command(
            *("watch", "--server", address), stdin=inside, stdout=inside, stderr=subprocess.STDOUT
        )
        os.close(inside)

    async def sees(self, words):
        """Wait until these words are painted, from now on."""
        with trio.fail_after(60):
            while words not in self.seen:
                await self._look()
        self.seen = self.seen.partition(words)[2]

    async def sees_the_end(self):
        """Wait for the process; its exit code, and what was painted last."""
        with trio.fail_after(60):
            while await self._look():
                pass
        return await trio.to_thread.run_sync(self.process.wait), self.seen

    def press(self, keys):
        os.write(self._terminal, keys)

    async def _look(self):
        await trio.lowlevel.wait_readable(self._terminal)
        try:
            data = os.read(self._terminal, 65536)
        except OSError as error:
            if error.errno != errno.EIO:  # how Linux says that the other side is closed
                raise
            return False
        self.seen += data.decode()
        return True

    def leave(self):
        os.close(self._terminal)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.fixture
async def person(command, address, quiet_server, record):
    quiet_server.records = {f"web-{n:02}": record(f"web-{n:02}") for n in range(12)}
    person = Person(command, address)
    yield person
    person.leave()


class Listing:
    """An observer of which only lists are asked: each answers with the next of `answers`."""

    def __init__(self, *answers):
        self.answers = list(answers)

    async def clients(self):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        for record in answer:
            yield record


async def refreshed(board, observer, seconds):
    shown = live._Watch("h:1")
    shown.board = board
    with trio.move_on_after(seconds):
        await live._refresh(shown, observer)
    return {name: known.last_seen for name, known in board.present.items()}


def board_of(*records):
    board = Board()
    board.present = {record.client_id: record for record in records}
    return board


async def test_the_times_of_the_last_pings_are_asked_for_every_ten_seconds(
    record, before, autojump_clock
):
    board = board_of(record("a", last_seen=before(30)))
    observer = Listing([record("a", last_seen=before(20))], [record("a", last_seen=before(10))])
    assert await refreshed(board, observer, 9) == {"a": before(30)}
    assert await refreshed(board, observer, 11) == {"a": before(20)}
    assert await refreshed(board, observer, 11) == {"a": before(10)}


async def test_a_list_that_finds_no_link_is_asked_for_again(record, before, autojump_clock):
    board = board_of(record("a", last_seen=before(30)))
    observer = Listing(LinkLost("gone"), [record("a", last_seen=before(10))])
    assert await refreshed(board, observer, 21) == {"a": before(10)}


async def test_a_crowd_is_not_asked_for_again(record, monkeypatch, autojump_clock):
    monkeypatch.setattr(live, "_REFRESH_AT_MOST", 2)
    board = board_of(*(record(name) for name in "abc"))
    observer = Listing([])
    await refreshed(board, observer, 60)
    assert observer.answers == [[]]


def test_the_banner_says_what_is_wrong_until_the_link_is_back():
    shown = live._Watch("h:1")
    assert shown.screen.banner
    shown.on_event(Connected("h:1", None))
    assert shown.screen.banner == ""
    shown.on_event(Disconnected("the connection broke", 1.0))
    assert shown.screen.banner == "lost h:1: the connection broke; retrying in 1 s"
    shown.on_event(Unreachable("connection refused", 2.0))
    assert shown.screen.banner == "cannot reach h:1: connection refused; retrying in 2 s"
    shown.on_event(Connected("h:1", None))
    assert shown.screen.banner == ""


@pytest.mark.end_to_end
async def test_changes_are_painted_and_ctrl_c_restores_the_terminal(person, quiet_server, record):
    await person.sees("12 online, 0 late")
    await person.sees("web-05")
    await quiet_server.change(updates=[record("web-01", status="late", reason="silent")])
    await person.sees("11 online, 1 late")
    person.process.send_signal(signal.SIGINT)
    code, last = await person.sees_the_end()
    assert code == 130
    assert "Traceback" not in last
    assert last.endswith("\x1b[?25h\x1b[?1049l")  # the cursor is shown, the screen is as before


@pytest.mark.end_to_end
async def test_keys_turn_the_pages_and_end_the_watch(person):
    await person.sees("1 to 6 of 12, page 1 of 2")
    person.press(b" ")
    await person.sees("7 to 12 of 12, page 2 of 2")
    person.press(b"q")
    code, _ = await person.sees_the_end()
    assert code == 0


@pytest.mark.end_to_end
async def test_a_restart_of_the_server_is_told_in_a_banner(person, quiet_server):
    await person.sees("12 online")
    answer = quiet_server.answers[GetSettings]
    quiet_server.answers[GetSettings] = lambda _, __: []  # not yet, so that the banner stays
    await quiet_server.restart()
    await person.sees("lost 127.0.0.1")
    quiet_server.answers[GetSettings] = answer
    del quiet_server.records["web-00"]
    await quiet_server.cut()
    await person.sees("11 online, 0 late, 1 offline")
    person.process.send_signal(signal.SIGTERM)
    code, _ = await person.sees_the_end()
    assert code == 0
