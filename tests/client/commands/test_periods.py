from datetime import UTC, timedelta, timezone

import pytest

from lastseen.client.commands.periods import lines, periods, to_dict


@pytest.fixture
def told(event, before, now):
    """The lines of events given as (seconds ago, status before, after, reason, silence)."""

    def told(*events, zone=UTC):
        made = [
            event(was, became, reason, at=before(ago), last_seen=before(ago + silence))
            for ago, was, became, reason, silence in events
        ]
        return list(lines(made, now, zone))

    return told


def test_a_line_tells_a_stay_and_what_followed(told):
    assert told(
        (11820, "offline", "online", "registered", 0),
        (480, "online", "offline", "timeout", 9),
        (240, "offline", "online", "returned", 0),
    ) == [
        "2026-03-04 08:43:00  online 3 h 9 min, then offline 4 min: timeout (last seen 9 s before)",
        "2026-03-04 11:56:00  online 4 min so far",
    ]


def test_who_was_late_and_came_back_has_a_line_for_each_stay(told):
    assert told(
        (100, "offline", "online", "registered", 0),
        (70, "online", "late", "closed", 5),
        (68, "late", "online", "returned", 0),
        (8, "online", "offline", "left", 0),
    ) == [
        "2026-03-04 11:58:20  online 30 s, then late 2 s: closed",
        "2026-03-04 11:58:52  online 1 min, then offline 8 s so far: left",
    ]


def test_a_client_that_was_replaced_began_anew(told):
    assert told(
        (100, "offline", "online", "registered", 0), (40, "online", "online", "replaced", 0)
    ) == [
        "2026-03-04 11:58:20  online 1 min",
        "2026-03-04 11:59:20  online 40 s so far: replaced",
    ]


def test_a_stay_over_a_restart_of_the_server_says_so(event, before, now):
    def restarted(epoch, was):
        events = [
            event("offline", "online", "registered", at=before(90), last_seen=before(90)),
            event(was, "online", "returned", at=before(30), epoch=epoch),
        ]
        return next(lines(events, now, UTC))

    plain = "2026-03-04 11:58:30  online 1 min"
    assert restarted("e2", "late") == f"{plain} (the server restarted meanwhile)"
    assert restarted("e1", "late") == plain  # the event between them was dropped
    assert restarted("e2", "online") == plain


def test_a_history_may_begin_with_anything(told):
    assert told((60, "late", "offline", "timeout", 120)) == [
        "2026-03-04 11:59:00  offline 1 min so far: timeout (last seen 2 min before)"
    ]


def test_times_are_told_in_the_zone_that_is_asked_for(told):
    east = timezone(timedelta(hours=2))
    [line] = told((3600, "offline", "online", "registered", 0), zone=east)
    assert line == "2026-03-04 13:00:00  online 1 h so far"


def test_a_clock_that_was_set_back_makes_no_negative_durations(told):
    assert told(
        (10, "offline", "online", "registered", 0), (20, "online", "offline", "left", -30)
    ) == ["2026-03-04 11:59:50  online 0 s, then offline 20 s so far: left"]


def test_nothing_happened_is_no_lines(told):
    assert told() == []


def test_json_has_every_field_and_how_long_it_was_so(event, before, now):
    events = [
        event("offline", "online", "registered", at=before(90)),
        event("online", "offline", "left", at=before(30)),
    ]
    first, last = map(to_dict, periods(events, now))
    assert list(first) == [*events[0].__struct_fields__, "duration"]
    assert (first["duration"], last["duration"]) == (60.0, None)
    assert (last["deadline"], last["address"]) == (None, "")
