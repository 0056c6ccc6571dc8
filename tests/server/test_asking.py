"""Questions are answered each by itself, a few at a time, and only while somebody waits."""

from collections.abc import Callable
from typing import Any

import pytest
import trio

from lastseen.server.asking import READERS, RETRY_AFTER, WAITING, Asking
from lastseen.server.store.errors import StoreUnavailable
from lastseen.shared.messages import Answer, Forget, Forgotten


class Reader:
    """Answers when it is let; what is asked of "crash" or "away" fails.

    Attributes:
        most: How many questions it was reading at once, at most.
    """

    def __init__(self) -> None:
        self.let = trio.Event()
        self.read: list[str] = []
        self.reading = self.most = 0

    async def answer(self, question: Forget) -> Answer:
        self.read.append(question.client_id)
        self.reading += 1
        self.most = max(self.most, self.reading)
        await self.let.wait()
        self.reading -= 1
        if question.client_id == "crash":
            raise ZeroDivisionError
        if question.client_id == "away":
            raise StoreUnavailable("it is away")
        return Forgotten(question.client_id, request_id=question.request_id)


@pytest.fixture
async def reader() -> Reader:
    return Reader()


@pytest.fixture
async def asking(reader: Reader, nursery: trio.Nursery) -> Asking[Forget]:
    asking = Asking(reader.answer)
    nursery.start_soon(asking.run)
    await trio.testing.wait_all_tasks_blocked()
    return asking


@pytest.fixture
def ask(asking: Asking[Forget]) -> Callable[..., list[Any]]:
    """Asks of these clients, numbering the questions; the answers gather in the list."""
    answers: list[Any] = []

    def ask(*client_ids: str, wanted: bool = True) -> list[Any]:
        for number, client_id in enumerate(client_ids):
            asking.ask(Forget(client_id, request_id=number), answers.append, lambda: wanted)
        return answers

    return ask


async def settled() -> None:
    await trio.testing.wait_all_tasks_blocked()


async def test_an_answer_comes_later_and_never_at_once(reader, ask):
    reader.let.set()
    assert ask("a") == []
    await settled()
    assert ask() == [Forgotten("a", request_id=0)]


async def test_no_more_than_a_few_are_read_at_once(reader, ask):
    answers = ask(*map(str, range(3 * READERS)))
    await settled()
    reader.let.set()
    await settled()
    assert reader.most == READERS
    assert len(answers) == 3 * READERS


async def test_a_question_whose_asker_is_gone_is_not_read(reader, ask):
    reader.let.set()
    ask("gone", "gone", wanted=False)
    answers = ask("here")
    await settled()
    assert reader.read == ["here"]
    assert len(answers) == 1


async def test_more_questions_than_may_wait_are_told_so_at_once_until_there_is_room(reader, ask):
    ask(*["a"] * WAITING)
    (refusal,) = ask("one", "too many")[:1]
    assert (refusal.code, refusal.request_id, refusal.retry_after) == ("busy", 0, RETRY_AFTER)
    reader.let.set()
    await settled()
    answers = ask("b")
    await settled()
    assert answers[-1] == Forgotten("b", request_id=0)


async def test_a_store_that_does_not_answer_is_said_with_when_to_try_again(reader, ask):
    reader.let.set()
    answers = ask("away")
    await settled()
    (refusal,) = answers
    assert (refusal.code, refusal.retry_after) == ("store_unavailable", RETRY_AFTER)
    assert "it is away" in refusal.message


async def test_a_crash_is_its_questions_answer_and_nobody_elses(reader, ask, capsys):
    reader.let.set()
    answers = ask("crash", "a")
    await settled()
    assert {getattr(a, "code", "") for a in answers} == {"internal_error", ""}
    assert "ZeroDivisionError" in capsys.readouterr().err
