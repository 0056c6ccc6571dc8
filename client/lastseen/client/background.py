"""A thread that runs trio with one presence in it, for programs without trio.

`blocking` and `aio` are two ways to wait for what this thread does. The thread is a daemon: it
never keeps a program from ending.
"""

import os
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from typing import Any, Generic, TypeVar

import trio

from lastseen.client.errors import LinkLost
from lastseen.client.observer import Observer

Inner = TypeVar("Inner", bound=Observer)
T = TypeVar("T")

Connect = Callable[[], AbstractAsyncContextManager[Inner]]
"""Makes the block in which the presence lives: `connect` or `observe`, with their arguments."""


class Background(Generic[Inner]):
    """The thread, and the calls that it has to answer.

    Attributes:
        over: Done when the thread has nothing left to do, however it ended.
    """

    def __init__(self, connect: Connect[Inner]) -> None:
        self.over: Future[None] = Future()
        self._process = os.getpid()
        self._connect = connect
        self._ready: Future[Inner] = Future()
        self._token: Future[trio.lowlevel.TrioToken] = Future()
        self._error: BaseException | None = None
        self._error_seen = False
        self._pending: set[Future[Any]] = set()
        self._nursery: trio.Nursery | None = None
        self._stop: trio.Event
        self._crash: trio.CancelScope
        self._thread = threading.Thread(target=self._run, name="lastseen", daemon=True)

    # --- the callers' side

    def start(self) -> Future[Inner]:
        """Start the thread. The future gives the presence once it is registered."""
        self._thread.start()
        self._token.result()  # a millisecond: from now on the thread can be told to end
        return self._ready

    def submit(self, function: Callable[[], Awaitable[T]]) -> Future[T]:
        """Run `function` in the thread. Cancelling the future cancels it there.

        Raises:
            RuntimeError: The caller could only wait for ever: it is a forked child, or the thread
                itself, or the interpreter is exiting.
        """
        self._require_thread()
        call: Future[T] = Future()
        self._pending.add(call)
        call.add_done_callback(self._pending.discard)
        try:
            self._token.result().run_sync_soon(self._begin, function, call)
        except trio.RunFinishedError:
            self.over.result()
            self._fail(call)
        return call

    def finish(self, *, leave: bool) -> Future[None]:
        """End the thread, with a goodbye or without. The future is done when it has.

        A forked child has no such thread. It returns at once, and the parent is not affected.
        """
        if self._is_inherited() or sys.is_finalizing():
            done: Future[None] = Future()
            done.set_result(None)
            return done
        with suppress(trio.RunFinishedError):  # it has ended by itself
            self._token.result().run_sync_soon(self._end, leave)
        return self.over

    def join(self) -> None:
        """Wait until the thread is gone: at most a moment, once `finish` is done."""
        if not self._is_inherited() and not sys.is_finalizing():
            self._thread.join()

    def raise_unseen(self) -> None:
        """Raise what ended the presence, unless a call has raised it already."""
        if self._error is not None and not self._error_seen:
            self._error_seen = True
            raise self._error

    def _is_inherited(self) -> bool:
        """Return whether this process is a fork of the one that has the thread."""
        return os.getpid() != self._process

    def _require_thread(self) -> None:
        if self._is_inherited():
            raise RuntimeError(
                f"this presence belongs to process {self._process}, and process {os.getpid()} is "
                "a fork of it: connect in the child, with a client_id of its own"
            )
        if threading.get_ident() == self._thread.ident:
            raise RuntimeError(
                "on_event runs in the thread that serves the presence, so it must not wait for "
                "the presence: let another thread make this call"
            )
        if sys.is_finalizing():
            raise RuntimeError("the interpreter is exiting, and the presence has ended with it")

    def _fail(self, call: "Future[Any]") -> None:
        """Answer a call that the end of the presence left unanswered."""
        with suppress(InvalidStateError):  # the caller does not wait any more
            call.set_exception(self._error or LinkLost("the presence is over"))
            self._error_seen = True

    # --- in the thread

    def _run(self) -> None:
        try:
            trio.run(self._be_present)
        except BaseException as error:  # noqa: BLE001 (it comes out in the caller's thread)
            self._error = error
        unanswered: list[Future[Any]] = [self._token, self._ready, *self._pending]
        for call in unanswered:
            self._fail(call)
        self.over.set_result(None)

    async def _be_present(self) -> None:
        self._stop = trio.Event()
        with trio.CancelScope() as self._crash:
            self._token.set_result(trio.lowlevel.current_trio_token())
            async with self._connect() as presence, trio.open_nursery() as nursery:
                self._nursery = nursery
                self._ready.set_result(presence)
                try:
                    await self._stop.wait()
                finally:
                    self._nursery = None  # before it closes: a call that begins now is too late
                nursery.cancel_scope.cancel()

    def _end(self, leave: bool) -> None:
        if leave:
            self._stop.set()
        else:
            self._crash.cancel()

    def _begin(self, function: Callable[[], Awaitable[T]], call: "Future[T]") -> None:
        if self._nursery is not None:  # if not, the end of the thread answers the call
            self._nursery.start_soon(self._answer, function, call)

    async def _answer(self, function: Callable[[], Awaitable[T]], call: "Future[T]") -> None:
        token = self._token.result()
        with trio.CancelScope() as scope, suppress(InvalidStateError):  # cancelled meanwhile
            call.add_done_callback(partial(_cancel, token, scope))
            try:
                result = await function()
            except Exception as error:  # noqa: BLE001 (it comes out in the caller's thread)
                call.set_exception(error)
            else:
                call.set_result(result)


def _cancel(token: trio.lowlevel.TrioToken, scope: trio.CancelScope, call: "Future[T]") -> None:
    """Cancel the work that a cancelled call began."""
    if call.cancelled():
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(scope.cancel)
