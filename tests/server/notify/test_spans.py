from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.notify.spans import ago, moment, span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (-5, "0 seconds"),
        (0.4, "0 seconds"),
        (1, "1 second"),
        (59.6, "1 minute"),
        (125, "2 minutes 5 seconds"),
        (3600, "1 hour"),
        (3605, "1 hour"),
        (7_500, "2 hours 5 minutes"),
        (400 * 86_400 + 3 * 3600 + 59, "400 days 3 hours"),
    ],
)
def test_a_span_is_told_by_its_two_largest_units(seconds: float, words: str):
    assert span(seconds) == words


@given(st.floats(0, 1e9))
def test_a_span_never_says_more_than_there_was(seconds: float):
    lengths = {"day": 86_400, "hour": 3600, "minute": 60, "second": 1}
    words = span(seconds).split()
    told = sum(
        int(n) * lengths[u.rstrip("s")] for n, u in zip(words[::2], words[1::2], strict=True)
    )
    assert told <= seconds + 0.5


@pytest.mark.parametrize(
    ("unix", "zone", "words"),
    [
        (1_790_000_000, "UTC", "2026-09-21 14:13:20 UTC"),
        (1_790_000_000, "Europe/Berlin", "2026-09-21 16:13:20 CEST"),
        (1_800_000_000, "Europe/Berlin", "2027-01-15 09:00:00 CET"),
        (1_790_000_000, "America/Sao_Paulo", "2026-09-21 11:13:20 -03"),
    ],
)
def test_a_moment_is_told_by_the_clocks_of_a_time_zone(unix: float, zone: str, words: str):
    assert moment(unix, ZoneInfo(zone)) == words


@pytest.mark.parametrize(
    ("then", "words"),
    [(1000, "3 minutes ago"), (1180, "a few seconds ago"), (2000, "a few seconds ago")],
)
def test_how_long_ago_something_was_is_told_in_words(then: float, words: str):
    assert ago(then, 1190) == words
