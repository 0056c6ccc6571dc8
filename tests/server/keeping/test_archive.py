"""Questions about the past are answered, each by itself, whatever the store does."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import trio

from lastseen.server.keeping.archive import Archive
from lastseen.shared.framing import FRAME_LIMIT
from lastseen.shared.messages import (
    ClientList,
    Error,
    Forget,
    Forgotten,
    GetHistory,
    GetUptime,
    History,
    List,
    Uptime,
)
from lastseen.shared.wire import pack

WALL = 1_800_000_000.0
DAY = 86_400.0

Ask = Callable[[Any], Any]


async def until(condition: Callable[[], Any]) -> None:
    with trio.fail_after(5):
        while not condition():  # noqa: ASYNC110 - a list tells nobody
            await trio.sleep(0.01)


@pytest.fixture
async def archive(world: Any, nursery: trio.Nursery) -> Archive:
    archive = Archive(world.store, world.presence, world.keeper.caught_up)
    nursery.start_soon(archive.run)
    nursery.start_soon(world.presence.clock.run)
    await trio.testing.wait_all_tasks_blocked()
    return archive


@pytest.fixture
def ask(archive: Archive) -> Ask:
    """Asks, and waits for the answer."""

    async def ask(question: Any) -> Any:
        answers: list[Any] = []
        answered = trio.Event()

        def reply(answer: Any) -> None:
            answers.append(answer)
            answered.set()

        archive.ask(question, reply, lambda: True)
        assert answers == []  # later, never at once
        with trio.fail_after(10):
            await answered.wait()
        assert len(pack(answers[0])) <= FRAME_LIMIT
        return answers[0]

    return ask


@pytest.fixture
def fill(world, known, event) -> Callable[..., None]:
    """Has the store remember that clients came and left."""

    def fill(*client_ids: str, times: int = 1) -> None:
        for client_id in client_ids:
            world.store.clients[client_id] = known(client_id)
            for n in range(times):
                after = "offline" if n % 2 == (times - 1) % 2 else "online"
                number = len(world.store.events) + 1
                world.store.events.append(event(client_id, after, at=WALL + n, id=number))

    return fill


# --- list -------------------------------------------------------------------------------------


async def test_a_list_of_all_joins_who_is_here_and_who_was(world, ask, fill):
    fill("a", "b", "c")
    world.register("b")
    world.register("d")
    answer = await ask(List(status="all", request_id=5))
    assert isinstance(answer, ClientList)
    assert answer.request_id == 5
    told = {c.client_id: (c.status, c.reason) for c in answer.clients}
    assert told["a"] == ("offline", "left")
    assert [*told] == ["a", "b", "c", "d"]
    assert told["b"][0] == told["d"][0] == "online"
    offline = await ask(List(status="offline"))
    assert [c.client_id for c in offline.clients] == ["a", "c"]


async def test_a_list_pages_on_to_the_end(world, ask, fill):
    fill(*(f"web-{n}" for n in range(7)))
    world.register("web-35")
    found, after = [], None
    while True:
        page = await ask(List(status="all", limit=2, after=after))
        found += [c.client_id for c in page.clients]
        after = page.after
        if after is None:
            break
    assert found == ["web-0", "web-1", "web-2", "web-3", "web-35", "web-4", "web-5", "web-6"]


# --- history ----------------------------------------------------------------------------------


async def test_a_history_comes_latest_first_page_by_page(ask, fill):
    fill("a", "b", times=5)
    first = await ask(GetHistory("a", limit=3, request_id=1))
    assert isinstance(first, History)
    second = await ask(GetHistory("a", limit=3, before=first.before, request_id=2))
    assert [e.at.timestamp() - WALL for e in first.events + second.events] == [4, 3, 2, 1, 0]
    assert (first.request_id, second.request_id, second.before) == (1, 2, None)


async def test_events_that_fill_more_than_a_frame_lose_nothing(world, ask, known, event):
    world.store.clients["a"] = known("a")
    host = "h" * 250
    world.store.events += [
        event("a", "offline", at=WALL + n, id=n + 1, address=f"{host}:{n}") for n in range(1_000)
    ]
    found, before = [], None
    while True:
        page = await ask(GetHistory("a", limit=1000, before=before))
        found += [round(e.at.timestamp() - WALL) for e in page.events]
        before = page.before
        if before is None:
            break
    assert found == list(range(999, -1, -1))


async def test_a_history_may_begin_at_a_moment(ask, fill):
    fill("a", times=5)
    since = datetime.fromtimestamp(WALL + 3, UTC)
    page = await ask(GetHistory("a", since=since))
    assert [e.at.timestamp() - WALL for e in page.events] == [4, 3]


async def test_who_has_no_events_yet_is_still_known(world, ask, known):
    world.store.clients["a"] = known("a")
    world.register("b")
    assert (await ask(GetHistory("a"))).events == []
    assert (await ask(GetHistory("b"))).events == []


async def test_of_a_client_forgotten_before_its_events_the_last_page_is_empty_not_an_error(
    world, ask, fill
):
    fill("a", times=2)
    del world.store.clients["a"]
    first = await ask(GetHistory("a", limit=2))
    assert len(first.events) == 2
    assert await ask(GetHistory("a", limit=2, before=first.before)) == History("a", [])


# --- uptime -----------------------------------------------------------------------------------


async def test_an_uptime_is_told_over_a_day_a_week_and_a_month(ask, fill):
    fill("a")
    answer = await ask(GetUptime("a", request_id=4))
    assert isinstance(answer, Uptime)
    assert answer.request_id == 4
    assert [w.window for w in answer.clients[0].windows] == [DAY, 7 * DAY, 30 * DAY]


async def test_uptimes_of_everyone_fit_their_frames_and_leave_nobody_out(ask, fill):
    ids = [f"{n:04}" + "\N{PILE OF POO}" * 124 for n in range(450)]
    fill(*ids)
    found, after = [], None
    while True:
        page = await ask(GetUptime(limit=1000, after=after))
        found += [c.client_id for c in page.clients]
        after = page.after
        if after is None:
            break
    assert found == ids


# --- forget -----------------------------------------------------------------------------------


async def test_one_that_is_offline_is_forgotten_with_its_history(world, ask, fill):
    fill("a")
    assert await ask(Forget("a", request_id=3)) == Forgotten("a", request_id=3)
    assert world.store.clients == {}
    assert world.store.events == []


async def test_one_that_is_present_is_not_forgotten(world, ask, fill):
    fill("a")
    world.register("a")
    answer = await ask(Forget("a", request_id=3))
    assert (answer.code, answer.request_id) == ("client_present", 3)
    assert "'a' is present" in answer.message
    assert "a" in world.store.clients


async def test_one_that_just_left_is_written_first_and_then_forgotten(world, ask, nursery):
    nursery.start_soon(world.keeper.run)
    world.store.takes = 0.05
    world.register("a")
    world.leave("a")
    assert await ask(Forget("a")) == Forgotten("a")
    await world.close()
    assert world.store.clients == {}
    assert world.presence.registry.record("a") is None


async def test_one_that_is_back_before_its_end_was_written_is_not_forgotten(world, ask, nursery):
    world.register("a")
    world.leave("a")
    answers: list[Any] = []
    async with trio.open_nursery() as asking:

        async def forget() -> None:
            answers.append(await ask(Forget("a")))

        asking.start_soon(forget)
        await trio.testing.wait_all_tasks_blocked()
        world.register("a")
        nursery.start_soon(world.keeper.run)
    assert answers[0].code == "client_present"
    await world.keeper.caught_up()
    assert "a" in world.store.clients


async def test_one_whose_end_cannot_be_written_stays_known(world, archive, monkeypatch):
    monkeypatch.setattr("lastseen.server.keeping.archive.CATCHING_UP", 0.05)
    world.register("a")
    world.leave("a")
    answers: list[Any] = []
    archive.ask(Forget("a"), answers.append, lambda: True)
    await until(lambda: answers)
    assert answers[0].code == "store_unavailable"
    assert "not written yet" in answers[0].message
    assert world.presence.registry.record("a") is not None


async def test_a_store_that_does_not_forget_leaves_everything_as_it_was(world, ask, nursery):
    nursery.start_soon(world.keeper.run)
    world.register("a")
    world.leave("a")
    await world.keeper.caught_up()
    world.store.down = True
    assert (await ask(Forget("a"))).code == "store_unavailable"
    assert world.presence.registry.record("a") is not None


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("question", [GetHistory, GetUptime, Forget])
async def test_nobody_by_that_name_is_an_error_that_says_so(ask, question):
    answer = await ask(question("nobody", request_id=9))
    assert (answer.code, answer.request_id) == ("unknown_client", 9)
    assert answer.message == "no client 'nobody' is known"


QUESTIONS = [List(status="all"), GetHistory("a"), GetUptime("a"), Forget("a")]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: type(q).__name__)
async def test_a_store_that_does_not_answer_is_said_with_when_to_try_again(world, ask, question):
    world.store.down = True
    answer = await ask(type(question)(*_fields(question), request_id=9))
    assert (answer.code, answer.request_id) == ("store_unavailable", 9)
    assert answer.retry_after == 10
    assert "it is away" in answer.message


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: type(q).__name__)
async def test_a_crash_in_one_question_is_its_answer_and_nobody_elses(
    world, ask, fill, logged, question
):
    fill("a")
    world.store.outcomes.append("crashes")
    answer = await ask(type(question)(*_fields(question), request_id=9))
    assert isinstance(answer, Error)
    assert (answer.code, answer.request_id) == ("internal_error", 9)
    assert "ZeroDivisionError" in logged()
    assert not isinstance(await ask(question), Error)


def _fields(question: Any) -> tuple[Any, ...]:
    return () if isinstance(question, List) else (question.client_id,)
