"""What broke a law is shortened to the least that still does."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import structs
from tests.simulation.__main__ import command
from tests.simulation.incidents import incidents
from tests.simulation.laws import Breach
from tests.simulation.shrinking import First, minimal, shrink
from tests.simulation.world import Plan

T = TypeVar("T")


def first(will_do: Callable[[T], object]) -> Callable[[Sequence[T]], T | None]:
    return lambda several: next((one for one in several if will_do(one)), None)


def first_breach(breaks: Callable[[Plan], Breach | None]) -> First:
    def found(plans: Sequence[Plan]) -> tuple[Plan, Breach] | None:
        return next(((plan, b) for plan in plans if (b := breaks(plan)) is not None), None)

    return found


def test_minimal_leaves_just_those_that_it_takes():
    assert minimal(range(100), first(lambda kept: {17, 80} <= set(kept))) == [17, 80]


def test_minimal_leaves_nobody_where_nobody_is_needed():
    assert minimal(range(100), first(lambda _: True)) == []


def test_minimal_leaves_everyone_where_each_is_needed():
    assert minimal(range(5), first(lambda kept: len(kept) == 5)) == [0, 1, 2, 3, 4]


def test_clients_then_incidents_then_time_are_left_out_as_long_as_the_law_is_broken():
    plan = Plan(1, tuple(range(50)), 36_000.0)
    needed = [i.number for i in incidents(1, 5_000.0)][2]

    def fails(tried: Plan) -> Breach | None:
        chosen = {i.number for i in incidents(1, tried.seconds)}
        if tried.incidents is not None:
            chosen &= set(tried.incidents)
        broken = 31 in tried.clients and needed in chosen
        return Breach(3, 5_000.0, "again") if broken else None

    shorter, breach = shrink(plan, Breach(3, 30_000.0, "first"), first_breach(fails))
    assert (shorter.clients, shorter.incidents) == ((31,), (needed,))
    assert shorter.seconds <= 5_060.0
    assert breach.how == "again"


def test_who_is_named_by_the_breach_is_tried_alone_at_once():
    tried: list[tuple[int, ...]] = []

    def fails(plan: Plan) -> Breach | None:
        tried.append(plan.clients)
        return Breach(1, 100.0, "moving-31 offline") if 31 in plan.clients else None

    plan = Plan(1, tuple(range(1000)), 600.0, ())
    shorter, _ = shrink(
        plan, Breach(1, 100.0, "moving-31 offline (timeout): 10.0.2.145"), first_breach(fails)
    )
    assert shorter.clients == (31,)
    assert len(tried) < 10


def test_the_printed_command_names_all_that_is_left():
    plan = structs.replace(Plan(7, (3, 17), 8_640.0), incidents=(4,))
    assert command(plan) == (
        "make simulate SEED=7 DAYS=0.100000 "
        "MORE=\"--only-clients 3,17 --only-incidents '4' --as-it-is\""
    )
