import io
import sys
from types import SimpleNamespace

import pytest

from lastseen.client.commands import terminal as module
from lastseen.client.commands.columns import Cell
from lastseen.client.commands.terminal import paintable, remark, say, say_rows, styled, width

LINES = [[Cell("● online", "green"), Cell("  "), Cell("[red]a[/red]", "bold")]]


class Stream(io.StringIO):
    def __init__(self, *, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


def replace_stdout(monkeypatch, stream):
    # Not sys.stdout itself: pytest puts its own there between a fixture and the test.
    monkeypatch.setattr(module, "sys", SimpleNamespace(stdout=stream, stderr=sys.stderr))
    return stream


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "77")
    return replace_stdout(monkeypatch, Stream(terminal=True))


@pytest.fixture
def pipe(monkeypatch):
    return replace_stdout(monkeypatch, Stream(terminal=False))


def test_a_terminal_is_given_colours_and_markup_is_just_text(terminal):
    say_rows(LINES)
    assert terminal.getvalue() == "\x1b[32m● online\x1b[0m  \x1b[1m[red]a[/red]\x1b[0m\n"
    assert width() == 77


def test_a_pipe_is_given_plain_text_of_any_width(pipe):
    say_rows(LINES)
    assert pipe.getvalue() == "● online  [red]a[/red]\n"
    assert width() is None


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_person_may_ask_for_no_colours(terminal, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    say_rows(LINES)
    assert terminal.getvalue() == "● online  [red]a[/red]\n"


@pytest.mark.usefixtures("terminal")
def test_an_empty_no_color_asks_for_nothing(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "")
    assert styled()


def test_a_dumb_terminal_is_not_painted(terminal, monkeypatch):
    assert terminal.isatty()
    assert paintable()
    monkeypatch.setenv("TERM", "dumb")
    assert not paintable()


def test_a_line_longer_than_the_terminal_is_cut(terminal):
    say_rows([[Cell("x" * 100)]])
    assert terminal.getvalue() == "x" * 76 + "…\n"


def test_remarks_go_beside_the_data(capsys):
    say("data")
    remark("12 online")
    assert capsys.readouterr() == ("data\n", "12 online\n")
