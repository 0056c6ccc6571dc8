from datetime import timedelta

import pytest

from lastseen.client.commands.lengths import length


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("45s", timedelta(seconds=45)),
        ("30min", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("1.5 d", timedelta(hours=36)),
        ("1w", timedelta(days=7)),
        ("0s", timedelta()),
    ],
)
def test_a_length_is_a_number_and_a_unit(text, meant):
    assert length(text) == meant


@pytest.mark.parametrize("text", ["", "2", "h", "2 fortnights", "-2h", "2h 30min", "2H", " 2h"])
def test_what_is_said_otherwise_is_none(text):
    assert length(text) is None


def test_what_no_calendar_holds_overflows():
    with pytest.raises(OverflowError):
        length("9" * 30 + "w")
