from datetime import UTC, datetime, timedelta

import pytest

from lastseen.client.commands.since import moment
from lastseen.client.commands.usage import UsageError


@pytest.fixture(autouse=True)
def in_new_york(live_in):
    live_in("America/New_York")


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("45s", timedelta(seconds=45)),
        ("30min", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("2d", timedelta(days=2)),
        ("1.5 d", timedelta(hours=36)),
        ("1w", timedelta(days=7)),
        ("0s", timedelta()),
    ],
)
def test_how_long_ago_is_counted_from_now(text, ago, now):
    assert moment(text, now) == now - ago


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T09:30:00Z", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01T09:30+02:00", datetime(2026, 3, 1, 7, 30, tzinfo=UTC)),
        ("2026-03-01T09:30", datetime(2026, 3, 1, 14, 30, tzinfo=UTC)),
        ("2026-03-01 09:30", datetime(2026, 3, 1, 14, 30, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 3, 1, 5, tzinfo=UTC)),
        ("2025-07-01", datetime(2025, 7, 1, 4, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_local(text, expected, now):
    assert moment(text, now) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2",
        "d",
        "-2d",
        "2m",
        "2 weeks",
        "nan d",
        "٢d",
        "yesterday",
        "99999999999d",
        "9" * 400 + "d",
        "2026-13-01",
        "0001-01-01",
        "\x1b[2J",
    ],
)
def test_what_means_no_moment_is_a_usage_error_that_says_what_is_expected(text, now):
    with pytest.raises(UsageError, match="expected how long ago, like 2d") as refused:
        moment(text, now)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize("text", ["2030-01-01", "2026-03-04T12:00:01Z"])
def test_a_moment_that_is_still_to_come_is_a_usage_error(text, now):
    with pytest.raises(UsageError, match="in the past"):
        moment(text, now)
