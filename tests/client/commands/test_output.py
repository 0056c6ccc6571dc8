import json
import unicodedata
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastseen.client.commands.output import (
    ago,
    clock,
    long_duration,
    safe,
    seconds,
    short_duration,
    stamp,
    to_json,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("web-01", "web-01"),
        ("Küche 日本 🙂", "Küche 日本 🙂"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("two\nlines\r", r"two\nlines\r"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\x9b2J", r"\x9b2J"),
        ("a\u2028b", r"a\u2028b"),
        ("\udcff", r"\udcff"),
        ("👩\u200d🔧", "👩\u200d🔧"),
        ("a\u00a0b", "a\u00a0b"),
    ],
)
def test_what_a_terminal_might_obey_is_escaped_and_nothing_else(text, shown):
    assert safe(text) == shown


@settings(deadline=None)  # the first example pays for imports
@given(st.text(alphabet=st.characters()))
def test_no_control_character_survives(text):
    assert not {unicodedata.category(c) for c in safe(text)} & {"Cc", "Cs", "Zl", "Zp"}


@settings(deadline=None)  # the first example pays for imports
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_json_says_the_same_text_without_anything_that_a_terminal_obeys(text):
    line = to_json(text)
    assert json.loads(line) == text
    assert not {unicodedata.category(c) for c in line} & {"Cc", "Zl", "Zp"}


def test_json_times_are_utc_with_a_z(now):
    assert to_json({"time": now}) == '{"time":"2026-03-04T12:00:00Z"}'


@pytest.mark.parametrize(
    ("elapsed", "told"),
    [
        (0, "now"),
        (0.9, "now"),
        (1, "1 second ago"),
        (4, "4 seconds ago"),
        (10, "10 seconds ago"),
        (11, "11 seconds ago"),
        (59.9, "59 seconds ago"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (2 * 3600 + 5, "2 hours ago"),
        (86400, "1 day ago"),
        (9 * 86400, "9 days ago"),
        (40 * 86400, "40 days ago"),
        (800 * 86400, "800 days ago"),
    ],
)
def test_elapsed_time_is_told_in_its_largest_unit(now, before, elapsed, told):
    assert ago(before(elapsed), now) == told


def test_a_moment_in_the_future_is_now_because_clocks_differ(now):
    assert ago(now + timedelta(minutes=5), now) == "now"


def test_elapsed_time_does_not_depend_on_the_time_zone_of_now(now, before):
    elsewhere = now.astimezone(timezone(timedelta(hours=9)))
    assert ago(before(7200), elsewhere) == "2 hours ago"


@pytest.mark.parametrize(
    ("duration", "told"), [(60, "60 s"), (1.23, "1.2 s"), (0.04, "0 s"), (30.0, "30 s")]
)
def test_short_durations_have_a_decimal_where_it_says_something(duration, told):
    assert seconds(duration) == told


def test_long_durations_are_told_in_words():
    assert long_duration(7100) == "1 hour 58 minutes 20 seconds"
    assert long_duration(0.3) == "0 seconds"


def test_clock_and_stamp_keep_the_time_zone_that_they_are_given(now):
    elsewhere = now.astimezone(timezone(timedelta(hours=2)))
    assert clock(elsewhere) == "14:00:00"
    assert stamp(elsewhere) == "2026-03-04 14:00:00"
    assert isinstance(now, datetime)


@pytest.mark.parametrize(
    ("duration", "told"),
    [
        (0, "0 s"),
        (0.44, "0.4 s"),
        (1.9, "1 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (250, "4 min 10 s"),
        (11520, "3 h 12 min"),
        (3601, "1 h"),
        (86_400 + 7_300, "1 d 2 h"),
        (400 * 86_400, "400 d"),
    ],
)
def test_a_short_duration_has_its_two_largest_units(duration, told):
    assert short_duration(duration) == told
