"""What a heartbeat may say of how long its client may be silent."""

import pytest

from lastseen.server.presence.heartbeat_limits import LimitsConflict, heartbeat_limits


@pytest.mark.parametrize(
    ("timeout", "every", "grace", "limits"),
    [
        (None, None, None, (120, None)),
        (90, None, None, (90, None)),
        (None, 60, 30, (90, 60)),
        (None, 60, 0, (60, 60)),
        (90, 60, 30, (90, 60)),
        (90, 60, None, (90, 60)),
        (60, 60, None, (60, 60)),
    ],
)
def test_what_makes_sense_is_combined(timeout, every, grace, limits):
    assert heartbeat_limits(timeout, every, grace, default=120) == limits


@pytest.mark.parametrize(
    ("timeout", "every", "grace", "sentence"),
    [
        (None, 60, None, "every: expected grace beside it, got every=60 alone"),
        (None, None, 30, "grace: expected every beside it, got grace=30 alone"),
        (90, None, 30, "grace: expected every beside it, got grace=30 alone"),
        (59, 60, None, "timeout: expected at least every = 60, got 59"),
        (90, 60, 10, "timeout: expected every [+] grace = 70, or none, got 90"),
        (9e6, 8640000, 0.5, "timeout: expected every [+] grace = 8640000.5, or none, got 9000000"),
    ],
)
def test_a_contradiction_is_told_with_the_field_and_both_values(timeout, every, grace, sentence):
    with pytest.raises(LimitsConflict, match=f"^{sentence}"):
        heartbeat_limits(timeout, every, grace, default=120)
