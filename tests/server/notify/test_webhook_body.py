"""What programs are sent, read back as they read it."""

import json
from collections.abc import Callable

import pytest

from lastseen.server.notify.notice import Item, MassLoss, Message
from lastseen.server.notify.webhook_body import body, type_of
from lastseen.server.store.telling import Kind

MakeItem = Callable[..., Item]
MakeMessage = Callable[..., Message]


def test_a_client_that_went_is_told_with_all_that_is_known_of_it(make_message: MakeMessage):
    message = make_message(
        name="Web 1",
        hostname="web-01.example",
        groups=("rack-3", "web"),
        meta={"description": "the first", "port": 1},
        via="websocket",
    )
    assert json.loads(body(message)) == {
        "type": "client.offline",
        "timestamp": "2026-09-21T14:13:20Z",
        "data": {
            "client": {
                "id": "web-01",
                "client_id": "web-01",
                "name": "Web 1",
                "hostname": "web-01.example",
                "description": "the first",
                "groups": ["rack-3", "web"],
                "status": "offline",
                "last_seen": "2026-09-21T14:11:20Z",
                "via": "websocket",
            },
            "reason": "timeout",
            "offline_since": "2026-09-21T14:13:20Z",
            "duration": 120.0,
            "event_id": 7,
        },
    }


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("offline", "client.offline"),
        ("online", "client.online"),
        ("reminder", "client.reminder"),
        ("flapping", "client.flapping"),
    ],
)
def test_every_kind_has_its_type(kind: Kind, name: str, make_message: MakeMessage):
    message = make_message(kind)
    assert json.loads(body(message))["type"] == type_of(message) == name


def test_a_return_says_how_long_the_client_was_gone(make_message: MakeMessage):
    told = json.loads(body(make_message("online", status="online", reason="returned", gone=754.5)))
    assert told["data"]["duration"] == 754.5
    assert told["data"]["client"]["status"] == "online"


def test_flapping_says_how_often_and_within_what_time(make_message: MakeMessage):
    data = json.loads(body(make_message("flapping", changes=6, window=600.0)))["data"]
    assert (data["changes"], data["window"]) == (6, 600.0)


@pytest.mark.parametrize("description", [5, True, None])
def test_a_description_that_is_no_text_is_none(description: object, make_message: MakeMessage):
    data = json.loads(body(make_message(meta={"description": description})))["data"]
    assert data["client"]["description"] == ""


def test_what_is_not_known_is_null(make_message: MakeMessage):
    data = json.loads(body(make_message(offline_since=None, gone=None)))["data"]
    assert (data["offline_since"], data["duration"]) == (None, None)


def test_a_mass_loss_is_about_the_server():
    message = Message("msg_1", (Item("msg_1", "mass_loss", MassLoss(1e9, 180, 200, 60.0)),))
    assert json.loads(body(message)) == {
        "type": "server.mass_loss",
        "timestamp": "2001-09-09T01:46:40Z",
        "data": {"silent": 180, "present": 200, "hold": 60.0},
    }


def test_a_digest_has_each_event_with_the_name_of_its_delivery(make_item: MakeItem):
    items = (make_item("offline", "a"), make_item("online", "b", at=1_790_000_001.0))
    told = json.loads(body(Message("msg_9", items, digest=True)))
    assert told["type"] == "clients.digest"
    assert told["timestamp"] == "2026-09-21T14:13:21Z"
    assert told["data"]["count"] == 2
    for item, event in zip(items, told["data"]["events"], strict=True):
        alone = json.loads(body(Message("msg_9", (item,))))
        assert event == {"id": item.key, **alone}


def test_a_digest_of_one_is_a_digest_still(make_item: MakeItem):
    assert type_of(Message("msg_9", (make_item(),), digest=True)) == "clients.digest"


def test_a_repeat_is_the_same_to_the_byte(make_message: MakeMessage):
    message = make_message(groups=("a", "b"), meta={"description": "ü"})
    assert body(message) == body(message)
