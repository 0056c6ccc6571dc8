"""Waiting for an answer: bounded, and nobody answers who is not waited for any more."""

from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing

from lastseen.server.http import asking
from lastseen.server.http.asking import Asking
from lastseen.server.http.problems import Problem
from lastseen.shared.messages import Answer, Error, Forget, Forgotten


class Later:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.open: list[tuple[Callable[[Answer], None], Callable[[], bool]]] = []

    def ask(
        self, _question: Any, reply: Callable[[Answer], None], wanted: Callable[[], bool]
    ) -> None:
        self.open.append((reply, wanted))


async def test_an_answer_is_waited_for(nursery: trio.Nursery):
    later, found = Later(), []

    async def ask() -> None:
        found.append(await Asking().ask(later, Forget("a"), Forgotten))

    nursery.start_soon(ask)
    await trio.testing.wait_all_tasks_blocked()
    assert found == []
    later.open[0][0](Forgotten("a"))
    await trio.testing.wait_all_tasks_blocked()
    assert found == [Forgotten("a")]


async def test_a_refusal_is_a_problem():
    class Refusing:
        def ask(self, _question: Any, reply: Callable[[Answer], None], _wanted: Any) -> None:
            reply(Error("client_present", "it is here", retry_after=2.0))

    with pytest.raises(Problem, match="it is here") as caught:
        await Asking().ask(Refusing(), Forget("a"), Forgotten)
    assert (caught.value.code, caught.value.retry_after) == ("client_present", 2.0)


async def test_who_has_gone_wants_no_answer(nursery: trio.Nursery):
    later, here = Later(), Asking()
    with trio.CancelScope() as scope:
        nursery.start_soon(_cancel_soon, scope)
        await here.ask(later, Forget("a"), Forgotten)
    assert not later.open[0][1]()


async def _cancel_soon(scope: trio.CancelScope) -> None:
    await trio.testing.wait_all_tasks_blocked()
    scope.cancel()


async def test_only_so_many_are_asked_at_once(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(asking, "ASKED_AT_ONCE", 2)
    later, here = Later(), Asking()
    for _ in range(2):
        nursery.start_soon(here.ask, later, Forget("a"), Forgotten)
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(Problem) as caught:
        await here.ask(later, Forget("b"), Forgotten)
    assert caught.value.code == "busy"
    for reply, _ in later.open:
        reply(Forgotten("a"))
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(here.ask, later, Forget("b"), Forgotten)
    await trio.testing.wait_all_tasks_blocked()
    assert len(later.open) == 3
    later.open[2][0](Forgotten("b"))
