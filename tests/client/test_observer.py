# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
"""Questions about the past; the others are asked in test_presence.py."""

from datetime import UTC, datetime, timedelta

import pytest

from lastseen.client import LinkLost, Refused
from lastseen.shared.messages import (
    ChannelRecord,
    Error,
    Forget,
    GetDeliveries,
    GetHistory,
    GetSilences,
    GetUptime,
    Silence,
    Uptime,
)

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
EVERYTHING = ((86400.0, 86400.0), (604800.0, 604800.0), (2592000.0, 2592000.0))


@pytest.fixture
def seven_events(quiet_server, event):
    events = [event("offline", "online", "registered", at=NOON - timedelta(n)) for n in range(7)]
    quiet_server.events["web-01"] = events
    quiet_server.page = 3
    return events


async def test_history_comes_page_by_page_the_latest_first(
    fake_server, observe, seven_events, autojump_clock
):
    async with observe() as observer:
        assert [event async for event in observer.history("web-01")] == seven_events
    requests = fake_server.connections[0].messages(GetHistory)
    assert [request.before for request in requests] == [None, 3, 6]


async def test_history_may_begin_at_a_moment(fake_server, observe, seven_events, autojump_clock):
    since = NOON - timedelta(3)
    async with observe() as observer:
        found = [event async for event in observer.history("web-01", since=since)]
    assert found == seven_events[:4]
    requests = fake_server.connections[0].messages(GetHistory)
    assert {request.since for request in requests} == {since}


async def test_a_moment_without_a_time_zone_is_refused_before_anything_is_asked(
    fake_server, observe, autojump_clock
):
    async with observe() as observer:
        with pytest.raises(ValueError, match="since"):
            observer.history("web-01", since=NOON.replace(tzinfo=None))
    assert fake_server.connections[0].messages(GetHistory) == []


async def test_the_uptime_of_everyone_comes_page_by_page(
    fake_server, observe, uptime, autojump_clock
):
    fake_server.uptimes = {f"c{n}": uptime(f"c{n}", *EVERYTHING) for n in range(5)}
    fake_server.page = 2
    async with observe() as observer:
        found = [client.client_id async for client in observer.uptime()]
    assert found == ["c0", "c1", "c2", "c3", "c4"]
    requests = fake_server.connections[0].messages(GetUptime)
    assert [request.after for request in requests] == [None, "c1", "c3"]


async def test_the_uptime_of_one_is_asked_for_by_its_id(
    fake_server, observe, uptime, autojump_clock
):
    fake_server.uptimes = {name: uptime(name, *EVERYTHING) for name in ("a", "b")}
    async with observe() as observer:
        [found] = [client async for client in observer.uptime("b")]
    assert found == fake_server.uptimes["b"]


async def test_forgetting_is_asked_for_and_done(fake_server, connect, seven_events, autojump_clock):
    async with connect() as presence:
        await presence.forget("web-01")
    assert fake_server.connections[0].messages(Forget)[0].client_id == "web-01"
    assert "web-01" not in fake_server.events


@pytest.mark.parametrize(("name", "code"), [("here", "client_present"), ("who", "unknown_client")])
async def test_who_is_present_or_unknown_cannot_be_forgotten(
    fake_server, observe, record, name, code, autojump_clock
):
    fake_server.records = {"here": record("here")}
    async with observe() as observer:
        with pytest.raises(Refused) as refused:
            await observer.forget(name)
    assert refused.value.code == code


async def test_a_silence_is_ordered_shown_and_ended(fake_server, observe, autojump_clock):
    async with observe() as observer:
        ordered = await observer.silence(7200, client="web-*", group="rack-3", reason="new disks")
        assert [silence async for silence in observer.silences()] == [ordered]
        await observer.unsilence(ordered.id)
        assert [silence async for silence in observer.silences()] == []
        with pytest.raises(Refused, match="no silence") as refused:
            await observer.unsilence(ordered.id)
    assert refused.value.code == "unknown_silence"
    [request] = fake_server.connections[0].messages(Silence)
    assert (request.seconds, request.client, request.group) == (7200, "web-*", "rack-3")
    assert (ordered.clients, ordered.groups, ordered.reason) == (
        ("web-*",),
        ("rack-3",),
        "new disks",
    )


async def test_silences_come_page_by_page(fake_server, observe, autojump_clock):
    fake_server.page = 2
    async with observe() as observer:
        ordered = [await observer.silence(60, client=name) for name in "abcde"]
        assert [silence async for silence in observer.silences()] == ordered
    requests = fake_server.connections[0].messages(GetSilences)
    assert [request.after for request in requests] == [None, 2, 4]


async def test_a_silence_shorter_than_a_minute_is_refused_before_anything_is_asked(
    fake_server, observe, autojump_clock
):
    async with observe() as observer:
        with pytest.raises(ValueError, match="seconds"):
            await observer.silence(5, client="a")
    assert fake_server.connections[0].messages(Silence) == []


async def test_deliveries_come_page_by_page_the_latest_first(
    fake_server, observe, delivery, autojump_clock
):
    fake_server.deliveries = {n: delivery(n) for n in range(1, 8)}
    fake_server.page = 3
    async with observe() as observer:
        found = [delivery.id async for delivery in observer.deliveries()]
    assert found == [7, 6, 5, 4, 3, 2, 1]
    requests = fake_server.connections[0].messages(GetDeliveries)
    assert [request.before for request in requests] == [None, 5, 2]


async def test_deliveries_may_be_those_of_a_channel_a_client_and_a_state(
    fake_server, observe, autojump_clock
):
    async with observe() as observer:
        wish = observer.deliveries(channel="ops", client_id="web-01", state="failed")
        assert [delivery async for delivery in wish] == []
    [request] = fake_server.connections[0].messages(GetDeliveries)
    assert (request.channel, request.client_id, request.state) == ("ops", "web-01", "failed")


async def test_a_delivery_is_tried_again(fake_server, observe, delivery, autojump_clock):
    fake_server.deliveries = {3: delivery(3, state="failed", attempts=16)}
    async with observe() as observer:
        assert (await observer.retry(3)).state == "pending"
        with pytest.raises(Refused, match="no delivery 4"):
            await observer.retry(4)


async def test_channels_come_page_by_page_and_a_broken_one_is_enabled(
    fake_server, observe, autojump_clock
):
    fake_server.channels = {
        name: ChannelRecord(name, "webhook", enabled=True, state="broken") for name in "abc"
    }
    fake_server.page = 2
    async with observe() as observer:
        await observer.enable_channel("b")
        found = {channel.name: channel.state async for channel in observer.channels()}
        with pytest.raises(Refused, match="no channel 'd'"):
            await observer.enable_channel("d")
    assert found == {"a": "broken", "b": "working", "c": "broken"}


async def test_a_server_without_a_store_refuses_with_its_own_words(
    fake_server, observe, autojump_clock
):
    for question in (GetHistory, GetUptime, Forget):
        fake_server.answers[question] = lambda _, message: [
            Error("no_store", "nothing is remembered here", request_id=message.request_id)
        ]
    async with observe() as observer:
        for ask in (observer.history("a").__anext__, observer.uptime().__anext__):
            with pytest.raises(Refused, match="nothing is remembered here"):
                await ask()
        with pytest.raises(Refused, match="nothing is remembered here"):
            await observer.forget("a")


async def test_an_answer_of_another_kind_is_not_taken_for_one(fake_server, observe, autojump_clock):
    fake_server.answers[GetHistory] = lambda _, message: [Uptime([], request_id=message.request_id)]
    async with observe() as observer:
        with pytest.raises(LinkLost, match="expected History"):
            await observer.history("a").__anext__()
