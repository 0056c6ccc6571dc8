from zoneinfo import ZoneInfo

import pytest

from lastseen.server.notify.spans import moment


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
