"""The log: one event a line, which no client can forge; and the level changes live."""

import io
import json
import sys
from collections.abc import Callable, Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.typing import FilteringBoundLogger

from lastseen.server import logs

Capsys = pytest.CaptureFixture[str]
Maker = Callable[[], FilteringBoundLogger]

HOSTILE = "x\n2026-01-01 00:00:00 [error    ] forged\r\x1b[31mred\x9b2J\u2028\u202e\t\x7ftail"


@pytest.fixture(autouse=True)
def _structlog_as_before() -> Iterator[None]:
    yield
    logs.configure("info", "console")
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_an_event_is_one_line_with_its_values(capsys: Capsys):
    logs.configure("info", "console")
    logs.get_logger().info("client registered", client_id="web-01", silence=1.5)
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "[info     ] client registered" in line
    assert line.rstrip().endswith("client_id=web-01 silence=1.5")


def test_json_is_an_object_a_line_with_a_time_in_utc(capsys: Capsys):
    logs.configure("info", "json")
    logs.get_logger().warning("client gone", client_id="web-01", reason="timeout")
    event = json.loads(capsys.readouterr().err)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "client gone",
        "level": "warning",
        "client_id": "web-01",
        "reason": "timeout",
    }


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_value_can_forge_a_line_or_command_a_terminal(form: logs.Format, capsys: Capsys):
    logs.configure("info", form)
    logs.get_logger().info("client registered", client_id=HOSTILE, meta={HOSTILE: [HOSTILE]})
    text = capsys.readouterr().err
    assert text.endswith("\n")
    assert text[:-1].isprintable()
    assert "forged" in text


@given(value=st.text())
@pytest.mark.parametrize("form", ["console", "json"])
def test_whatever_the_value_an_event_is_one_printable_line(form: logs.Format, value: str):
    logs.configure("info", form)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stream := io.StringIO())
        logs.get_logger().info("client registered", client_id=value)
    assert stream.getvalue()[:-1].isprintable()


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_cannot_forge_a_line_either(form: logs.Format, capsys: Capsys):
    logs.configure("info", form)
    error = ValueError(HOSTILE)
    logs.get_logger().error("connection failed", client_id="web-01", exc_info=error)
    text = capsys.readouterr().err
    first, *rest = text.splitlines()
    assert "connection failed" in first
    assert all(line.startswith("  ") for line in rest)
    assert all(line.isprintable() for line in rest)
    assert "\x1b" not in text


@pytest.mark.parametrize("make", [logs.get_logger, structlog.get_logger])
def test_a_logger_that_was_used_before_follows_a_change_of_level(make: Maker, capsys: Capsys):
    logs.configure("info", "console")
    log = make()
    bound = log.bind(client_id="web-01")
    log.info("one")
    log.debug("two")
    bound.debug("three")
    logs.set_level("debug")
    log.debug("four")
    bound.debug("five")
    logs.set_level("error")
    log.warning("six")
    bound.error("seven")
    assert [line.split()[4] for line in capsys.readouterr().err.splitlines()] == [
        "one",
        "four",
        "five",
        "seven",
    ]


@pytest.mark.parametrize("make", [logs.get_logger, structlog.get_logger])
def test_a_logger_that_was_used_before_follows_a_new_format(make: Maker, capsys: Capsys):
    logs.configure("info", "console")
    log = make()
    log.info("one")
    logs.configure("info", "json")
    log.info("two")
    assert json.loads(capsys.readouterr().err.splitlines()[1])["event"] == "two"


def test_a_call_below_the_level_reaches_no_processor(capsys: Capsys):
    logs.configure("info", "console")

    class Touchy:
        def __repr__(self) -> str:
            raise AssertionError("a value below the level was rendered")

    logs.get_logger().debug("message", value=Touchy())
    assert capsys.readouterr().err == ""
    nothing = structlog.make_filtering_bound_logger("info").debug
    assert logs.Logger.debug is nothing


def test_colours_are_for_terminals_without_no_color(monkeypatch: pytest.MonkeyPatch):
    def logged(stream: io.StringIO) -> str:
        monkeypatch.setattr(sys, "stderr", stream)
        logs.configure("info", "console")
        logs.get_logger().info("client registered")
        return stream.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in logged(Terminal())
    assert "\x1b[" not in logged(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in logged(Terminal())


def test_a_log_that_nobody_can_read_any_more_stops_nothing(monkeypatch: pytest.MonkeyPatch):
    logs.configure("info", "console")
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    logs.get_logger().info("client registered")


JOURNAL_LINES = [("debug", "<7>"), ("info", "<6>"), ("warning", "<4>"), ("error", "<3>")]


@pytest.mark.parametrize(("method", "prefix"), JOURNAL_LINES)
@pytest.mark.parametrize("form", ["console", "json"])
def test_the_journal_gets_the_priority_of_each_line(
    form: logs.Format, method: str, prefix: str, capsys: Capsys
):
    logs.configure("debug", form, journal=True)
    getattr(logs.get_logger(), method)("client gone", client_id="web-01")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(prefix)
    assert "client gone" in line


def test_the_journal_gets_the_priority_of_each_line_of_a_traceback(capsys: Capsys):
    logs.configure("info", "console", journal=True)
    logs.get_logger().error("connection failed", exc_info=ValueError("first\nsecond"))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) > 2
    assert all(line.startswith("<3>") for line in lines)


def test_the_journal_adds_the_time_itself(capsys: Capsys):
    logs.configure("info", "console", journal=True)
    logs.get_logger().info("client registered")
    assert capsys.readouterr().err == "<6>[info     ] client registered\n"
