"""Real threads, no sockets: the fake server lives in the thread underneath, beside the presence."""

import asyncio
import contextlib
import pickle
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import trio

from lastseen.client import (
    ConnectFailed,
    Disconnected,
    Ended,
    LinkLost,
    Presence,
    Refused,
    blocking,
)
from lastseen.shared.messages import ChannelRecord, Error, GetStats, Goodbye, Leave, SetAvailability

CONFTEST = Path(__file__).with_name("conftest.py")


@pytest.fixture
def server(server_in_thread):
    return server_in_thread


@pytest.fixture
def connect(server):
    return partial(blocking.connect, client_id="web-01", dial=server.dial_here)


def test_three_lines_make_a_program_present(server, connect, record):
    server.records = {"b": record("b"), "a": record("a")}
    with connect() as presence:
        assert presence.client_id == "web-01"
        assert presence.session == "s1"
        assert presence.heartbeat_interval == 60
        assert [client.client_id for client in presence.clients()] == ["a", "b"]
        presence.set_availability("away", "lunch")
        assert presence.settings().connection_timeout == 120
        assert presence.update_settings(heartbeat_interval=60).heartbeat_interval == 60
        assert presence.stats().online == 1
        assert 0 <= presence.ping() < 5
    [connection] = server.connections
    assert connection.messages(SetAvailability)[0].note == "lunch"
    assert len(connection.messages(Leave)) == 1


def test_the_past_is_told_in_lists(server, connect, event, uptime):
    server.events["db"] = [event("offline", "online", "registered")]
    server.uptimes = {name: uptime(name, (9, 9), (9, 9), (9, 9)) for name in ("db", "web")}
    with connect() as presence:
        assert presence.history("db") == server.events["db"]
        assert presence.history("db", since=datetime(2100, 1, 1, tzinfo=UTC)) == []
        assert [client.client_id for client in presence.uptime()] == ["db", "web"]
        assert [client.client_id for client in presence.uptime("web")] == ["web"]
        presence.forget("db")
        with pytest.raises(Refused, match="no client 'db'"):
            presence.history("db")


def test_notifications_are_looked_at_and_steered(server, connect, delivery):
    server.deliveries = {3: delivery(3, state="failed")}
    server.channels = {"ops": ChannelRecord("ops", "webhook", enabled=True, state="broken")}
    with connect() as presence:
        silence = presence.silence(3600, client="web-*", reason="new disks")
        assert presence.silences() == [silence]
        presence.unsilence(silence.id)
        assert presence.silences() == []
        assert [d.id for d in presence.deliveries(channel="ops", state="failed")] == [3]
        assert presence.deliveries(client_id="db") == []
        assert presence.retry(3).state == "pending"
        presence.enable_channel("ops")
        assert [channel.state for channel in presence.channels()] == ["working"]


def test_the_thread_is_gone_when_the_block_is(connect):
    with connect():
        assert "lastseen" in {thread.name for thread in threading.enumerate()}
    assert "lastseen" not in {thread.name for thread in threading.enumerate()}


def test_a_server_that_cannot_be_reached_is_an_error_of_the_caller(server, connect):
    server.down = True
    with pytest.raises(ConnectFailed, match="connection refused"), connect():
        pass


def test_a_field_that_breaks_the_rules_is_an_error_of_the_caller(connect):
    with pytest.raises(ValueError, match="client_id"), connect(client_id=""):
        pass


def test_a_refused_request_is_an_error_of_the_caller_and_the_presence_goes_on(server, connect):
    server.answers[GetStats] = lambda _, message: [
        Error("forbidden", "not for you", request_id=message.request_id)
    ]
    with connect() as presence:
        with pytest.raises(Refused, match="not for you"):
            presence.stats()
        presence.settings()


def test_an_error_in_the_block_drops_the_link_without_a_goodbye(server, connect):
    with pytest.raises(ZeroDivisionError), connect():
        1 / 0  # noqa: B018 (the error is what is wanted)
    assert server.connections[0].messages(Leave) == []


def test_after_leaving_the_block_goes_on_without_a_link(connect):
    with connect() as presence:
        presence.leave()
        with pytest.raises(LinkLost):
            presence.settings()


def end_for_good(server):
    server.answers[GetStats] = lambda _, __: [Goodbye("replaced", reconnect=False)]


def ask_until_told(presence):
    while True:
        with contextlib.suppress(LinkLost):  # between the end of the link and that of the presence
            presence.settings()


def test_a_goodbye_for_good_reaches_the_call_that_met_it_or_the_next(server, connect):
    end_for_good(server)
    with connect() as presence:
        with pytest.raises((LinkLost, Ended)):
            presence.stats()
        with pytest.raises(Ended, match="replaced"):
            ask_until_told(presence)


def test_a_goodbye_for_good_that_no_call_met_comes_out_at_the_end(server, connect):
    over = threading.Event()

    def notice(event):
        if isinstance(event, Disconnected):
            over.set()

    def be_replaced():
        goodbye = partial(server.connections[0].send, Goodbye("replaced", reconnect=False))
        trio.from_thread.run(goodbye, trio_token=server.token)
        assert over.wait(5)

    with pytest.raises(Ended, match="replaced"), connect(on_event=notice):
        be_replaced()


def test_a_call_from_another_thread_is_served_too(connect):
    with connect() as presence:
        found = []
        thread = threading.Thread(target=lambda: found.append(presence.settings()))
        thread.start()
        thread.join()
    assert len(found) == 1


def test_a_call_from_on_event_is_an_error_and_does_not_wait_for_itself(server, connect):
    met, over = [], threading.Event()

    def ask(event):
        if isinstance(event, Disconnected):
            try:
                presence.settings()
            except RuntimeError as error:
                met.append(str(error))
            over.set()

    with connect(on_event=ask) as presence:
        trio.from_thread.run(server.cut, trio_token=server.token)
        assert over.wait(5)
    assert "let another thread make this call" in met[0]


def test_ctrl_c_while_a_call_waits_cancels_the_call_and_the_presence_goes_on(server, connect):
    server.answers[GetStats] = lambda _, __: []  # never answered

    def interrupt():
        while not server.connections[0].messages(GetStats):
            time.sleep(0.01)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    with connect() as presence:
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            presence.stats()
        thread.join()
        assert presence.settings().connection_timeout == 120


def test_in_a_running_event_loop_it_says_what_to_use_instead(connect):
    async def block_the_loop():
        with connect():
            pass

    with pytest.raises(RuntimeError, match=r"asyncio event loop .*: use lastseen\.client\.aio"):
        asyncio.run(block_the_loop())
    with pytest.raises(RuntimeError, match=r"trio event loop .*: use lastseen\.client\.connect"):
        trio.run(block_the_loop)


def test_it_has_every_method_of_the_trio_presence_but_watch():
    assert public(blocking.Presence) == public(Presence) - {"watch"}


def test_a_presence_cannot_be_sent_to_another_process(connect):
    with connect() as presence, pytest.raises(TypeError, match="connect in that process"):
        pickle.dumps(presence)


def public(cls):
    return {name for name in dir(cls) if not name.startswith("_")}


def test_a_program_may_end_without_leaving_the_block():
    program = f"""
import runpy, trio
from lastseen.client import blocking

server = runpy.run_path({str(CONFTEST)!r})["FakeServer"]()

async def dial(host, port):
    trio.lowlevel.spawn_system_task(server.serve)
    return await server.dial(host, port)

block = blocking.connect("h:1", client_id="x", dial=dial)
print(block.__enter__().session)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "s1\n", "")
