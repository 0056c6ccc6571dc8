# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
import pytest
import trio

from lastseen.client import ConnectFailed, Ended, LinkLost, Refused
from lastseen.shared.messages import (
    Error,
    GetSettings,
    Goodbye,
    Leave,
    Ping,
    Register,
    SetAvailability,
    Settings,
    UpdateSettings,
)


async def test_the_block_is_entered_once_registered(fake_server, connect, autojump_clock):
    async with connect() as presence:
        assert presence.client_id == "web-01"
        assert presence.session == "s1"
        assert presence.heartbeat_interval == 60
    [register] = fake_server.connections[0].messages(Register)
    assert register.hostname
    assert len(register.instance) == 32


async def test_leaving_the_block_says_goodbye_and_closes(fake_server, connect, autojump_clock):
    async with connect():
        pass
    [connection] = fake_server.connections
    assert len(connection.messages(Leave)) == 1
    assert await connection.receive() is None


async def test_a_block_left_by_an_error_drops_the_link_without_a_goodbye(
    fake_server, connect, autojump_clock
):
    with pytest.raises(ZeroDivisionError):
        async with connect():
            1 / 0  # noqa: B018 (the error is what is wanted)
    [connection] = fake_server.connections
    assert await connection.receive() is None
    assert connection.messages(Leave) == []


async def test_a_group_that_the_body_raises_comes_out_as_it_is(
    fake_server, connect, autojump_clock
):
    error = ValueError("one")
    with pytest.raises(ExceptionGroup) as caught:
        async with connect():
            raise ExceptionGroup("mine", [error])
    assert caught.value.message == "mine"
    assert caught.value.exceptions == (error,)


async def test_a_block_may_be_cancelled_from_outside(fake_server, connect, autojump_clock):
    with trio.move_on_after(5) as scope:
        async with connect():
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert trio.current_time() == pytest.approx(5, abs=0.1)


async def test_leaving_does_not_wait_for_ever_for_a_server_that_says_nothing(
    fake_server, connect, autojump_clock
):
    fake_server.answers[Leave] = lambda _, __: []
    async with connect():
        begun = trio.current_time()
    assert trio.current_time() - begun == pytest.approx(2)


async def test_leave_ends_the_presence_and_not_the_block(fake_server, connect, autojump_clock):
    async with connect() as presence:
        await presence.leave()
        with pytest.raises(LinkLost, match="said goodbye: left"):
            await presence.settings()
        await trio.sleep(100)
        with pytest.raises(LinkLost, match="no link"):
            await presence.settings()
        await presence.leave()
    assert len(fake_server.connections) == 1


async def test_leave_without_a_link_ends_the_attempts_too(fake_server, connect, autojump_clock):
    async with connect() as presence:
        fake_server.down = True
        await fake_server.cut()
        await trio.sleep(10)
        await presence.leave()
        attempts = len(fake_server.dialled)
        await trio.sleep(100)
        assert len(fake_server.dialled) == attempts


async def test_a_server_that_cannot_be_reached_is_an_error_that_names_it(
    fake_server, connect, autojump_clock
):
    fake_server.down = True
    with pytest.raises(ConnectFailed, match=r"connect to 127\.0\.0\.1:8080: connection refused"):
        async with connect():
            pass


async def test_a_block_that_never_was_present_never_runs(fake_server, connect, autojump_clock):
    fake_server.down = True
    entered = []
    with pytest.raises(ConnectFailed):
        async with connect():
            entered.append("without a checkpoint, nothing would have stopped this")
    assert entered == []


async def test_a_peer_that_closes_before_answering_is_a_failed_connection(
    quiet_server, connect, nursery, autojump_clock
):
    async def hang_up():
        await (await quiet_server.accept()).close()

    nursery.start_soon(hang_up)
    with pytest.raises(ConnectFailed, match="the server closed the connection"):
        async with connect():
            pass


async def test_a_peer_that_never_answers_is_a_failed_connection(
    quiet_server, connect, autojump_clock
):
    with pytest.raises(ConnectFailed, match="no answer within 10 s"):
        async with connect():
            pass


async def test_with_wait_the_first_attempt_is_repeated(
    fake_server, connect, nursery, autojump_clock
):
    fake_server.down = True

    async def come_up():
        await trio.sleep(5)
        fake_server.down = False

    nursery.start_soon(come_up)
    async with connect(wait=True):
        pass
    assert fake_server.dialled == pytest.approx([0, 0.5, 1.5, 3.5, 7.5], abs=0.1)


async def test_a_refused_registration_says_why(fake_server, connect, autojump_clock):
    fake_server.answers[Register] = lambda _, message: [
        Error("duplicate_client", "web-01 is in use", request_id=message.request_id),
        Goodbye("duplicate_client", reconnect=False),
    ]
    with pytest.raises(Refused, match="web-01 is in use") as caught:
        async with connect(wait=True):
            pass
    assert caught.value.code == "duplicate_client"


async def test_a_refusal_without_a_goodbye_is_final_too(fake_server, connect, autojump_clock):
    fake_server.answers[Register] = lambda _, message: [
        Error("forbidden", "not with that token", request_id=message.request_id)
    ]
    with pytest.raises(Refused, match="not with that token"):
        async with connect(wait=True):
            pass


async def test_a_full_server_refuses_for_now_and_says_when_to_come_back(
    fake_server, connect, autojump_clock
):
    fake_server.answers[Register] = lambda _, message: [
        Error("server_full", "no room", retry_after=30.0, request_id=message.request_id),
        Goodbye("server_full", reconnect=True),
    ]
    with pytest.raises(Refused) as caught:
        async with connect():
            pass
    assert (caught.value.code, caught.value.retry_after) == ("server_full", 30.0)


async def test_a_goodbye_for_good_cancels_the_block_with_its_reason(
    fake_server, connect, nursery, autojump_clock
):
    async def replace():
        await trio.sleep(5)
        await fake_server.connections[0].send(Goodbye("replaced", reconnect=False))

    nursery.start_soon(replace)
    with pytest.raises(Ended) as caught:
        async with connect():
            await trio.sleep_forever()
    assert trio.current_time() == pytest.approx(5, abs=0.1)
    assert caught.value.reason == "replaced"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"client_id": ""}, "client_id"),
        ({"client_id": "a\nb"}, "client_id"),
        ({"groups": ["x" * 65]}, "groups"),
        ({"meta": {"k": "x" * 257}}, "meta"),
        ({"server": "nowhere:port"}, "'port'"),
        ({"meta": {str(n): "x" * 256 for n in range(16)}}, "at most 4096 bytes"),
    ],
)
async def test_a_field_that_breaks_the_rules_is_named_before_anything_is_sent(
    fake_server, connect, fields, sentence
):
    with pytest.raises(ValueError, match=sentence):
        async with connect(**fields):
            pass
    assert fake_server.dialled == []


async def test_an_error_in_on_event_comes_out_of_the_block_as_itself(
    fake_server, connect, autojump_clock
):
    def complain(event):
        raise KeyError(type(event).__name__)

    with pytest.raises(KeyError, match="Connected"):
        async with connect(on_event=complain):
            await trio.sleep_forever()


# --- requests


async def test_an_observer_asks_without_registering(fake_server, observe, settings, autojump_clock):
    async with observe() as observer:
        told = await observer.settings()
        stats = await observer.stats()
        assert await observer.ping() < 0.1
    assert told.heartbeat_interval == settings.heartbeat_interval
    assert stats.online == 1
    assert fake_server.connections[0].messages(Register) == []
    assert len(fake_server.connections[0].messages(GetSettings)) == 2


async def test_a_refused_request_raises_and_the_link_goes_on(fake_server, connect, autojump_clock):
    fake_server.answers[UpdateSettings] = lambda _, message: [
        Error("bad_settings", "heartbeat_interval: too low", request_id=message.request_id)
    ]
    async with connect() as presence:
        with pytest.raises(Refused, match="too low") as caught:
            await presence.update_settings(heartbeat_interval=1)
        assert caught.value.code == "bad_settings"
        await presence.settings()
    assert len(fake_server.connections) == 1


async def test_a_request_that_is_not_answered_in_time_is_lost_and_the_link_goes_on(
    fake_server, connect, autojump_clock
):
    async with connect() as presence:
        fake_server.answers[GetSettings] = lambda _, __: []
        begun = trio.current_time()
        with pytest.raises(LinkLost, match="no answer within 10 s"):
            await presence.settings()
        assert trio.current_time() - begun == pytest.approx(10)
        await presence.ping()
    assert len(fake_server.connections) == 1


async def test_what_was_said_of_oneself_is_said_again_after_a_reconnect(
    fake_server, connect, autojump_clock
):
    async with connect() as presence:
        await presence.set_availability("away", "lunch")
        await fake_server.cut()
        await trio.sleep(1)
        await presence.ping()
    first, second = fake_server.connections
    assert [m.note for m in first.messages(SetAvailability)] == ["lunch"]
    assert [m.note for m in second.messages(SetAvailability)] == ["lunch"]


async def test_what_is_said_without_a_link_is_said_once_there_is_one(
    fake_server, connect, autojump_clock
):
    async with connect() as presence:
        await fake_server.cut()
        await trio.sleep(0.1)
        await presence.set_availability("busy")
        await trio.sleep(1)
    [said] = fake_server.connections[1].messages(SetAvailability)
    assert said.availability == "busy"


async def test_what_a_breaking_link_swallowed_is_said_again(fake_server, connect, autojump_clock):
    said = fake_server.answers[SetAvailability]
    fake_server.answers[SetAvailability] = lambda _, __: [Goodbye("shutdown", reconnect=True)]
    async with connect() as presence:
        await presence.set_availability("busy")
        fake_server.answers[SetAvailability] = said
        await trio.sleep(1)
    assert len(fake_server.connections[1].messages(SetAvailability)) == 1


async def test_an_availability_that_is_refused_raises_and_is_not_remembered(
    fake_server, connect, autojump_clock
):
    fake_server.answers[SetAvailability] = lambda _, message: [
        Error("forbidden", "no", request_id=message.request_id)
    ]
    async with connect() as presence:
        with pytest.raises(Refused):
            await presence.set_availability("busy")
        await fake_server.cut()
        await trio.sleep(1)
    assert fake_server.connections[1].messages(SetAvailability) == []


async def test_a_client_pings_whatever_else_it_says(fake_server, connect, autojump_clock):
    async with connect() as presence:
        for _ in range(5):
            await trio.sleep(13)
            await presence.settings()
    assert fake_server.connections[0].times(Ping) == pytest.approx([60], abs=0.1)


async def test_the_interval_can_be_read_after_it_changed(fake_server, connect, autojump_clock):
    async with connect() as presence:
        await fake_server.connections[0].send(Settings(30.0, 70.0, 10.0, 5.0, 10.0, 600.0))
        await trio.sleep(1)
        assert presence.heartbeat_interval == 30
