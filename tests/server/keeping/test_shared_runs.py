"""Equal work is done once, other work one after the other, and a fault is everybody's own."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from lastseen.server.keeping.shared_runs import SharedRuns


class Work:
    """Work that ends when it is let."""

    def __init__(self, result: int = 0, error: Exception | None = None) -> None:
        self.begun = 0
        self.may_end = trio.Event()
        self._result, self._error = result, error

    async def __call__(self) -> int:
        self.begun += 1
        await self.may_end.wait()
        if self._error is not None:
            raise self._error
        return self._result


async def test_equal_work_that_is_open_is_done_once(nursery: trio.Nursery):
    runs, work, found = SharedRuns[str, int](), Work(7), []

    async def ask() -> None:
        found.append(await runs.get("a", work))

    for _ in range(8):
        nursery.start_soon(ask)
    await wait_all_tasks_blocked()
    work.may_end.set()
    await wait_all_tasks_blocked()
    assert (found, work.begun) == ([7] * 8, 1)
    await ask()  # nothing is kept
    assert work.begun == 2


async def test_other_work_waits_for_its_turn(nursery: trio.Nursery):
    runs, first, second = SharedRuns[str, int](), Work(1), Work(2)
    nursery.start_soon(runs.get, "a", first)
    await wait_all_tasks_blocked()
    nursery.start_soon(runs.get, "b", second)
    await wait_all_tasks_blocked()
    assert (first.begun, second.begun) == (1, 0)
    first.may_end.set()
    await wait_all_tasks_blocked()
    assert second.begun == 1
    second.may_end.set()


async def test_a_fault_is_that_of_all_who_waited_and_of_no_later_run(nursery: trio.Nursery):
    runs, broken, faults = SharedRuns[str, int](), Work(error=ValueError("broken")), []

    async def ask() -> None:
        with pytest.raises(ValueError, match="broken"):
            await runs.get("a", broken)
        faults.append(1)

    nursery.start_soon(ask)
    nursery.start_soon(ask)
    await wait_all_tasks_blocked()
    broken.may_end.set()
    await wait_all_tasks_blocked()
    assert len(faults) == 2
    well = Work(3)
    well.may_end.set()
    assert await runs.get("a", well) == 3


async def test_when_the_one_who_runs_it_is_cancelled_the_next_one_does(nursery: trio.Nursery):
    runs, work, found = SharedRuns[str, int](), Work(5), []
    scope = trio.CancelScope()

    async def give_up() -> None:
        with scope:
            await runs.get("a", work)

    async def ask() -> None:
        found.append(await runs.get("a", work))

    nursery.start_soon(give_up)
    await wait_all_tasks_blocked()
    nursery.start_soon(ask)
    await wait_all_tasks_blocked()
    scope.cancel()
    await wait_all_tasks_blocked()
    work.may_end.set()
    await wait_all_tasks_blocked()
    assert (found, work.begun) == ([5], 2)
