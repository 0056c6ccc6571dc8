"""The shortest world that still breaks the law that was broken: time is cut off, clients are left
out, then incidents, then time again, as long as it does (delta debugging, after Zeller). The first
guess is that those whom the breach names are enough.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import structs
from tests.simulation.incidents import incidents
from tests.simulation.laws import Breach
from tests.simulation.world import Plan

T = TypeVar("T")

Fails = Callable[[Plan], Breach | None]
"""Runs a world; how it broke the law in question, None where it did not."""


def shrink(plan: Plan, breach: Breach, fails: Fails) -> tuple[Plan, Breach]:
    """A shorter plan that breaks the same law, and how."""
    found = [(plan, breach)]

    def still(shorter: Plan) -> bool:
        met = fails(shorter)
        if met is not None:
            found.append((shorter, met))
        return met is not None

    _cut_short(plan, breach, still)
    plan, breach = found[-1]
    if named := _named(breach, plan):
        still(structs.replace(plan, clients=named))
    plan = found[-1][0]
    minimal(plan.clients, lambda kept: still(structs.replace(found[-1][0], clients=tuple(kept))))
    plan = found[-1][0]
    every = plan.incidents or tuple(i.number for i in incidents(plan.seed, plan.seconds))
    minimal(every, lambda kept: still(structs.replace(found[-1][0], incidents=tuple(kept))))
    _cut_short(*found[-1], still)
    return found[-1]


def _named(breach: Breach, plan: Plan) -> tuple[int, ...]:
    """The clients of whom the breach speaks, by the numbers that their ids end in."""
    numbers = {int(number) for number in re.findall(r"[a-z]-(\d+)\b", breach.how)}
    return tuple(number for number in plan.clients if number in numbers)


def _cut_short(plan: Plan, breach: Breach, still: Callable[[Plan], bool]) -> None:
    """End it soon after the law was broken; or, if that shows only at the end, ever earlier."""
    if breach.at + 60 < plan.seconds:
        still(structs.replace(plan, seconds=breach.at + 60))
        return
    seconds = plan.seconds / 2
    while seconds > 600 and still(structs.replace(plan, seconds=seconds)):
        seconds /= 2


def minimal(everything: Sequence[T], still: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """The fewest of some for which `still` holds, as it does for all: none of them, a half, …, down
    to each by itself, is left out as long as that goes well.
    """
    kept, parts = list(everything), 2
    if kept and still([]):
        return []
    while len(kept) > 1:
        size = -(-len(kept) // parts)
        for start in range(0, len(kept), size):
            rest = kept[:start] + kept[start + size :]
            if rest and still(rest):
                kept, parts = rest, max(2, parts - 1)
                break
        else:
            if size == 1:
                break
            parts = min(len(kept), 2 * parts)
    return kept
