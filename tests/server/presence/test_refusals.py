"""Refusals are counted one by one, and logged at most once a second."""

from collections.abc import Callable
from typing import Any

import pytest

from lastseen.server.presence import refusals as module
from lastseen.server.presence.refusals import Refusals

Lines = list[dict[str, Any]]


class Time:
    now = 100.0


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """The lines of the log."""
    found: Lines = []

    class Log:
        def warning(self, event: str, **fields: Any) -> None:
            found.append({"event": event} | fields)

    monkeypatch.setattr(module, "log", Log())
    return found


@pytest.fixture
def record() -> Callable[..., Refusals]:
    refusals = Refusals(lambda: Time.now)

    def record(code: str, at: float) -> Refusals:
        Time.now = at
        refusals.record(code, "too many", address="192.0.2.7:1")
        return refusals

    return record


def test_the_first_is_logged_at_once_with_its_code_and_sentence(
    record: Callable[..., Refusals], lines: Lines
):
    record("server_full", 100.0)
    assert lines == [
        {
            "event": "refused",
            "code": "server_full",
            "why": "too many",
            "address": "192.0.2.7:1",
            "more": 0,
        }
    ]


def test_a_flood_is_one_line_a_second_that_tells_how_many_more_there_were(
    record: Callable[..., Refusals], lines: Lines
):
    for number in range(1000):
        refusals = record("server_full", 100.0 + number / 250)
    assert refusals.counts == {"server_full": 1000}
    assert [line["more"] for line in lines] == [0, 249, 249, 249]


def test_each_code_has_its_own_line(record: Callable[..., Refusals], lines: Lines):
    record("server_full", 100.0)
    refusals = record("too_many_watchers", 100.1)
    record("server_full", 100.2)
    assert [line["code"] for line in lines] == ["server_full", "too_many_watchers"]
    assert refusals.counts == {"server_full": 2, "too_many_watchers": 1}
