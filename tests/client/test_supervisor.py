# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
import pytest
import trio

from lastseen.client import (
    Connected,
    Disconnected,
    Ended,
    IntervalChanged,
    IntervalLowered,
    LinkLost,
    Refused,
    Unreachable,
    supervisor,
)
from lastseen.shared.messages import (
    Error,
    GetSettings,
    Goodbye,
    Ping,
    Register,
    Settings,
)


def interval(seconds):
    return Settings(seconds, 2 * seconds, 10.0, 5.0, 0.1, 600.0)


# --- pinging


async def test_the_first_ping_comes_after_the_first_interval_and_then_each(
    fake_server, connect, autojump_clock
):
    async with connect():
        await trio.sleep(200)
    assert fake_server.connections[0].times(Ping) == pytest.approx([60, 120, 180], abs=0.1)


async def test_a_shorter_interval_is_followed_at_once(
    fake_server, connect, nursery, autojump_clock
):
    events = []
    async with connect(on_event=events.append):
        await trio.sleep(30)
        await fake_server.connections[0].send(interval(10.0))
        await trio.sleep(15)
    assert fake_server.connections[0].times(Ping) == pytest.approx([30, 40], abs=0.1)
    assert events[1:] == [IntervalChanged(10.0)]


async def test_a_longer_interval_is_followed_at_once(fake_server, connect, autojump_clock):
    async with connect():
        await trio.sleep(50)
        await fake_server.connections[0].send(interval(100.0))
        await trio.sleep(70)
    assert fake_server.connections[0].times(Ping) == pytest.approx([100], abs=0.1)


async def test_settings_pushed_right_behind_the_registration_are_followed(
    fake_server, connect, autojump_clock
):
    original = fake_server.answers[Register]
    fake_server.answers[Register] = lambda *args: [*original(*args), interval(10.0)]
    async with connect() as presence:
        await trio.sleep(15)
        assert presence.heartbeat_interval == 10
    assert fake_server.connections[0].times(Ping) == pytest.approx([10], abs=0.1)


@pytest.mark.parametrize("nonsense", [0.0, -5.0, float("nan")])
async def test_an_interval_that_cannot_be_followed_ends_the_link(
    fake_server, connect, autojump_clock, nonsense
):
    events = []
    async with connect(on_event=events.append):
        await fake_server.connections[0].send(interval(nonsense))
        await trio.sleep(5)
    assert isinstance(events[1], Disconnected)
    assert "heartbeat_interval" in events[1].reason


async def test_an_observer_pings_too(fake_server, observe, autojump_clock):
    async with observe():
        await trio.sleep(130)
    assert fake_server.connections[0].times(Ping) == pytest.approx([60, 120], abs=0.1)


# --- proxies that cut idle connections


async def test_when_idle_connections_are_cut_it_pings_more_often_and_says_so(
    fake_server, connect, autojump_clock
):
    events = []
    async with connect(on_event=events.append, jitter=lambda: 0) as presence:
        for _ in range(3):
            await trio.sleep(40)
            await fake_server.cut()
            await trio.sleep(0.1)
        assert presence.heartbeat_interval == pytest.approx(30, abs=0.1)
        await trio.sleep(70)
        await fake_server.connections[-1].send(interval(10.0))
        await trio.sleep(15)
        assert presence.heartbeat_interval == 10
    lowered = [event for event in events if isinstance(event, IntervalLowered)]
    assert len(lowered) == 1
    assert lowered[0].cut_after == pytest.approx(40, abs=0.2)
    assert lowered[0].heartbeat_interval == pytest.approx(30, abs=0.2)
    assert isinstance(events[events.index(lowered[0]) - 1], Connected)
    assert not fake_server.connections[2].times(Ping)
    assert len(fake_server.connections[3].times(Ping)) == 4  # two at 30 s, two at 10 s


async def test_it_keeps_pinging_so_in_the_next_sessions_too(fake_server, connect, autojump_clock):
    async with connect(jitter=lambda: 0):
        for _ in range(3):
            await trio.sleep(40)
            await fake_server.cut()
            await trio.sleep(0.1)
        await trio.sleep(100)
        await fake_server.cut()
        began = trio.current_time()
        await trio.sleep(50)
    assert fake_server.connections[4].times(Ping)[0] - began == pytest.approx(30, abs=0.2)


async def test_an_observer_does_so_too(fake_server, observe, autojump_clock):
    events = []
    async with observe(on_event=events.append, jitter=lambda: 0):
        for _ in range(3):
            await trio.sleep(40)
            await fake_server.cut()
            await trio.sleep(0.1)
    assert any(isinstance(event, IntervalLowered) for event in events)


async def restarts(fake_server):
    await trio.sleep(40)
    await fake_server.restart()


async def says_goodbye(fake_server):
    await trio.sleep(40)
    await fake_server.connections[-1].send(Goodbye("shutdown", reconnect=True))
    await fake_server.cut()


async def answers_no_ping(fake_server):
    fake_server.answers[Ping] = lambda _, __: []
    await trio.sleep(71)


@pytest.mark.parametrize("happens", [restarts, says_goodbye, answers_no_ping])
async def test_other_ends_are_no_reason_to_ping_more_often(
    fake_server, connect, autojump_clock, happens
):
    events = []
    async with connect(on_event=events.append, jitter=lambda: 0) as presence:
        for _ in range(6):
            await happens(fake_server)
        assert presence.heartbeat_interval == 60
    assert len([event for event in events if isinstance(event, Disconnected)]) >= 5
    assert not [event for event in events if isinstance(event, IntervalLowered)]


# --- noticing, and coming back


async def test_a_server_that_no_longer_answers_is_noticed_by_the_missing_pong(
    fake_server, connect, autojump_clock
):
    events = []
    fake_server.answers[Ping] = lambda _, __: []
    async with connect(on_event=events.append):
        await trio.sleep(60 + 10 + 5)
    lost = events[1]
    assert lost == Disconnected("no pong within 10 s", 0.5)
    assert fake_server.dialled == pytest.approx([0, 70.5], abs=0.1)


async def test_the_patience_for_a_pong_is_a_parameter(fake_server, connect, autojump_clock):
    fake_server.answers[Ping] = lambda _, __: []
    async with connect(pong_deadline=2):
        await trio.sleep(65)
    assert fake_server.dialled == pytest.approx([0, 62.5], abs=0.1)


async def test_a_broken_link_is_mended_with_the_same_instance(fake_server, connect, autojump_clock):
    events = []
    async with connect(on_event=events.append) as presence:
        await trio.sleep(5)
        await fake_server.cut()
        await trio.sleep(1)
        assert presence.session == "s2"
    first, second = (c.messages(Register)[0] for c in fake_server.connections)
    assert first == second
    assert [type(event) for event in events] == [Connected, Disconnected, Connected]
    assert events[1] == Disconnected("the server closed the connection", 0.5)


async def test_two_presences_of_one_process_are_two_instances(fake_server, connect, autojump_clock):
    async with connect(), connect():
        pass
    first, second = (c.messages(Register)[0] for c in fake_server.connections)
    assert first.instance != second.instance


async def test_pauses_double_up_to_twenty_seconds_and_go_on_for_ever(
    fake_server, connect, autojump_clock
):
    events = []
    async with connect(on_event=events.append):
        fake_server.down = True
        await fake_server.cut()
        await trio.sleep(90)
    pauses = [event.retry_in for event in events[1:]]
    assert pauses == [0.5, 1, 2, 4, 8, 16, 20, 20, 20]
    assert all(event == Unreachable("connection refused", event.retry_in) for event in events[2:])


@pytest.mark.parametrize(("stood", "pause"), [(supervisor.STEADY, 0.5), (10.0, 2.0)])
async def test_a_session_that_stood_for_a_while_starts_the_pauses_anew(
    fake_server, connect, autojump_clock, stood, pause
):
    events = []
    async with connect(on_event=events.append):
        fake_server.down = True
        await fake_server.cut()
        await trio.sleep(1)  # tried at 0.5
        fake_server.down = False
        await trio.sleep(0.5 + stood)  # tried at 1.5
        await fake_server.cut()
        await trio.sleep(0.1)
    assert [e.retry_in for e in events if isinstance(e, Disconnected)] == [0.5, pause]


async def test_a_server_that_drops_every_link_at_once_is_met_with_growing_pauses(
    fake_server, connect, autojump_clock
):
    original = fake_server.answers[Register]
    goodbye = Goodbye("internal_error", reconnect=True)
    events = []
    async with connect(on_event=events.append):
        fake_server.answers[Register] = lambda *args: [*original(*args), goodbye]
        await fake_server.cut()
        await trio.sleep(90)
    pauses = [event.retry_in for event in events if isinstance(event, Disconnected)]
    assert pauses == [0.5, 1, 2, 4, 8, 16, 20, 20, 20]


async def test_pauses_are_drawn_between_nothing_and_the_ceiling(
    fake_server, connect, autojump_clock
):
    numbers = iter([0.5, 0.0, 0.25])
    async with connect(jitter=lambda: next(numbers)):
        fake_server.down = True
        await fake_server.cut()
        await trio.sleep(0.5)
        fake_server.down = False
        await trio.sleep(5)
    assert fake_server.dialled == pytest.approx([0, 0.25, 0.25, 0.75], abs=0.01)


async def test_a_goodbye_with_a_time_is_kept_to_exactly(fake_server, connect, autojump_clock):
    events = []
    async with connect(on_event=events.append):
        await fake_server.connections[0].send(Goodbye("shutdown", reconnect=True, retry_after=12.5))
        await trio.sleep(20)
    assert events[1] == Disconnected("the server said goodbye: shutdown", 12.5)
    assert fake_server.dialled == pytest.approx([0, 12.5], abs=0.01)


async def test_a_server_that_is_full_is_not_tried_before_its_time(
    fake_server, connect, autojump_clock
):
    original = fake_server.answers[Register]

    def full(connection, message):
        if len(fake_server.connections) == 3:
            return original(connection, message)
        error = Error("server_full", "no room", 30.0, request_id=message.request_id)
        return [error, Goodbye("server_full", reconnect=True)]

    fake_server.answers[Register] = full
    events = []
    async with connect(wait=True, on_event=events.append):
        pass
    assert fake_server.dialled == pytest.approx([0, 30.5, 61.5], abs=0.1)
    assert events[0] == Unreachable("no room", 30.5)


async def test_a_refusal_whose_goodbye_got_lost_is_not_tried_before_its_time_either(
    fake_server, connect, autojump_clock
):
    original = fake_server.answers[Register]

    def full_once(connection, message):
        if len(fake_server.connections) > 1:
            return original(connection, message)
        return [Error("server_full", "no room", 30.0, request_id=message.request_id)]

    fake_server.answers[Register] = full_once
    async with connect(wait=True):
        pass
    assert fake_server.dialled == pytest.approx([0, 31.5], abs=0.1)


async def test_a_refusal_followed_by_a_broken_link_is_remembered(
    quiet_server, connect, nursery, autojump_clock
):
    async def refuse():
        connection = await quiet_server.accept()
        register = await connection.receive()
        await connection.send(Error("server_full", "no room", 30.0, request_id=register.request_id))
        await connection.close()

    nursery.start_soon(refuse)
    with pytest.raises(Refused) as caught:
        async with connect():
            pass
    assert (caught.value.code, caught.value.retry_after) == ("server_full", 30.0)


async def test_a_reconnect_that_is_refused_for_good_ends_the_block(
    fake_server, connect, nursery, autojump_clock
):
    async def turn_away():
        await trio.sleep(5)
        fake_server.answers[Register] = lambda _, message: [
            Error("duplicate_client", "web-01 is in use", request_id=message.request_id),
            Goodbye("duplicate_client", reconnect=False),
        ]
        await fake_server.cut()

    nursery.start_soon(turn_away)
    with pytest.raises(Refused, match="is in use"):
        async with connect():
            await trio.sleep_forever()
    assert trio.current_time() == pytest.approx(5.5, abs=0.1)


async def test_a_goodbye_for_good_is_told_before_the_block_ends(
    fake_server, connect, nursery, autojump_clock
):
    async def replace():
        await trio.sleep(5)
        await fake_server.connections[0].send(Goodbye("replaced", reconnect=False))

    events = []
    nursery.start_soon(replace)
    with pytest.raises(Ended):
        async with connect(on_event=events.append):
            await trio.sleep_forever()
    assert events[1:] == [Disconnected("the server said goodbye: replaced", None)]


async def test_leaving_while_there_is_no_link_does_not_wait_for_one(
    fake_server, connect, autojump_clock
):
    async with connect():
        fake_server.down = True
        await fake_server.cut()
        await trio.sleep(10)
        left = trio.current_time()
    assert trio.current_time() == left


# --- requests and the link


async def test_a_request_in_flight_is_lost_with_its_link(
    fake_server, connect, nursery, autojump_clock
):
    fake_server.answers[GetSettings] = lambda _, __: []

    async def cut_soon():
        await trio.sleep(3)
        await fake_server.cut()

    async with connect() as presence:
        nursery.start_soon(cut_soon)
        with pytest.raises(LinkLost, match="the server closed the connection"):
            await presence.settings()
        assert trio.current_time() == pytest.approx(3, abs=0.1)


async def test_a_ping_in_flight_is_lost_with_its_link(
    fake_server, connect, nursery, autojump_clock
):
    fake_server.answers[Ping] = lambda _, __: []

    async def cut_soon():
        await trio.sleep(3)
        await fake_server.cut()

    async with connect() as presence:
        nursery.start_soon(cut_soon)
        with pytest.raises(LinkLost, match="the server closed the connection"):
            await presence.ping()
        assert trio.current_time() == pytest.approx(3, abs=0.1)


async def test_a_request_without_a_link_fails_at_once(fake_server, connect, autojump_clock):
    async with connect() as presence:
        fake_server.down = True
        await fake_server.cut()
        await trio.sleep(10)
        asked = trio.current_time()
        with pytest.raises(LinkLost, match="no link to 127"):
            await presence.settings()
        assert trio.current_time() == asked


async def test_a_request_given_up_by_its_caller_harms_nobody(fake_server, connect, autojump_clock):
    async with connect() as presence:
        for _ in range(5):
            with trio.move_on_after(0):
                await presence.settings()
            with trio.move_on_after(0):
                await presence.ping()
        assert (await presence.settings()).heartbeat_interval == 60
        assert await presence.ping() < 1
        await trio.sleep(100)
    assert len(fake_server.connections) == 1


async def test_every_stream_is_closed_in_the_end(fake_server, connect, autojump_clock):
    async with connect():
        for _ in range(3):
            await fake_server.cut()
            await trio.sleep(1)
    for connection in fake_server.connections:
        assert await connection.receive() is None
