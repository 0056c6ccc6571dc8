"""asyncio in this thread, a fake server and the presence in another; no sockets."""

import asyncio
import pickle
import threading
from contextlib import suppress
from functools import partial

import pytest
import trio

from lastseen.client import (
    Connected,
    ConnectFailed,
    Disconnected,
    Ended,
    LinkLost,
    Observer,
    Presence,
    Refused,
    aio,
)
from lastseen.shared.messages import (
    Error,
    GetSettings,
    GetStats,
    Goodbye,
    Leave,
    List,
    Register,
    SetAvailability,
)

SOON = 10.0  # seconds, on a busy machine


@pytest.fixture
def server(server_in_thread):
    return server_in_thread


@pytest.fixture
def connect(server):
    return partial(aio.connect, client_id="web-01", dial=server.dial_here)


@pytest.fixture
def run():
    """Runs a function in asyncio, in debug mode, for ten seconds at most."""

    def run(function):
        return asyncio.run(asyncio.wait_for(function(), SOON), debug=True)

    return run


async def in_thread(server, function):
    """Run a trio function where the fake server lives."""
    await asyncio.to_thread(partial(trio.from_thread.run, function, trio_token=server.token))


def public(cls):
    return {name for name in dir(cls) if not name.startswith("_")}


def test_it_has_every_method_of_the_trio_api():
    assert public(aio.Observer) - {"wait_ended"} == public(Observer)
    assert public(aio.Presence) - {"wait_ended"} == public(Presence)


def test_a_program_is_present_while_the_block_runs_and_leaves_with_a_goodbye(
    server, connect, record, run
):
    server.records = {name: record(name) for name in "abcde"}
    server.page = 2

    async def program():
        async with connect() as presence:
            assert (presence.client_id, presence.session) == ("web-01", "s1")
            assert presence.heartbeat_interval == 60
            assert [client.client_id async for client in presence.clients()] == list("abcde")
            await presence.set_availability("away", "lunch")
            assert (await presence.settings()).connection_timeout == 120
            assert (await presence.update_settings(heartbeat_interval=60)).heartbeat_interval == 60
            assert 0 <= await presence.ping() < SOON

    run(program)
    [connection] = server.connections
    assert connection.messages(SetAvailability)[0].note == "lunch"
    assert [request.after for request in connection.messages(List)] == [None, "b", "d"]
    assert len(connection.messages(Leave)) == 1
    assert "lastseen" not in {thread.name for thread in threading.enumerate()}


def test_looking_on_registers_nothing(server, run):
    async def program():
        async with aio.observe(dial=server.dial_here) as observer:
            await observer.stats()

    run(program)
    assert server.connections[0].messages(Register) == []


def test_errors_come_out_of_the_call_and_of_the_block(server, connect, run):
    server.answers[GetStats] = lambda _, message: [
        Error("forbidden", "not for you", request_id=message.request_id)
    ]

    async def program():
        async with connect() as presence:
            with pytest.raises(Refused, match="not for you"):
                await presence.stats()
            with pytest.raises(ValueError, match="seconds"):
                await presence.silence("1 h", client="a")
            await presence.leave()
            with pytest.raises(LinkLost):
                await presence.settings()
        server.down = True
        with pytest.raises(ConnectFailed, match="connection refused"):
            await connect().__aenter__()
        with pytest.raises(ValueError, match="on_event: expected a function, got 5"):
            await connect(on_event=5).__aenter__()

    run(program)


def test_on_event_is_called_in_the_event_loop(server, connect, run):
    async def program():
        events = asyncio.Queue()

        def note(event):
            events.put_nowait((type(event), threading.get_ident()))

        async with connect(on_event=note):
            await in_thread(server, server.cut)
            return [await events.get() for _ in range(2)]

    here = threading.get_ident()
    assert run(program) == [(Connected, here), (Disconnected, here)]


def test_a_cancelled_call_is_cancelled_in_the_thread_and_the_presence_goes_on(server, connect, run):
    server.answers[GetStats] = lambda _, __: []  # never answered

    async def program():
        async with connect() as presence:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(presence.stats(), 0.05)
            await presence.settings()
            assert presence._background._pending == set()

    run(program)
    assert len(server.connections) == 1


def test_a_block_left_by_an_error_or_cancelled_drops_the_link_without_a_goodbye(
    server, connect, run
):
    async def program():
        with pytest.raises(ZeroDivisionError):
            async with connect():
                1 / 0  # noqa: B018 (the error is what is wanted)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), connect():
                await asyncio.sleep(SOON)

    run(program)
    assert [connection.messages(Leave) for connection in server.connections] == [[], []]
    assert "lastseen" not in {thread.name for thread in threading.enumerate()}


def test_an_attempt_to_connect_may_be_cancelled(server, connect, run):
    server.down = True

    async def program():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connect(wait=True).__aenter__(), 0.05)

    run(program)
    assert "lastseen" not in {thread.name for thread in threading.enumerate()}


def test_leaving_may_be_cancelled_while_the_server_does_not_answer(server, connect, run):
    server.answers[Leave] = lambda _, __: []

    async def program():
        block = connect()
        await block.__aenter__()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(block.__aexit__(None, None, None), 0.05)

    run(program)
    assert "lastseen" not in {thread.name for thread in threading.enumerate()}


def end_for_good(server):
    server.answers[GetStats] = lambda _, __: [Goodbye("replaced", reconnect=False)]


def test_a_goodbye_for_good_does_not_cancel_the_block_and_every_call_says_so(server, connect, run):
    end_for_good(server)

    async def program():
        async with connect() as presence:
            with suppress(LinkLost, Ended):
                await presence.stats()
            with pytest.raises(Ended, match="replaced"):
                await presence.wait_ended()
            for _ in range(2):
                with pytest.raises(Ended, match="replaced"):
                    await presence.settings()
            with pytest.raises(Ended, match="replaced"):
                await anext(presence.watch())

    run(program)


def test_a_goodbye_for_good_that_no_call_met_comes_out_of_the_block(server, connect, run):
    async def program():
        over = asyncio.Event()
        async with connect(on_event=lambda e: isinstance(e, Disconnected) and over.set()):
            goodbye = Goodbye("replaced", reconnect=False)
            await in_thread(server, partial(server.connections[0].send, goodbye))
            await over.wait()

    with pytest.raises(Ended, match="replaced"):
        run(program)


def test_waiting_for_the_end_lasts_until_the_block_is_left(server, connect, run):
    async def program():
        async with connect() as presence:
            waiting = asyncio.create_task(presence.wait_ended())
            await presence.settings()
            assert not waiting.done()
        with pytest.raises(LinkLost, match="the presence is over"):
            await waiting

    run(program)
    assert len(server.connections[0].messages(GetSettings)) == 1


# --- iterators


def test_an_item_is_not_lost_when_the_task_that_waits_for_it_is_cancelled(
    server, connect, record, run
):
    server.records = {name: record(name) for name in "abcde"}
    server.page = 1

    async def program():
        async with connect() as presence:
            clients = presence.clients()
            found = []
            while True:
                try:
                    found.append((await asyncio.wait_for(anext(clients), 0.0005)).client_id)
                except TimeoutError:
                    continue
                except StopAsyncIteration:
                    return found

    assert run(program) == list("abcde")


def test_a_watch_follows_the_presence_of_everyone(server, connect, record, run):
    server.records = {"a": record("a")}

    async def program():
        async with connect() as presence:
            watch = presence.watch()
            first = await anext(watch)
            assert (first.kind, [r.client_id for r in first.joins]) == ("snapshot", ["a"])
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(watch), 0.02)
            change = partial(server.change, joins=[record("b")], leaves=[record("a")])
            await in_thread(server, change)
            second = await anext(watch)
            assert (second.kind, second.view.revision) == ("diff", 1)
            assert dict(second.view) == {"b": record("b")}
            assert second.view is watch.view is first.view
            await in_thread(server, server.restart)
            await in_thread(server, partial(server.change, joins=[record("c")]))
            async for change in watch:
                if set(change.view) == {"b", "c"}:
                    return

    run(program)


def test_a_view_changes_only_where_its_program_asks_for_the_next_change(
    server, connect, record, run
):
    """While a task waits for the next change, others may read the view."""

    async def program():
        async with connect() as presence:
            watch = presence.watch()
            await anext(watch)
            waiting = asyncio.create_task(anext(watch))
            await presence.ping()  # the wait has begun in the thread
            change = partial(server.change, joins=[record("b")])
            trio.from_thread.run(change, trio_token=server.token)  # this loop is busy meanwhile
            assert watch._steps._begun.result(SOON).joins == [record("b")]
            assert dict(watch.view) == {}
            await waiting
            assert set(watch.view) == {"b"}

    run(program)


# --- beyond the loop


def test_a_loop_that_is_closed_in_the_middle_leaves_the_program_able_to_end(server, connect):
    loop = asyncio.new_event_loop()
    block = connect()
    presence = loop.run_until_complete(block.__aenter__())
    waiting = loop.create_task(presence.wait_ended())
    loop.run_until_complete(asyncio.sleep(0))
    waiting.cancel()
    loop.run_until_complete(asyncio.wait([waiting]))
    loop.close()
    trio.from_thread.run(server.cut, trio_token=server.token)  # on_event has no loop to go to
    again = asyncio.new_event_loop()
    again.run_until_complete(presence.leave())  # another loop may go on with it
    again.run_until_complete(block.__aexit__(None, None, None))
    again.close()


def test_a_presence_cannot_be_sent_to_another_process(connect, run):
    async def program():
        async with connect() as presence:
            with pytest.raises(TypeError, match="connect in that process"):
                pickle.dumps(presence)

    run(program)
