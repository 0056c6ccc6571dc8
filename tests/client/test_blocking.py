"""Real threads, no sockets: the fake server lives in the thread underneath, beside the presence."""

import contextlib
import subprocess
import sys
import threading
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import trio

from lastseen.client import ConnectFailed, Disconnected, Ended, LinkLost, Refused, blocking
from lastseen.shared.messages import ChannelRecord, Error, GetStats, Goodbye, Leave, SetAvailability

CONFTEST = Path(__file__).with_name("conftest.py")


@pytest.fixture
def server(quiet_server):
    """The fake server, started by the first who dials."""

    async def dial(host, port):
        if not quiet_server.dialled:
            quiet_server.token = trio.lowlevel.current_trio_token()
            trio.lowlevel.spawn_system_task(quiet_server.serve)
        return await quiet_server.dial(host, port)

    quiet_server.dial_here = dial
    return quiet_server


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
