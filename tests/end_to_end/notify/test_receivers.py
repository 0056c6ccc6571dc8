"""Receivers that are down, slow, overrun or that refuse, and servers that end meanwhile."""

import signal
import threading
import time
from typing import Any

from lastseen.shared.messages import ChannelEnabled, Channels, EnableChannel, GetChannels

RETRY_AFTER = 2
"""Seconds that a receiver asks for."""


def _channels(link: Any) -> dict[str, Any]:
    link.say(GetChannels())
    return {channel.name: channel for channel in link.hear_only(Channels).channels}


def test_what_a_receiver_missed_while_it_was_down_comes_later_in_order_for_each_client(
    start_telling, new_receiver, outbox, come, until, wire
):
    gone = new_receiver()
    gone.close()
    server = start_telling(webhook=[{"name": "ops", "url": gone.url, "retry_interval": 0.05}])
    clients = [f"web-{number:02}" for number in range(20)]
    for _ in range(3):
        for client_id in clients:
            come(server, client_id).leave()
    steps = ["client.offline", *["client.online", "client.offline"] * 2]
    asking = wire(server)
    until(lambda: _channels(asking)["ops"].state == "failing", "a channel that fails")
    receiver = new_receiver(gone.port)
    told = receiver.wait_for(len(steps) * len(clients))
    outbox.wait_for_nothing_pending()
    for client_id in clients:
        assert [kind for kind, of in told if of == client_id] == steps
    assert _channels(asking)["ops"].state == "working"


def test_one_who_answers_503_for_a_while_is_told_all_by_the_same_names(
    start_telling, receiver, ops, outbox, go
):
    receiver.usual.status = 503
    server = start_telling(webhook=[ops])
    go(server, "web-01", "web-02")
    receiver.wait_for_requests(2)
    receiver.usual.status = 200
    outbox.wait_for(["sent", "sent"])
    names = {request.headers["webhook-id"] for request in receiver.requests}
    assert names == {request.headers["webhook-id"] for request in receiver.taken()}
    assert len(receiver.taken()) == 2


def test_one_who_hangs_holds_up_nobody_else(start_telling, receiver, new_receiver, ops, go, wire):
    stuck = new_receiver()
    stuck.usual.hang = True
    hanging = {"name": "stuck", "url": stuck.url, "timeout": 600, "retry_interval": 0.05}
    server = start_telling(webhook=[hanging, ops])
    clients = [f"web-{number:02}" for number in range(30)]
    go(server, *clients)
    assert sorted(of for _, of in receiver.wait_for(30)) == clients
    stuck.wait_for_requests(1)
    assert not stuck.taken()
    assert len(_channels(wire(server))) == 2  # and the server answers
    stuck.usual.hang = False
    stuck.released.set()  # they break off, without an answer
    assert sorted(of for _, of in stuck.wait_for(30)) == clients


def test_one_who_asks_for_time_is_given_it(start_telling, receiver, ops, go):
    arrived: list[float] = []
    receiver.on_request = lambda _request: arrived.append(time.monotonic())
    receiver.answer(429, headers={"Retry-After": str(RETRY_AFTER)})
    server = start_telling(webhook=[ops])
    go(server, "web-01")
    receiver.wait_for_requests(1)
    go(server, "web-02")  # which waits too: it is the channel that asked
    assert sorted(receiver.wait_for(2)) == [
        ("client.offline", "web-01"),
        ("client.offline", "web-02"),
    ]
    assert min(arrived[1:]) - arrived[0] >= RETRY_AFTER - 0.01


# --- broken --------------------------------------------------------------------------------------


def test_one_who_refuses_for_good_is_sent_nothing_until_it_is_enabled_and_nothing_is_lost(
    start_telling, receiver, ops, outbox, go, wire
):
    receiver.usual.status = 401
    server = start_telling(webhook=[ops])
    go(server, "web-01")
    server.logged("the channel is broken", channel="ops")
    outbox.wait_for(["pending"])
    server.signal(signal.SIGKILL)
    server.wait()
    refused = len(receiver.requests)
    receiver.usual.status = 200
    server = start_telling(webhook=[ops])
    go(server, "web-01", "web-02")  # the first came back, too
    outbox.wait_for(["pending"] * 4)
    asking = wire(server)
    broken = _channels(asking)["ops"]
    assert (broken.state, broken.pending) == ("broken", 4)
    assert "401" in broken.why
    assert len(receiver.requests) == refused
    asking.say(EnableChannel("ops"))
    asking.hear_only(ChannelEnabled)
    told = receiver.wait_for(4)
    assert [kind for kind, of in told if of == "web-01"] == [
        "client.offline",
        "client.online",
        "client.offline",
    ]
    assert ("client.offline", "web-02") in told
    outbox.wait_for(["sent"] * 4)
    assert _channels(asking)["ops"].state == "working"
    assert outbox.query("SELECT count(*) FROM broken_channels") == [(0,)]


def test_other_settings_are_another_try(start_telling, receiver, new_receiver, ops, outbox, go):
    receiver.usual.status = 404
    server = start_telling(webhook=[ops])
    go(server, "web-01")
    server.logged("the channel is broken", channel="ops")
    right = new_receiver()
    text = server.config.read_text()
    server.config.write_text(text.replace(receiver.url, right.url))
    server.signal(signal.SIGHUP)
    assert right.wait_for(1) == [("client.offline", "web-01")]
    outbox.wait_for(["sent"])
    assert len(receiver.requests) == 1


# --- ends ----------------------------------------------------------------------------------------


def test_what_is_on_its_way_when_the_server_is_to_end_is_noted_and_not_repeated(
    start_telling, receiver, ops, outbox, go
):
    """The receiver takes its time: until the server has heard that it is to end."""
    stopping = threading.Event()
    receiver.on_request = lambda _request: stopping.wait(60.0)
    server = start_telling(webhook=[ops])
    go(server, "web-01")
    receiver.wait_for_requests(1)
    server.signal(signal.SIGTERM)
    server.logged("stopping")
    stopping.set()
    assert server.wait(60.0) == 0
    assert outbox.states() == ["sent"]
    server = start_telling(webhook=[ops])
    go(server, "db-01")
    outbox.wait_for(["sent", "sent"])
    assert receiver.told() == [("client.offline", "web-01"), ("client.offline", "db-01")]


def test_a_receiver_that_hangs_does_not_keep_a_server_from_ending(
    start_telling, receiver, ops, outbox, go
):
    receiver.answer(hang=True)
    server = start_telling(webhook=[ops | {"timeout": 600}])
    go(server, "web-01")
    receiver.wait_for_requests(1)
    server.signal(signal.SIGTERM)
    assert server.wait(60.0) == 0
    assert outbox.states() == ["pending"]
    start_telling(webhook=[ops])
    receiver.wait_for(1)
    first, second = (request.headers["webhook-id"] for request in receiver.requests)
    assert first == second
