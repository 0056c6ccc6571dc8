"""The clock of deliveries is not set: not by a step of the wall clock, only by time that passes."""

import time

import pytest

from lastseen.server.notify.schedule import Schedule, elapsed


class Machine:
    """A machine whose two clocks a test sets."""

    def __init__(self) -> None:
        self.wall, self.up = 1_800_000_000.0, 50.0
        self.schedule = Schedule(lambda: self.wall, lambda: self.up)


def test_it_begins_as_wall_time():
    assert Machine().schedule.now() == 1_800_000_000.0


def test_time_that_passes_counts():
    machine = Machine()
    machine.up += 7.5
    machine.wall += 7.5
    assert machine.schedule.now() == 1_800_000_007.5


@pytest.mark.parametrize("seconds", [-3600, 3600, -86_500, 400 * 86_400])
def test_a_clock_that_is_set_changes_nothing(seconds):
    machine = Machine()
    machine.wall += seconds
    assert machine.schedule.now() == 1_800_000_000.0


def test_by_default_it_is_the_machines_own_and_goes_on():
    schedule = Schedule()
    before = schedule.now()
    assert abs(before - time.time()) < 60
    while schedule.now() == before:
        pass
    assert schedule.now() > before


def test_what_has_elapsed_never_goes_back():
    readings = [elapsed() for _ in range(1000)]
    assert readings == sorted(readings)
