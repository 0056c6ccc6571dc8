"""Equal work that several ask for at once, done once, and one piece after the other."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import trio

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Run(Generic[V]):
    def __init__(self) -> None:
        self.ended = trio.Event()
        self.result: V | None = None
        self.error: BaseException | None = None


class SharedRuns(Generic[K, V]):
    """Runs work, one piece at a time; who asks for a piece that is open already waits for that one.

    Work that computes in Python gains nothing from several threads: they fight for the
    interpreter. Eight uptimes at once took five times as long as one after the other.
    """

    def __init__(self) -> None:
        self._open: dict[K, _Run[V]] = {}
        self._turn = trio.Semaphore(1)

    async def get(self, key: K, work: Callable[[], Awaitable[V]]) -> V:
        """Return what `work` returns, or what equal work (of this key) that is open returns.

        Raises:
            Exception: What the work raised; all who waited for it get the same.
        """
        run = self._open.get(key)
        if run is None:
            run = self._open[key] = _Run()
            try:
                async with self._turn:
                    run.result = await work()
            except BaseException as error:
                run.error = error
                raise
            finally:
                del self._open[key]
                run.ended.set()
            return run.result
        await run.ended.wait()
        if isinstance(run.error, Exception):
            raise run.error
        if run.error is not None:  # the one who ran it was cancelled, and we were not
            return await self.get(key, work)
        return run.result  # type: ignore[return-value]  # it ended without an error
