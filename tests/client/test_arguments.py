# ruff: noqa: ARG001 (pytest-trio starts a fixture only where it is an argument)
"""Every public argument: a wrong value is one sentence, and nothing is sent."""

import enum
import uuid
from datetime import datetime

import pytest

from lastseen.client.arguments import checked
from lastseen.shared.messages import Register, SetAvailability


class Group(enum.StrEnum):
    RACK = "rack-3"


class Name(str):
    __slots__ = ()


# --- messages


def test_a_message_within_the_rules_stays_as_it_is():
    for message in (
        Register("web-01", groups=("rack-3",), meta={"cores": 4, "load": 0.5, "x": None}),
        SetAvailability("away", "lunch"),
    ):
        assert checked(message) == message


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (Register("x" * 129), "register: client_id"),
        (Register(uuid.UUID(int=7)), r"client_id: expected `str`, got UUID\("),
        (Register(b"web"), r"client_id: expected `str`, got b'web'"),
        (Register("a", meta={"k": object()}), r"meta\['k'\]: expected .*, got <object"),
        (Register("a", meta={"k": datetime(2026, 1, 2)}), r"meta\['k'\]: .*got datetime"),  # noqa: DTZ001
        (Register("a", meta={"k": 2**70}), r"meta\['k'\]: expected `int` <="),
        (Register("web-\udcff"), r"register: expected text, got 'web-\\udcff', not UTF-8"),
        (SetAvailability("gone"), "availability: .*'gone'"),
        (SetAvailability("away", "x" * 257), "note"),
        (Register("a", meta={str(n): "x" * 256 for n in range(16)}), "at most 4096 bytes"),
    ],
)
def test_a_message_that_breaks_the_rules_is_explained(message, sentence):
    with pytest.raises(ValueError, match=sentence):
        checked(message)


def test_a_subclass_of_a_plain_type_is_sent_as_its_plain_value():
    register = checked(Register(Name("web"), groups=(Group.RACK,), meta={Name("k"): Group.RACK}))
    assert register == Register("web", groups=("rack-3",), meta={"k": "rack-3"})
    plain = [register.client_id, *register.groups, *register.meta, *register.meta.values()]
    assert {type(value) for value in plain} == {str}


# --- arguments of connect and observe


async def wait_for_nothing(_event):
    pass


SHARED = [
    ({"server": ("127.0.0.1", 8080)}, r"server: expected text like 'host:port', got \('127"),
    ({"server": None}, r"server: .* got None"),
    ({"server": "a..b:80"}, r"expected an address like host:port .*'a\.\.b:80'"),
    ({"server": "x" * 64 + ":80"}, "expected an address like host:port"),
    ({"wait": "no"}, "wait: expected True or False, got 'no'"),
    ({"on_event": 5}, "on_event: expected a function, got 5"),
    ({"on_event": wait_for_nothing}, "on_event: expected a plain function.* not awaited"),
    ({"dial": "tcp"}, "dial: expected a function"),
    ({"jitter": 0.5}, "jitter: expected a function"),
    ({"pong_deadline": "10"}, "pong_deadline: expected a positive number of seconds, got '10'"),
    ({"pong_deadline": True}, "pong_deadline"),
    ({"pong_deadline": 0}, "pong_deadline"),
    ({"pong_deadline": float("nan")}, "pong_deadline"),
]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        *SHARED,
        ({"groups": "rack-3"}, r"groups: expected a list of texts, such as \['rack-3'\]"),
        ({"groups": b"rack-3"}, "groups: expected a list of texts, got b'rack-3'"),
        ({"groups": {"rack": 3}}, "groups: expected a list of texts, got {'rack': 3}"),
        ({"groups": 3}, "groups: expected a list of texts, got 3"),
        ({"groups": ["rack", 3]}, r"groups\[1\]: expected `str`, got 3"),
        ({"meta": [("k", 1)]}, "meta: expected a mapping"),
        ({"meta": {"k": [1]}}, r"meta\['k'\]: expected"),
        ({"name": None}, "name: expected `str`, got None"),
        ({"hostname": 5}, "hostname: expected `str`, got 5"),
        ({"client_id": 7}, "client_id: expected `str`, got 7"),
        ({"token": "ls_c_secret"}, "token: expected none, as this version .* leave the argument"),
    ],
)
async def test_a_wrong_argument_of_connect_is_named_before_anything_is_sent(
    fake_server, connect, arguments, sentence
):
    with pytest.raises(ValueError, match=sentence) as caught:
        async with connect(**arguments):
            pass
    assert "secret" not in str(caught.value)
    assert fake_server.dialled == []


@pytest.mark.parametrize(("arguments", "sentence"), SHARED)
async def test_a_wrong_argument_of_observe_is_named_before_anything_is_sent(
    fake_server, observe, arguments, sentence
):
    with pytest.raises(ValueError, match=sentence):
        async with observe(**arguments):
            pass
    assert fake_server.dialled == []


async def test_groups_may_come_in_any_collection(fake_server, connect):
    for groups in (["a", "b"], ("a", "b"), (name for name in "ab"), dict.fromkeys("ab").keys()):
        async with connect(groups=groups):
            pass
    registers = [connection.messages(Register)[0] for connection in fake_server.connections]
    assert [register.groups for register in registers] == [("a", "b")] * 4


# --- arguments of methods


ASKED = [
    (lambda p: p.clients(status="gone"), "status: expected one of 'online'"),
    (lambda p: p.clients(group=5), "group"),
    (lambda p: p.clients(search=b"x"), "search"),
    (lambda p: p.clients(via="udp"), "via"),
    (lambda p: p.history(5), "client_id: expected `str`, got 5"),
    (lambda p: p.history("a", since="yesterday"), "since"),
    (lambda p: p.history("a", since=datetime(2026, 1, 2)), "since: .*timezone"),  # noqa: DTZ001
    (lambda p: p.uptime(["a"]), "client_id"),
    (lambda p: p.forget(""), "client_id"),
    (lambda p: p.silence("3600", client="a"), "seconds: expected `float`, got '3600'"),
    (lambda p: p.silence(3600, client=["a"]), "client"),
    (lambda p: p.silence(3600, group="a", reason=5), "reason"),
    (lambda p: p.unsilence("7"), "id: expected `int`, got '7'"),
    (lambda p: p.deliveries(channel=5), "channel"),
    (lambda p: p.deliveries(state="lost"), "state"),
    (lambda p: p.retry(None), "id: expected `int`"),
    (lambda p: p.enable_channel(5), "name: expected `str`, got 5"),
    (lambda p: p.update_settings("30"), "heartbeat_interval"),
    (lambda p: p.update_settings(values="server.port"), "values: expected a mapping"),
    (lambda p: p.update_settings(values={"a": [1]}), r"values\['a'\]"),
    (lambda p: p.update_settings(reset="yes"), "reset"),
    (lambda p: p.set_availability("gone"), "availability: expected one of"),
    (lambda p: p.set_availability("away", 5), "note"),
]


@pytest.mark.parametrize(("ask", "sentence"), ASKED)
async def test_a_wrong_argument_of_a_method_is_named_with_a_link_and_without(
    fake_server, connect, ask, sentence
):
    async with connect() as presence:
        for _ in range(2):
            with pytest.raises(ValueError, match=sentence):
                await ask(presence)
            await presence.leave()
