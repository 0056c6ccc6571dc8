"""Waiting for the answer to a question that the store must be asked, a bounded number at a time."""

from collections.abc import Callable
from typing import Protocol, TypeVar

import trio

from lastseen.server.change_log import log_change
from lastseen.server.http.problems import Problem, problem_of
from lastseen.shared.messages import Answer, Error

ASKED_AT_ONCE = 64
"""Questions that HTTP may have open: the rest of the waiting room is for links."""

Q_contra = TypeVar("Q_contra", contravariant=True)
A = TypeVar("A", bound=Answer)


class Asker(Protocol[Q_contra]):
    """Who answers a kind of questions, later."""

    def ask(
        self, question: Q_contra, reply: Callable[[Answer], None], wanted: Callable[[], bool]
    ) -> None:
        """Have `reply` called with the answer, later, if it is still `wanted` then."""


class Asking:
    """Everyone who waits."""

    def __init__(self) -> None:
        self._open = 0

    async def ask(
        self, asker: Asker[Q_contra], question: Q_contra, kind: type[A], by: str = ""
    ) -> A:
        """The answer, which is of this kind. `by` is the peer's address, for the log of changes.

        Raises:
            Problem: The question is refused, or too many are open.
        """
        if self._open == ASKED_AT_ONCE:
            sentence = f"{ASKED_AT_ONCE} questions are being answered: wait for one"
            raise Problem("busy", sentence, retry_after=1.0)
        self._open += 1
        try:
            answer = await _answer(asker, question)
        finally:
            self._open -= 1
        if isinstance(answer, Error):
            raise problem_of(answer)
        if not isinstance(answer, kind):
            raise TypeError(f"expected {kind.__name__}, got {answer}")
        log_change(answer, by)
        return answer


async def _answer(asker: Asker[Q_contra], question: Q_contra) -> Answer:
    answers: list[Answer] = []
    answered = trio.Event()
    wanted = True

    def reply(answer: Answer) -> None:
        answers.append(answer)
        answered.set()

    asker.ask(question, reply, lambda: wanted)
    try:
        await answered.wait()
    finally:
        wanted = False
    return answers[0]
