"""When nothing is told, and of whom: also where clocks are changed."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lastseen.server.config.sections.notify import DAYS, Maintenance
from lastseen.server.notify.quiet import Matcher, closes_at, in_force, is_open, matcher_of
from lastseen.server.store.telling import Silence

BERLIN = "Europe/Berlin"
"""Clocks go from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25."""

REPEATABLE = settings(deadline=None, derandomize=True, database=None, max_examples=300)

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def window(start: str, end: str, *days: str, zone: str = BERLIN) -> Maintenance:
    return Maintenance(name="nightly", start=start, end=end, days=days, timezone=zone)


def unix(text: str, zone: str = BERLIN, *, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def clock(moment: float | None, zone: str = BERLIN) -> str:
    assert moment is not None
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%a %H:%M %Z")


# --- ordinary days -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "days", "at", "closes"),
    [
        ("22:30", "23:30", (), "2026-07-01 22:29:59", None),
        ("22:30", "23:30", (), "2026-07-01 22:30", "Wed 23:30 CEST"),
        ("22:30", "23:30", (), "2026-07-01 23:29:59", "Wed 23:30 CEST"),
        ("22:30", "23:30", (), "2026-07-01 23:30", None),
        # past midnight: it belongs to the day on which it starts
        ("23:30", "04:00", ("sat",), "2026-07-04 23:45", "Sun 04:00 CEST"),
        ("23:30", "04:00", ("sat",), "2026-07-05 03:59", "Sun 04:00 CEST"),
        ("23:30", "04:00", ("sat",), "2026-07-05 04:00", None),
        ("23:30", "04:00", ("sat",), "2026-07-05 23:45", None),
        ("23:30", "04:00", ("sat",), "2026-07-04 03:00", None),
        # to midnight, in both spellings
        ("22:00", "24:00", ("wed",), "2026-07-01 23:59", "Thu 00:00 CEST"),
        ("22:00", "00:00", ("wed",), "2026-07-01 23:59", "Thu 00:00 CEST"),
        ("22:00", "24:00", ("wed",), "2026-07-02 00:00", None),
        # a whole day
        ("00:00", "24:00", ("wed",), "2026-07-01 12:00", "Thu 00:00 CEST"),
        ("09:00", "09:00", ("wed",), "2026-07-02 08:59", "Thu 09:00 CEST"),
        ("09:00", "09:00", ("wed",), "2026-07-02 09:00", None),
    ],
)
def test_a_window_is_open_from_its_start_until_its_end(start, end, days, at, closes):
    found = closes_at(window(start, end, *days), unix(at))
    assert (None if found is None else clock(found)) == closes


def test_a_window_goes_by_the_clock_of_its_own_zone():
    at = unix("2026-07-01 12:00", "UTC")
    assert is_open(window("14:00", "15:00"), at)
    assert is_open(window("21:00", "22:00", zone="Asia/Tokyo"), at)
    assert not is_open(window("14:00", "15:00", zone="UTC"), at)


# --- days on which clocks are changed ------------------------------------------------------------


def test_clocks_that_are_set_on_make_a_window_an_hour_shorter():
    night = window("23:00", "05:00")
    assert closes_at(night, unix("2026-03-28 23:00")) == unix("2026-03-28 23:00") + 5 * HOUR


def test_clocks_that_are_set_back_make_a_window_an_hour_longer():
    night = window("23:00", "05:00")
    assert closes_at(night, unix("2026-10-24 23:00")) == unix("2026-10-24 23:00") + 7 * HOUR


@pytest.mark.parametrize(("start", "end"), [("02:30", "03:15"), ("02:15", "02:45")])
def test_a_window_whose_start_does_not_exist_that_day_is_not_left_out(start, end):
    found = minutes_open(window(start, end), "2026-03-29 00:00")
    assert len(found) >= 30
    assert unix("2026-03-29 03:00") in found


def test_a_window_whose_end_comes_twice_ends_the_second_time():
    backup = window("01:00", "02:30")
    assert closes_at(backup, unix("2026-10-25 01:00")) == unix("2026-10-25 02:30", fold=1)
    assert len(minutes_open(backup, "2026-10-25 00:00")) == 150


def test_a_window_whose_start_comes_twice_starts_the_first_time():
    assert is_open(window("02:30", "04:00"), unix("2026-10-25 02:30", fold=0))
    assert not is_open(window("02:30", "04:00"), unix("2026-10-25 02:29", fold=0))


def minutes_open(of: Maintenance, first: str) -> list[float]:
    """The minutes of 24 hours in which a window is open."""
    begin = unix(first)
    return [m for n in range(24 * 60) if is_open(of, m := begin + n * MINUTE)]


# --- laws ----------------------------------------------------------------------------------------

CHANGES = (
    (BERLIN, unix("2026-03-29 03:00")),
    (BERLIN, unix("2026-10-25 02:00", fold=1)),
    ("Australia/Lord_Howe", unix("2026-04-05 01:30", "Australia/Lord_Howe", fold=1)),
    ("Australia/Lord_Howe", unix("2026-10-04 02:30", "Australia/Lord_Howe")),
    ("Africa/Cairo", unix("2026-04-24 01:00", "Africa/Cairo")),  # from midnight on
    ("Africa/Cairo", unix("2026-10-29 23:00", "Africa/Cairo", fold=1)),
)
"""When clocks are changed somewhere: by an hour, or by half of one."""

clocks = (st.times() | st.times(time(0), time(4))).map("{:%H:%M}".format)
days = st.just([]) | st.sets(st.sampled_from(DAYS)).map(sorted)
minutes = st.integers(-300, 300) | st.integers(0, 2 * 365 * 1440)
situations = st.builds(
    lambda change, minute, start, end, days: (
        window(start, end, *days, zone=change[0]),
        change[1] + minute * MINUTE,
    ),
    st.sampled_from(CHANGES),
    minutes,
    clocks,
    clocks | st.just("24:00"),
    days,
)
"""A window and a moment: often near a change of its clocks."""


def by_the_clock_on_the_wall(of: Maintenance, wall: float) -> bool:
    """Whether somebody who looks at the clock and at the calendar would say that it is open."""
    now = datetime.fromtimestamp(wall, ZoneInfo(of.timezone))
    start, seen = time.fromisoformat(of.start), now.time()
    end = time.max if of.end == "24:00" else time.fromisoformat(of.end)

    def is_day(day: datetime) -> bool:
        return not of.days or DAYS[day.weekday()] in of.days

    if start < end:
        return is_day(now) and start <= seen < end
    return (is_day(now) and start <= seen) or (is_day(now - timedelta(days=1)) and seen < end)


def changes_nearby(of: Maintenance, wall: float) -> bool:
    """Whether clocks are changed within two days."""
    zone = ZoneInfo(of.timezone)
    near = (wall - 2 * DAY, wall, wall + 2 * DAY)
    return len({datetime.fromtimestamp(m, zone).utcoffset() for m in near}) > 1


@REPEATABLE
@given(situations)
def test_it_is_open_whenever_the_clock_on_the_wall_says_so(situation):
    of, wall = situation
    if by_the_clock_on_the_wall(of, wall):
        assert is_open(of, wall)


@REPEATABLE
@given(situations)
def test_and_at_no_other_time_save_when_clocks_are_changed(situation):
    of, wall = situation
    assume(not changes_nearby(of, wall))
    assert is_open(of, wall) == by_the_clock_on_the_wall(of, wall)


@settings(REPEATABLE, max_examples=60)
@given(situations)
def test_it_stays_open_each_minute_until_it_closes(situation):
    of, wall = situation
    closes = closes_at(of, wall)
    assume(closes is not None)
    assert wall < closes <= wall + 26 * HOUR
    minute = wall
    while minute < closes:
        assert is_open(of, minute)
        minute += MINUTE


# --- of whom -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matcher", "covered"),
    [
        (Matcher(), {"web-01", "web-02", "db-01"}),
        (Matcher(clients=("web-*",)), {"web-01", "web-02"}),
        (Matcher(clients=("web-01", "db-?1")), {"web-01", "db-01"}),
        (Matcher(groups=("rack-3",)), {"web-02", "db-01"}),
        (Matcher(clients=("web-*",), groups=("rack-3", "rack-4")), {"web-02"}),
        (Matcher(clients=("WEB-*",)), set()),
    ],
)
def test_who_is_covered_fits_the_names_and_the_groups(matcher, covered):
    clients = {"web-01": (), "web-02": ("rack-3",), "db-01": ("rack-3", "db")}
    assert {c for c, groups in clients.items() if matcher.covers(c, groups)} == covered


def test_only_what_covers_anybody_covers_all():
    assert Matcher().covers_all
    assert Matcher(clients=("db-1", "*")).covers_all
    assert not Matcher(clients=("web-*",)).covers_all
    assert not Matcher(clients=("*",), groups=("rack-3",)).covers_all


def test_in_force_is_what_is_not_over():
    silences = [Silence("over", None, 0.0, 100.0), Silence("now", None, 50.0, 101.0)]
    assert in_force(silences, (), 100.0, 0.0) == {Matcher(clients=("now",))}


def test_a_silence_goes_by_the_schedule_and_maintenance_by_the_wall_clock():
    ordered = Silence("web-*", None, 1000.0, 4600.0)
    window = Maintenance(name="a", clients=("nas-*",), start="20:30", end="20:31")
    at = unix("2026-07-01 22:30")
    assert in_force([ordered], (window,), 995.0, at) == {
        Matcher(clients=("web-*",)),
        Matcher(clients=("nas-*",)),
    }
    assert in_force([ordered], (window,), 4600.0, at - 86_400 + 60) == frozenset()


def test_in_force_is_what_is_planned_for_now():
    at = unix("2026-07-01 22:30")
    open_now = Maintenance(name="a", clients=("nas-*",), start="20:30", end="20:31")
    later = Maintenance(name="b", groups=("rack-3",), start="20:31", end="20:32")
    assert in_force((), (open_now, later), 0.0, at) == {Matcher(clients=("nas-*",))}


def test_a_silence_covers_whom_it_names():
    assert matcher_of(Silence("web-*", "rack-3", 0.0, 1.0)) == Matcher(("web-*",), ("rack-3",))
    assert matcher_of(Silence(None, "rack-3", 0.0, 1.0)) == Matcher((), ("rack-3",))
