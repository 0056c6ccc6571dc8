import math

import pytest

from lastseen.client import ConnectFailed, Ended, Refused
from lastseen.client.ending import End, end_of, error_of, pause_after
from lastseen.shared.messages import Error, Goodbye

FULL = Error("server_full", "no room for more", retry_after=30.0)


def test_without_a_wish_of_the_server_the_backoff_decides():
    assert pause_after(End("broken"), iter([0.3])) == 0.3


def test_a_goodbye_is_kept_to_exactly():
    end = end_of(Goodbye("shutdown", reconnect=True, retry_after=7.25), None)
    assert pause_after(end, iter([0.3])) == 7.25


def test_an_error_is_waited_for_and_the_backoff_comes_on_top():
    end = end_of(Goodbye("server_full", reconnect=True), FULL)
    assert pause_after(end, iter([0.3])) == 30.3


@pytest.mark.parametrize("nonsense", [-1.0, math.nan, math.inf])
def test_a_time_that_cannot_be_waited_for_is_left_to_the_backoff(nonsense):
    goodbye = Goodbye("shutdown", reconnect=True, retry_after=nonsense)
    assert pause_after(end_of(goodbye, None), iter([0.3])) == 0.3
    odd = Error("server_full", "no", retry_after=nonsense)
    assert pause_after(End("broken", error=odd), iter([0.3])) == 0.3


@pytest.mark.parametrize(("asked", "kept"), [(0.05, 0.05), (3599.0, 3599.0), (1e9, 3600.0)])
def test_a_goodbye_keeps_us_away_for_an_hour_at_most(asked, kept):
    end = end_of(Goodbye("shutdown", reconnect=True, retry_after=asked), None)
    assert pause_after(end, iter([0.3])) == kept


@pytest.mark.parametrize("asked", [0.0, 0.049])
def test_a_goodbye_that_asks_for_no_time_is_left_to_the_backoff(asked):
    end = end_of(Goodbye("shutdown", reconnect=True, retry_after=asked), None)
    assert pause_after(end, iter([0.3])) == 0.3


def test_an_error_keeps_us_away_for_an_hour_at_most():
    assert pause_after(End("no", error=Error("server_full", "no", 1e9)), iter([0.3])) == 3600.3


def test_an_earlier_error_has_no_part_in_a_goodbye_for_another_reason():
    end = end_of(Goodbye("replaced", reconnect=False), Error("bad_settings", "too low"))
    assert (end.reason, end.reconnect) == ("the server said goodbye: replaced", False)
    ended = error_of(end, "h:1", reached=True)
    assert isinstance(ended, Ended)
    assert ended.reason == "replaced"


def test_the_error_that_a_goodbye_repeats_is_the_reason():
    refused = error_of(end_of(Goodbye("server_full", reconnect=True), FULL), "h:1", reached=False)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.retry_after) == ("server_full", 30.0)
    assert "no room for more" in str(refused)


def test_a_server_never_reached_is_named():
    error = error_of(End("connection refused"), "h:1", reached=False)
    assert isinstance(error, ConnectFailed)
    assert str(error) == "could not connect to h:1: connection refused"
