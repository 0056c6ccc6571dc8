"""The shortest world that still breaks the law that was broken: time is cut off, clients are left
out, then incidents, then time again, as long as it does (delta debugging, after Zeller). The first
guess is that those whom the breach names are enough.
"""

import re
from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from msgspec import structs
from tests.simulation.incidents import incidents
from tests.simulation.laws import Breach
from tests.simulation.world import Plan

T = TypeVar("T")

First = Callable[[Sequence[Plan]], tuple[Plan, Breach] | None]
"""Runs worlds: the first of these that breaks the law in question, and how; None where none does.
"""


def shrink(plan: Plan, breach: Breach, first: First) -> tuple[Plan, Breach]:
    """A shorter plan that breaks the same law, and how."""
    found = [(plan, breach)]

    def first_still(shorter: Sequence[Plan]) -> Plan | None:
        met = first(shorter)
        found.extend([] if met is None else [met])
        return None if met is None else met[0]

    def leave_out(what: Literal["clients", "incidents"], every: Sequence[int]) -> None:
        def first_kept(several: Sequence[Sequence[int]]) -> Sequence[int] | None:
            tried = [structs.replace(found[-1][0], **{what: tuple(kept)}) for kept in several]
            met = first_still(tried)
            return None if met is None else list(getattr(met, what))

        minimal(every, first_kept)

    _cut_short(plan, breach, first_still)
    plan, breach = found[-1]
    if named := _named(breach, plan):
        first_still([structs.replace(plan, clients=named)])
    leave_out("clients", found[-1][0].clients)
    plan = found[-1][0]
    leave_out("incidents", plan.incidents or [i.number for i in incidents(plan.seed, plan.seconds)])
    _cut_short(*found[-1], first_still)
    return found[-1]


def _named(breach: Breach, plan: Plan) -> tuple[int, ...]:
    """The clients of whom the breach speaks, by the numbers that their ids end in."""
    numbers = {int(number) for number in re.findall(r"[a-z]-(\d+)\b", breach.how)}
    return tuple(number for number in plan.clients if number in numbers)


def _cut_short(plan: Plan, breach: Breach, first: Callable[[Sequence[Plan]], Plan | None]) -> None:
    """End it soon after the law was broken; or, if that shows only at the end, ever earlier."""
    if breach.at + 60 < plan.seconds:
        first([structs.replace(plan, seconds=breach.at + 60)])
        return
    seconds = plan.seconds / 2
    while seconds > 600 and first([structs.replace(plan, seconds=seconds)]):
        seconds /= 2


def minimal(
    everything: Sequence[T], first: Callable[[Sequence[Sequence[T]]], Sequence[T] | None]
) -> Sequence[T]:
    """The fewest of some: none of them, a half, …, down to each by itself, is left out as long as
    `first` finds one among those selections that will do, as all does.
    """
    kept, parts = list(everything), 2
    if kept and first([[]]) is not None:
        return []
    while len(kept) > 1:
        size = -(-len(kept) // parts)
        rests = [kept[:start] + kept[start + size :] for start in range(0, len(kept), size)]
        rest = first([rest for rest in rests if rest])
        if rest is not None:
            kept, parts = list(rest), max(2, parts - 1)
        elif size == 1:
            break
        else:
            parts = min(len(kept), 2 * parts)
    return kept
