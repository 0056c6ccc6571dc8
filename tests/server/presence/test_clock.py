"""Awake time: the server's own stalls are left out, and nothing else changes it."""

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.presence.clock import SAMPLE_INTERVAL, STALL_TOLERANCE, AwakeClock, suspended
from lastseen.server.presence.model import Moment


class Hand:
    """Both clocks, turned by hand."""

    def __init__(self) -> None:
        self.monotonic, self.wall = 50.0, 1_800_000_000.0
        self.asleep = 7.0  # whatever it was before the process began
        self.clock = AwakeClock(lambda: self.monotonic, lambda: self.wall, lambda: self.asleep)
        self.clock.sample()
        self.found: list[tuple[float, Moment]] = []
        self.clock.on_stall = lambda length, now: self.found.append((length, now))


@pytest.fixture
def hand() -> Hand:
    return Hand()


def test_awake_time_is_monotonic_time_while_the_sampler_comes_on_time(hand: Hand):
    for _ in range(100):
        hand.monotonic += SAMPLE_INTERVAL
        hand.clock.sample()
        assert hand.clock.now().awake == hand.monotonic
    assert (hand.clock.stalls, hand.found) == (0, [])


def test_a_stall_is_left_out_but_for_the_tolerance(hand: Hand):
    hand.monotonic += 100
    hand.clock.sample()
    assert hand.clock.now().awake == 50 + SAMPLE_INTERVAL + STALL_TOLERANCE
    assert hand.clock.stalls == 1
    assert hand.clock.stalled == 100 - SAMPLE_INTERVAL - STALL_TOLERANCE


def test_stalls_add_up_and_time_goes_on_between_them(hand: Hand):
    for _ in range(3):
        hand.monotonic += 10 + SAMPLE_INTERVAL + STALL_TOLERANCE
        hand.clock.sample()
    assert hand.clock.stalled == 30
    assert hand.clock.now().awake == 50 + 3 * (SAMPLE_INTERVAL + STALL_TOLERANCE)


def test_a_lateness_within_the_tolerance_is_ordinary_business(hand: Hand):
    hand.monotonic += SAMPLE_INTERVAL + STALL_TOLERANCE
    hand.clock.sample()
    assert hand.clock.now().awake == hand.monotonic
    assert hand.clock.stalls == 0


def test_whoever_reads_the_clock_first_after_a_stall_finds_it_and_nobody_finds_it_again(hand: Hand):
    hand.monotonic += 60
    first = hand.clock.now()
    assert first.awake == 50 + SAMPLE_INTERVAL + STALL_TOLERANCE
    hand.clock.sample()
    assert hand.clock.now() == first
    assert hand.clock.stalls == 1


def test_the_finder_of_a_stall_is_told_its_length_and_the_moment_after_it(hand: Hand):
    hand.monotonic += 60
    now = hand.clock.now()
    assert hand.found == [(60 - SAMPLE_INTERVAL - STALL_TOLERANCE, now)]


def test_steps_of_the_wall_clock_change_nothing_but_what_is_shown(hand: Hand):
    before = hand.clock.now()
    hand.wall -= 86_400
    after = hand.clock.now()
    assert (after.awake, after.wall) == (before.awake, before.wall - 86_400)
    hand.wall += 10 * 86_400
    hand.clock.sample()
    assert hand.clock.now().awake == before.awake
    assert hand.clock.stalls == 0


steps = st.tuples(st.floats(0, 5), st.sampled_from(["read", "sample"]))


@given(st.lists(steps, max_size=30))
def test_awake_time_never_runs_backwards_whoever_reads_when(done: list[tuple[float, str]]):
    hand = Hand()
    last = hand.clock.now().awake
    for seconds, what in done:
        hand.monotonic += seconds
        if what == "sample":
            hand.clock.sample()
        awake = hand.clock.now().awake
        assert last <= awake <= hand.monotonic
        last = awake


async def test_the_sampler_of_an_idle_server_finds_no_stall(autojump_clock: trio.testing.MockClock):
    clock = AwakeClock(trio.current_time)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clock.run)
        await trio.sleep(3600)
        nursery.cancel_scope.cancel()
    assert clock.stalls == 0
    assert clock.now().awake == autojump_clock.current_time()


async def test_a_blocked_loop_is_a_stall(autojump_clock: trio.testing.MockClock):
    clock = AwakeClock(trio.current_time)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clock.run)
        await trio.sleep(10.5)
        autojump_clock.jump(30)  # as if this task had computed for so long
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert clock.stalls == 1
    assert 30 - SAMPLE_INTERVAL <= clock.stalled <= 30


def test_a_suspension_is_told_of_once_and_moves_no_deadline_as_the_clock_stood_still(hand: Hand):
    hand.asleep += 600
    hand.wall += 600
    assert hand.clock.now() == Moment(50.0, hand.wall)
    hand.clock.now()
    assert hand.found == [(600, Moment(50.0, hand.wall))]
    assert (hand.clock.slept, hand.clock.stalls, hand.clock.stalled) == (600, 0, 0)


def test_a_stop_and_a_suspension_at_once_are_each_told_of(hand: Hand):
    hand.monotonic += 100
    hand.asleep += 600
    hand.clock.now()
    hand.clock.now()
    stall = 100 - SAMPLE_INTERVAL - STALL_TOLERANCE
    assert [length for length, _ in hand.found] == [stall, 600]


def test_the_machines_own_clocks_show_no_suspension_while_there_is_none():
    before = suspended()
    assert abs(suspended() - before) < STALL_TOLERANCE


def test_what_the_start_takes_is_no_stall():
    clock = AwakeClock(iter([5.0, 60.0, 60.0, 61.0]).__next__, lambda: 0.0, lambda: 0.0)
    clock.now()
    clock.sample()
    clock.now()
    assert clock.stalls == 0
