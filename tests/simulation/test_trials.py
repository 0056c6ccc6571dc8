"""Worlds that are tried at once come to what they come to one after the other."""

import time
from multiprocessing.pool import ThreadPool
from threading import Event

from tests.simulation.laws import Breach
from tests.simulation.trials import Trials, trials
from tests.simulation.world import Plan

LONG = 60.0


def plan(seed: int) -> Plan:
    return Plan(seed, (), 60.0, calm=0.0)


def test_of_two_that_break_the_law_the_first_is_found_though_the_second_ends_sooner():
    second_ended = Event()

    def breaks(tried: Plan) -> Breach | None:
        if tried.seed == 1:
            assert second_ended.wait(LONG)
        else:
            second_ended.set()
        return Breach(1, 0.0, str(tried.seed)) if tried.seed else None

    with ThreadPool(2) as pool:
        found = Trials(pool, breaks, 2, time.monotonic() + LONG).first(map(plan, (0, 1, 2)))
    assert found == (plan(1), Breach(1, 0.0, "1"))


def test_once_time_is_up_none_breaks_anything():
    go_on = Event()

    def breaks(tried: Plan) -> Breach | None:
        go_on.wait(LONG)
        return Breach(1, 0.0, str(tried.seed))

    with ThreadPool(1) as pool:
        assert Trials(pool, breaks, 1, time.monotonic() + 0.05).first([plan(1)]) is None
        go_on.set()


def test_worlds_run_in_processes_of_their_own():
    with trials(law=1, minutes=1.0) as several:
        assert several.first(map(plan, (1, 2, 3))) is None
