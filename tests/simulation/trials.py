"""Worlds tried several at once, in processes of their own; what comes of it is as if they had been
tried one after the other.
"""

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing.pool import AsyncResult, Pool

from tests.simulation.laws import Breach, Breached
from tests.simulation.world import Plan, World


class Trials:
    """Looks for the first of several plans that breaks a law."""

    def __init__(
        self, pool: Pool, breaks: Callable[[Plan], Breach | None], abreast: int, until: float
    ) -> None:
        """Once time is up (`time.monotonic`), no world breaks anything."""
        self._pool = pool
        self._breaks = breaks
        self._abreast = abreast
        self._until = until

    def first(self, plans: Iterable[Plan]) -> tuple[Plan, Breach] | None:
        """The first in their order, and how it breaks it. Those begun behind it are left alone."""
        coming = iter(plans)
        under_way = deque(map(self._begin, islice(coming, self._abreast)))
        while under_way and (left := self._until - time.monotonic()) > 0:
            plan, result = under_way.popleft()
            try:
                breach = result.get(left)
            except multiprocessing.TimeoutError:
                break
            if breach is not None:
                return plan, breach
            under_way.extend(map(self._begin, islice(coming, 1)))
        return None

    def _begin(self, plan: Plan) -> tuple[Plan, AsyncResult[Breach | None]]:
        return plan, self._pool.apply_async(self._breaks, (plan,))


@contextmanager
def trials(law: int, minutes: float) -> Iterator[Trials]:
    """For so long; then, or at the end, worlds that are under way end with their processes."""
    abreast = len(os.sched_getaffinity(0))
    with multiprocessing.get_context("spawn").Pool(abreast) as pool:
        yield Trials(pool, partial(breaks, law), abreast, time.monotonic() + minutes * 60)


def breaks(law: int, plan: Plan) -> Breach | None:
    """How a world breaks this law: another is another matter."""
    try:
        World(plan).run()
    except Breached as breached:
        return breached.breach if breached.breach.law == law else None
    return None
