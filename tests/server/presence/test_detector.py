"""Silence judged: when a session is late, when it is due, and when the detector doubts itself."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from lastseen.server.presence.detector import Detector
from lastseen.server.presence.model import (
    Client,
    LinklessSession,
    Moment,
    Policy,
    Session,
    State,
)

Make = Callable[..., Detector]


def at(awake: float) -> Moment:
    return Moment(awake, 0.0)


class CountedMoment(float):
    """An awake time that counts how often a queue entry is compared with it."""

    looks = 0

    def __sub__(self, other: float) -> float:
        self.looks += 1
        return float(self) - other


def session(detector: Detector, now: float = 0.0) -> Session:
    begun = Session(Client("c", at(now).wall), "", None, at(now))
    detector.begin(begun)
    return begun


def beating(
    detector: Detector, timeout: float, now: float = 0.0, every: float | None = None
) -> LinklessSession:
    begun = LinklessSession(Client("c", 0.0), "", None, at(now), via="http", timeout=timeout)
    detector.beat(begun, timeout, every, at(now))
    return begun


def restored(
    detector: Detector, timeout: float, silence: float, now: float, every: float | None = None
) -> LinklessSession:
    """A heartbeat session of the run before, silent for so many seconds when this one begins."""
    found = LinklessSession(
        Client("c", 0.0), None, None, at(now - silence), via="http", timeout=timeout, every=every
    )
    detector.restore(found, at(now))
    return found


def crowd(detector: Detector, moments: Iterable[float]) -> list[Session]:
    return [session(detector, moment) for moment in moments]


def turn_late(detector: Detector, now: float) -> None:
    for late in detector.overdue(at(now)):
        detector.silent(late)


def due(detector: Detector, now: float) -> list[Session]:
    """Make a pass: which sessions expire; others that are due are held."""
    turn_late(detector, now)
    found = detector.due(at(now))
    for session in found.held:
        detector.hold(session, at(now))
    return found.expired


@pytest.fixture
def new_detector() -> Make:
    """Intervals of 60 s, timeout 120 s, grace 5 s, unless said otherwise."""

    def make(**policy: Any) -> Detector:
        return Detector(Policy(**policy))

    return make


@pytest.fixture
def detector(new_detector: Make) -> Detector:
    return new_detector()


# --- late and due ---------------------------------------------------------------------------------


def test_late_after_one_and_a_half_heartbeat_intervals_of_silence(detector: Detector):
    quiet = session(detector)
    assert detector.overdue(at(89.9)) == []
    assert detector.overdue(at(90)) == [quiet]


def test_late_at_the_timeout_where_that_is_sooner(new_detector: Make):
    detector = new_detector(heartbeat_interval=60, connection_timeout=61)
    quiet = session(detector)
    assert detector.overdue(at(60.9)) == []
    assert due(detector, 61) == [quiet]


def test_a_sign_of_life_starts_the_wait_anew(detector: Detector):
    lively, quiet = crowd(detector, [0, 0])
    assert detector.heard(lively, at(80)) is False
    assert detector.overdue(at(90)) == [quiet]
    assert detector.overdue(at(170)) == [quiet, lively]


def test_due_when_silent_for_connection_timeout_since_the_last_sign_of_life(detector: Detector):
    quiet = session(detector)
    detector.heard(quiet, at(30))
    assert due(detector, 149.9) == []
    assert due(detector, 150) == [quiet]


def test_a_late_one_that_speaks_is_fresh_again_and_not_due(detector: Detector):
    back = session(detector)
    turn_late(detector, 100)
    assert detector.heard(back, at(110)) is True
    assert back.state is State.FRESH
    assert due(detector, 199) == []


def test_one_that_ended_is_never_due(detector: Detector):
    gone = session(detector)
    detector.end(gone)
    assert due(detector, 1000) == []
    assert len(detector) == 0


def test_a_due_one_stays_due_until_it_ends_or_speaks(detector: Detector):
    quiet = session(detector)
    assert due(detector, 120) == [quiet]
    assert due(detector, 130) == [quiet]
    detector.heard(quiet, at(131))
    assert due(detector, 132) == []


# --- broken links ---------------------------------------------------------------------------------


def test_a_broken_link_has_reconnect_grace_from_the_moment_it_broke(detector: Detector):
    broken = session(detector)
    detector.broke(broken, at(50))
    assert due(detector, 54.9) == []
    assert due(detector, 55) == [broken]


def test_without_grace_a_broken_link_is_due_at_the_next_look(new_detector: Make):
    detector = new_detector(reconnect_grace=0)
    broken = session(detector)
    detector.broke(broken, at(50))
    assert due(detector, 50) == [broken]


def test_after_a_stall_a_link_that_breaks_has_a_longer_grace(detector: Detector):
    broken = session(detector)
    detector.doubt(at(10))
    detector.broke(broken, at(20))
    assert due(detector, 20 + 124.9) == []
    assert due(detector, 20 + 125) == [broken]


def test_a_link_that_broke_before_the_stall_has_the_longer_grace_from_the_stall_on(
    detector: Detector,
):
    broken = session(detector)
    detector.broke(broken, at(8))
    detector.doubt(at(10))
    assert due(detector, 10 + 124.9) == []
    assert due(detector, 10 + 125) == [broken]


def test_doubt_is_over_one_connection_timeout_after_the_stall(detector: Detector):
    broken = session(detector)
    detector.doubt(at(10))
    detector.heard(broken, at(129))
    detector.broke(broken, at(130))
    assert due(detector, 135) == [broken]


def test_a_stall_adds_one_grace_to_the_deadline_of_a_heartbeat_and_never_restarts_it(
    detector: Detector,
):
    online, late = beating(detector, 100), beating(detector, 100, every=60)
    for stall in (50, 70, 90, 101):
        turn_late(detector, stall)
        detector.doubt(at(stall))
        assert due(detector, stall) == []
    assert (online.state, late.state) == (State.FRESH, State.SILENT)
    assert due(detector, 104.9) == []
    assert set(due(detector, 105)) == {online, late}


def test_a_heartbeat_takes_back_the_grace_of_a_stall_before_it(detector: Detector):
    job = beating(detector, 100)
    detector.doubt(at(50))
    detector.beat(job, 100, None, at(60))
    assert due(detector, 159.9) == []
    assert due(detector, 160) == [job]


def test_one_that_turns_late_after_another_was_given_more_time_still_expires_when_it_is_due(
    detector: Detector,
):
    first = beating(detector, 100, every=10)
    detector.doubt(at(1))
    second = beating(detector, 100, 2, every=10)
    turn_late(detector, 12)
    detector.doubt(at(13))
    turn_late(detector, 15)
    assert [first.state, second.state] == [State.SILENT, State.SILENT]
    assert due(detector, 105) == [first]
    assert due(detector, 107) == [first, second]


# --- mass loss ------------------------------------------------------------------------------------


def test_when_more_than_the_ratio_fall_silent_those_due_are_held_for_mass_loss_hold(
    detector: Detector,
):
    lost, well = crowd(detector, [0] * 11), crowd(detector, [100] * 10)
    assert due(detector, 120) == []
    assert detector.held == 11
    assert all(s.state is State.HELD for s in lost)
    assert all(s.state is State.FRESH for s in well)
    assert due(detector, 179.9) == []
    assert due(detector, 180) == lost


def test_exactly_the_ratio_is_no_mass_loss(detector: Detector):
    lost = crowd(detector, [0] * 10)
    crowd(detector, [100] * 10)
    assert due(detector, 120) == lost


def test_fewer_than_mass_loss_min_are_never_a_mass_loss(detector: Detector):
    lost = crowd(detector, [0] * 9)
    assert due(detector, 120) == lost


def test_a_ratio_of_one_never_holds(new_detector: Make):
    detector = new_detector(mass_loss_ratio=1)
    lost = crowd(detector, [0] * 20)
    assert due(detector, 120) == lost


def test_a_hold_of_zero_holds_nobody(new_detector: Make):
    detector = new_detector(mass_loss_hold=0)
    lost = crowd(detector, [0] * 20)
    assert due(detector, 120) == lost
    assert detector.held == 0


def test_a_mass_loss_is_seen_though_pings_are_spread_over_an_interval(detector: Detector):
    crowd(detector, range(60))  # all vanish at 60; each pass of 10 s finds some ten of them
    given_up = [s for now in range(120, 180, 10) for s in due(detector, now)]
    assert given_up == []
    assert detector.held == 51
    due(detector, 180)
    assert detector.held == 60


def test_those_that_speak_during_the_hold_are_fresh_again_and_the_others_are_due(
    detector: Detector,
):
    lost = crowd(detector, [0] * 20)
    due(detector, 120)
    for back in lost[:15]:
        assert detector.heard(back, at(150)) is True
    assert due(detector, 180) == lost[15:]
    assert detector.held == 5


def test_nobody_is_held_twice(detector: Detector):
    lost = crowd(detector, [0] * 20)
    assert due(detector, 120) == []
    assert due(detector, 180) == lost
    assert due(detector, 181) == lost


def test_a_held_one_whose_link_breaks_is_not_held_again(detector: Detector):
    lost = crowd(detector, [0] * 20)
    due(detector, 120)
    for broken in lost:
        detector.broke(broken, at(170))
    assert due(detector, 180) == lost


def test_broken_links_are_held_too_when_most_break(detector: Detector):
    lost = crowd(detector, [0] * 20)
    for broken in lost:
        detector.broke(broken, at(10))
    assert due(detector, 15) == []
    assert due(detector, 75) == lost


# --- timeouts of their own ------------------------------------------------------------------------


def test_with_a_timeout_alone_it_is_fresh_until_that_ends(detector: Detector):
    quick, slow = beating(detector, 20), beating(detector, 4000)
    assert due(detector, 19.9) == []
    assert due(detector, 20) == [quick]
    assert (quick.state, detector.deadline(quick)) == (State.FRESH, 20)
    detector.end(quick)
    assert due(detector, 3999.9) == []
    assert due(detector, 4000) == [slow]


def test_with_every_it_is_late_after_that_and_due_after_the_timeout(detector: Detector):
    job = beating(detector, 100, every=60)
    assert detector.overdue(at(59.9)) == []
    assert detector.overdue(at(60)) == [job]
    assert due(detector, 99.9) == []
    assert job.state is State.SILENT
    assert due(detector, 100) == [job]
    detector.beat(job, 100, 60, at(101))
    assert job.state is State.FRESH


def test_a_beat_starts_the_wait_anew_and_may_bring_another_timeout(detector: Detector):
    steady, changing = beating(detector, 20, every=15), beating(detector, 20, every=15)
    detector.beat(steady, 20, 15, at(10))
    detector.beat(changing, 100, 75, at(10))
    assert detector.overdue(at(25)) == [steady]
    assert detector.overdue(at(85)) == [steady, changing]
    turn_late(detector, 85)
    detector.beat(changing, 20, None, at(90))
    assert changing.state is State.FRESH
    assert due(detector, 90) == [steady]
    assert due(detector, 110) == [steady, changing]


def test_of_those_that_wait_equally_long_each_beat_moves_one_to_the_end(detector: Detector):
    lively, quiet = beating(detector, 20, every=15), beating(detector, 20, every=15)
    detector.beat(lively, 20, 15, at(10))
    assert detector.overdue(at(15)) == [quiet]


def test_a_changed_connection_timeout_is_not_theirs(detector: Detector):
    own = beating(detector, 200)
    detector.follow(Policy(heartbeat_interval=1, connection_timeout=2), at(1))
    assert due(detector, 199.9) == []
    assert due(detector, 200) == [own]


def test_the_time_of_one_of_the_run_before_goes_on_and_it_has_one_grace_more(detector: Detector):
    own = restored(detector, 300, silence=100, now=10)
    assert own.state is State.FRESH
    detector.doubt(at(150))
    assert due(detector, 10 + 204.9) == []
    assert due(detector, 10 + 205) == [own]


def test_one_of_the_run_before_is_late_or_on_time_as_its_heartbeat_says(detector: Detector):
    on_time = restored(detector, 300, silence=64.9, now=10, every=60)
    late = restored(detector, 300, silence=65, now=10, every=60)
    over = restored(detector, 60, silence=70, now=10)
    assert [s.state for s in (on_time, late, over)] == [State.FRESH, State.SILENT, State.SILENT]
    assert due(detector, 10) == [over]


def test_restored_in_any_order_each_expires_when_it_is_due(detector: Detector):
    found = [restored(detector, 300, silence, now=10) for silence in (50, 200, 100)]
    assert due(detector, 10 + 105) == [found[1]]
    assert due(detector, 10 + 205) == [found[1], found[2]]


def test_a_grace_that_changes_later_changes_nothing_for_one_of_the_run_before(detector: Detector):
    own = restored(detector, 300, silence=0, now=0)
    detector.follow(Policy(reconnect_grace=60), at(302))
    assert due(detector, 304.9) == []
    assert due(detector, 305) == [own]


def test_a_mass_loss_counts_everyone_and_holds_everyone(detector: Detector):
    linked, lost = crowd(detector, [100] * 10), [beating(detector, 20 + n) for n in range(11)]
    assert due(detector, 120) == []
    assert detector.held == 11
    detector.beat(lost[0], 200, None, at(150))
    for lively in linked:
        detector.heard(lively, at(150))
    assert due(detector, 180) == lost[1:]


def test_those_that_are_on_time_never_count_as_silent(detector: Detector):
    lost = crowd(detector, [0] * 10)
    for n in range(10):
        beating(detector, 121 + n)
    assert due(detector, 120) == lost


def test_of_the_run_before_those_that_are_on_time_do_not_count_as_silent_either(
    detector: Detector,
):
    for _ in range(12):
        restored(detector, 90_000, silence=80_000, now=10)
    lost, *_ = crowd(detector, [10] * 5)
    detector.broke(lost, at(20))
    assert due(detector, 25) == [lost]


def test_the_quiet_are_those_silent_for_half_of_their_timeout_until_they_speak(detector: Detector):
    one, other = beating(detector, 20, every=15), beating(detector, 100)
    session(detector)
    assert detector.quiet(at(9.9)) == []
    assert detector.quiet(at(10)) == [one]
    turn_late(detector, 15)
    assert set(detector.quiet(at(50))) == {one, other}
    detector.beat(one, 20, 15, at(51))
    assert detector.quiet(at(51)) == [other]


def test_timeouts_that_nobody_has_any_more_are_forgotten(detector: Detector):
    first, second, third = (beating(detector, timeout, every=15) for timeout in (20, 30, 40))
    detector.end(first)
    detector.beat(second, 40, 15, at(1))
    assert {limits.timeout for limits in detector._own} == {40}
    turn_late(detector, 31)
    detector.end(second)
    detector.end(third)
    assert detector._own == {}
    assert len(detector) == 0


# --- settings -------------------------------------------------------------------------------------


def test_shorter_intervals_make_nobody_late_for_the_time_before(detector: Detector):
    quiet = session(detector)
    detector.follow(Policy(heartbeat_interval=10, connection_timeout=20), at(60))
    assert detector.overdue(at(74.9)) == []
    assert detector.overdue(at(75)) == [quiet]


def test_shorter_intervals_extend_no_wait_beyond_its_old_end(detector: Detector):
    quiet = session(detector)
    detector.follow(Policy(heartbeat_interval=10, connection_timeout=20), at(80))
    assert detector.overdue(at(89.9)) == []
    assert detector.overdue(at(90)) == [quiet]


def test_settings_that_change_again_and_again_put_nothing_off(detector: Detector):
    quiet = session(detector)
    turn_late(detector, 95)
    for second in range(95, 120):
        timeout = 119 if second % 2 else 120
        detector.follow(Policy(connection_timeout=timeout), at(second))
        assert due(detector, second) == []
    assert due(detector, 120) == [quiet]


def test_settings_that_are_not_about_waiting_change_no_deadline(detector: Detector):
    quiet = session(detector)
    turn_late(detector, 95)
    detector.follow(Policy(max_clients=7, duplicate="share"), at(119))
    assert due(detector, 120) == [quiet]


def test_a_shorter_timeout_gives_up_on_nobody_for_the_time_before(detector: Detector):
    quiet = session(detector)
    turn_late(detector, 95)
    detector.follow(Policy(heartbeat_interval=10, connection_timeout=20), at(100))
    assert due(detector, 119.9) == []
    assert due(detector, 120) == [quiet]


def test_a_longer_timeout_counts_for_those_that_are_late_already(detector: Detector):
    quiet = session(detector)
    turn_late(detector, 95)
    detector.follow(Policy(connection_timeout=300), at(100))
    assert due(detector, 299.9) == []
    assert due(detector, 300) == [quiet]


# --- the price ------------------------------------------------------------------------------------

CROWD = 5_000


@pytest.mark.parametrize("expired", [0, 1, 40])
def test_a_pass_looks_at_those_expired_and_not_at_the_others(detector: Detector, expired: int):
    crowd(detector, [0] * expired)
    others = crowd(detector, [100] * CROWD)
    for broken in others[:1000]:
        detector.broke(broken, at(119))
    now = CountedMoment(120)
    for late in detector.overdue(Moment(now, 0.0)):
        detector.silent(late)
    assert len(detector.due(Moment(now, 0.0)).expired) == expired
    # Each is looked at once as late and once as due; then one more in each of five queues at most,
    # and twice the time since the settings changed.
    assert now.looks <= 2 * expired + 5 + 2


def test_a_pass_looks_once_at_each_timeout_of_its_own_and_at_those_expired(detector: Detector):
    for n in range(CROWD):
        beating(detector, 200 + n % 7, now=100)
    expired = [beating(detector, 20, now=105, every=15) for _ in range(3)]
    now = CountedMoment(120)
    assert detector.overdue(Moment(now, 0.0)) == expired
    assert now.looks <= 3 + 8


def test_signs_of_life_keep_the_queue_in_order_so_that_one_look_suffices(detector: Detector):
    everyone = crowd(detector, [0] * CROWD)
    for index, lively in enumerate(reversed(everyone[10:])):
        detector.heard(lively, at(50 + index / CROWD))
    now = CountedMoment(100)
    assert detector.overdue(Moment(now, 0.0)) == everyone[:10]
    assert now.looks <= 10 + 1 + 1
