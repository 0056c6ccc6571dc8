# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
"""What leaves for the LAN, and what is made of it when it cannot."""

from typing import Any

import pytest
import trio

from lastseen.server.links.lan_mail import Mail
from lastseen.shared.lan.conduct import Letter

ANN, BOB = ("10.0.0.2", 2425), ("10.0.0.3", 2425)


class Box:
    """Takes what is sent to all as two datagrams, unless there is a problem."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.problem: OSError | None = None

    def send_to_all(self, data: bytes) -> int:
        self.send(data, None)
        return 2

    def send(self, data: bytes, to: Any) -> None:
        if self.problem is not None:
            raise self.problem
        self.taken.append((data, to))


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def mail(box: Any) -> Mail:
    return Mail(box)


def test_datagrams_that_left_are_counted(mail, box):
    assert mail.send(Letter(b"a"))
    assert mail.send(Letter(b"b", ANN))
    assert box.taken == [(b"a", None), (b"b", ANN)]
    assert (mail.sent, mail.failed) == (3, 0)


def test_an_outage_is_told_once_by_each_reason_and_so_is_its_end(mail, box, capsys):
    for reason in ("Network is down", "Network is down", "No buffer space available"):
        box.problem = OSError(1, reason)
        assert not mail.send(Letter(b"a"))
    box.problem = None
    mail.send(Letter(b"a"))
    mail.send(Letter(b"a"))
    told = capsys.readouterr().err
    assert told.count("cannot announce") == 2
    assert told.count("again") == 1
    assert mail.failed == 3


def test_one_member_that_cannot_be_reached_is_no_outage(mail, box, capsys):
    box.problem = OSError(1, "No route to host")
    assert not mail.send(Letter(b"a", ANN))
    assert mail.failed == 1
    assert capsys.readouterr().err == ""


async def test_of_answers_that_wait_for_one_member_one_is_sent(mail, box, nursery, autojump_clock):
    mail.nursery = nursery
    for letter in (Letter(b"1", ANN, 2.0), Letter(b"2", ANN, 1.0), Letter(b"3", BOB, 1.0)):
        mail.answer(letter)
    mail.answer(Letter(b"4", ANN))
    await trio.sleep(3)
    assert box.taken == [(b"4", ANN), (b"3", BOB), (b"1", ANN)]
    mail.answer(Letter(b"5", ANN, 1.0))
    await trio.sleep(2)
    assert box.taken[-1] == (b"5", ANN)
