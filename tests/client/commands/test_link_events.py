import pytest

from lastseen.client import (
    Connected,
    Disconnected,
    IntervalChanged,
    IntervalLowered,
    Unreachable,
)
from lastseen.client.commands.link_events import sentence, to_dict
from lastseen.shared.messages import Registered

HERE = "127.0.0.1:8080"


def registered(now):
    return Registered("web-01", "s1", 60.0, 120.0, now, "e", 1)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (Connected(HERE, None), "connected to 127.0.0.1:8080"),
        (
            Disconnected("the connection broke", 1.234),
            "lost 127.0.0.1:8080: the connection broke; retrying in 1.2 s",
        ),
        (
            Disconnected("the server said goodbye: replaced", None),
            "lost 127.0.0.1:8080: the server said goodbye: replaced; giving up",
        ),
        (
            Unreachable("connection refused", 20.0),
            "cannot reach 127.0.0.1:8080: connection refused; retrying in 20 s",
        ),
        (IntervalChanged(30.0), "the heartbeat interval is now 30 s"),
        (
            IntervalLowered(37.5, 50.0),
            (
                "a proxy or router cuts connections to 127.0.0.1:8080 after 50 s of silence:"
                " pinging every 37.5 s from now on"
            ),
        ),
        (Disconnected("\x1b[2J", 1.0), r"lost 127.0.0.1:8080: \x1b[2J; retrying in 1 s"),
    ],
)
def test_each_event_is_told_in_a_sentence(event, told):
    assert sentence(event, HERE) == told


def test_a_registered_client_is_told_as_whom_and_how_often_it_pings(now):
    told = sentence(Connected(HERE, registered(now)), HERE)
    assert told == "connected to 127.0.0.1:8080 as web-01, a heartbeat every 60 s"


def test_each_event_is_an_object_with_type_and_time_first(now):
    assert to_dict(Connected(HERE, None), HERE, now) == {
        "type": "connected",
        "time": now,
        "server": HERE,
    }
    assert to_dict(Connected(HERE, registered(now)), HERE, now) == {
        "type": "connected",
        "time": now,
        "server": HERE,
        "client_id": "web-01",
        "session": "s1",
        "heartbeat_interval": 60.0,
    }
    lost = to_dict(Disconnected("broke", None), HERE, now)
    assert lost == {"type": "disconnected", "time": now, "reason": "broke", "retry_in": None}
    missed = to_dict(Unreachable("refused", 2.0), HERE, now)
    assert missed == {"type": "unreachable", "time": now, "reason": "refused", "retry_in": 2.0}
    changed = to_dict(IntervalChanged(30.0), HERE, now)
    assert changed == {"type": "interval_changed", "time": now, "heartbeat_interval": 30.0}
    assert to_dict(IntervalLowered(37.5, 50.0), HERE, now) == {
        "type": "interval_lowered",
        "time": now,
        "heartbeat_interval": 37.5,
        "cut_after": 50.0,
    }
    assert list(changed)[:2] == ["type", "time"]
