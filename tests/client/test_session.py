"""One link, played by hand. What a session does over many links is in test_supervisor.py."""

# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
import pytest
import trio
from trio.testing import memory_stream_pair, wait_all_tasks_blocked

from lastseen.client import LinkLost
from lastseen.client.link import Link
from lastseen.client.session import Session
from lastseen.shared.messages import (
    Diff,
    Error,
    GetSettings,
    GetStats,
    Goodbye,
    Pong,
    Register,
    Settings,
    Stats,
)
from lastseen.shared.wire import from_client, to_frame


async def nothing(_session):
    await trio.lowlevel.checkpoint()


class Played:
    """A session, and the server's end of its link in the hands of the test."""

    def __init__(self, **options):
        ours, self.server = memory_stream_pair()
        self.session = Session(Link(ours), **options)

    async def heard(self):
        data = bytes(await self.server.receive_some())
        return from_client.decode(data[4:])

    async def says(self, *messages):
        await self.server.send_all(b"".join(map(to_frame, messages)))
        await wait_all_tasks_blocked()

    async def opens(self, settings, nursery):
        nursery.start_soon(self.session.run, GetSettings(), nothing)
        opening = await self.heard()
        await self.says(settings_answering(settings, opening))


def settings_answering(settings, request):
    fields = {name: getattr(settings, name) for name in settings.__struct_fields__}
    return Settings(**fields | {"request_id": request.request_id})


@pytest.fixture
async def played(settings, nursery, autojump_clock):
    played = Played()
    await played.opens(settings, nursery)
    return played


async def test_the_first_thing_said_is_the_opening(settings, nursery, autojump_clock):
    played = Played()
    nursery.start_soon(played.session.run, Register("web-01"), nothing)
    assert (await played.heard()).client_id == "web-01"
    assert played.session.opened is None


async def test_answers_find_who_asked_in_whatever_order(played, settings, nursery, autojump_clock):
    answers = {}

    async def ask(name):
        answers[name] = await played.session.request(GetSettings(), Settings)

    requests = {}
    for name in ("first", "second"):
        nursery.start_soon(ask, name)
        requests[name] = await played.heard()
    for name in ("second", "first"):
        await played.says(settings_answering(settings, requests[name]))
    assert {name: a.request_id for name, a in answers.items()} == {
        name: r.request_id for name, r in requests.items()
    }


async def test_an_answer_of_another_kind_is_no_answer(played, nursery, autojump_clock):
    async def answer():
        request = await played.heard()
        await played.says(Diff("e", 1, request_id=request.request_id))

    nursery.start_soon(answer)
    with pytest.raises(LinkLost, match="expected Stats as the answer, got Diff"):
        await played.session.request(GetStats(), Stats)


async def test_what_answers_nobody_changes_nothing(played, settings, autojump_clock):
    await played.says(
        Pong(),
        Error("bad_message", "a late word", request_id=999),
        Error("bad_message", "a word to nobody"),
        Diff("e", 1),
        settings,
    )
    assert played.session.end is None


async def test_after_a_goodbye_nothing_more_is_read(played, autojump_clock):
    await played.says(Goodbye("shutdown", reconnect=True), Goodbye("replaced", reconnect=False))
    assert played.session.end.reconnect
    assert played.session.end.goodbye.reason == "shutdown"


async def test_after_the_end_nothing_can_be_asked(played, autojump_clock):
    await played.says(Goodbye("shutdown", reconnect=True))
    for ask in (played.session.ping, played.session.leave):
        with pytest.raises(LinkLost, match="said goodbye: shutdown"):
            await ask()


async def test_cancelling_a_session_closes_its_link(settings, autojump_clock):
    played = Played()
    async with trio.open_nursery() as nursery:
        await played.opens(settings, nursery)
        nursery.cancel_scope.cancel()
    assert await played.server.receive_some() == b""
    assert played.session.over.is_set()


class Notes:
    def __init__(self):
        self.told = []

    def deliver(self, message):
        self.told.append(message)

    def lapse(self):
        self.told.append("lapsed")


async def test_receivers_get_what_is_pushed_and_learn_of_the_end(played, autojump_clock):
    notes = Notes()
    number = played.session.enlist(notes)
    refusal = Error("forbidden", "no", request_id=number)
    await played.says(Diff("e", 1), refusal, Pong(), Goodbye("shutdown", reconnect=True))
    assert notes.told == [Diff("e", 1), refusal, "lapsed"]
