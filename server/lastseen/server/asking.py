"""Questions that need the store: answered later, while nobody waits, a few at a time."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import trio

from lastseen.server import logs
from lastseen.server.store.errors import StoreUnavailable
from lastseen.shared.messages import Answer, Error, Request

READERS = 4
"""Questions being answered at once: enough to keep a database busy, few enough to leave others the
interpreter."""

WAITING = 256
"""Questions open at once, those that wait included."""

RETRY_AFTER = 10.0
"""Seconds after which it is worth asking a store again that did not answer."""

Q = TypeVar("Q", bound=Request)

log = logs.get_logger()


class Asking(Generic[Q]):
    """Has questions answered, each by itself: whatever goes wrong in one is its own answer."""

    def __init__(self, answer: Callable[[Q], Awaitable[Answer]]) -> None:
        """`answer` may raise StoreUnavailable."""
        self._answer = answer
        self._readers = trio.Semaphore(READERS)
        self._open = 0

    async def run(self) -> None:
        """Answer for ever."""
        async with trio.open_nursery() as self._nursery:
            await trio.sleep_forever()

    def ask(self, question: Q, reply: Callable[[Answer], None], wanted: Callable[[], bool]) -> None:
        """Have `reply` called with the answer, later, if it is still `wanted` when its turn comes.

        At most WAITING questions are open at once; one more is answered by `busy` right away.
        """
        if self._open == WAITING:
            sentence = f"{WAITING} questions are waiting for the store already"
            reply(Error("busy", sentence, RETRY_AFTER, request_id=question.request_id))
            return
        self._open += 1
        self._nursery.start_soon(self._answer_to, question, reply, wanted)

    async def _answer_to(
        self, question: Q, reply: Callable[[Answer], None], wanted: Callable[[], bool]
    ) -> None:
        try:
            async with self._readers:
                if wanted():
                    reply(await self._answer_or_excuse(question))
        except Exception:  # one question's fault must not end the server
            log.exception("a question crashed")
            reply(_crashed(question))
        finally:
            self._open -= 1

    async def _answer_or_excuse(self, question: Q) -> Answer:
        try:
            return await self._answer(question)
        except StoreUnavailable as error:
            return Error(
                "store_unavailable", str(error), RETRY_AFTER, request_id=question.request_id
            )


def _crashed(question: Request) -> Error:
    sentence = "the server failed to answer; its log says why"
    return Error("internal_error", sentence, request_id=question.request_id)
