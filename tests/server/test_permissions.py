"""Who may do what: one table for every message."""

from typing import Any, get_args

import pytest

from lastseen.server.permissions import ANONYMOUS, Principal, Role
from lastseen.shared.messages import (
    EnableChannel,
    Forget,
    GetChannels,
    GetDeliveries,
    GetHistory,
    GetSettings,
    GetSilences,
    GetStats,
    GetUptime,
    Leave,
    List,
    Ping,
    Register,
    Retry,
    SetAvailability,
    Silence,
    ToServer,
    Unsilence,
    UpdateSettings,
    Watch,
)

EXAMPLES = {
    Register: Register("a"),
    SetAvailability: SetAvailability("away"),
    Forget: Forget("a"),
    GetHistory: GetHistory("a"),
    GetUptime: GetUptime(),
    Silence: Silence(60, "a"),
    Unsilence: Unsilence(1),
    GetSilences: GetSilences(),
    GetDeliveries: GetDeliveries(),
    Retry: Retry(1),
    GetChannels: GetChannels(),
    EnableChannel: EnableChannel("ops"),
    **{kind: kind() for kind in (Ping, Leave, List, Watch, GetSettings, UpdateSettings, GetStats)},
}


def who(*roles: Role) -> Principal:
    return Principal("web-01", frozenset(roles))


def allowed(principal: Principal) -> set[Any]:
    return {kind for kind, message in EXAMPLES.items() if principal.may(message)}


def test_the_examples_are_all_messages_that_a_server_takes():
    assert set(EXAMPLES) == set(get_args(ToServer))


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("client", {Ping, Register, SetAvailability, Leave}),
        (
            "observer",
            {
                *(Ping, List, Watch, GetSettings, GetStats, GetHistory, GetUptime),
                *(GetSilences, GetDeliveries, GetChannels),
            },
        ),
        ("admin", {Ping, UpdateSettings, Forget, Silence, Unsilence, Retry, EnableChannel}),
    ],
)
def test_each_role_allows_its_own_messages_and_no_others(role: Role, expected: set[Any]):
    assert allowed(who(role)) == expected


def test_roles_add_up():
    assert allowed(who("client", "admin")) == allowed(who("client")) | allowed(who("admin"))


def test_a_ping_needs_no_role():
    assert allowed(who()) == {Ping}


def test_everyone_is_anonymous_and_may_do_all_until_there_are_tokens():
    assert allowed(ANONYMOUS) == set(EXAMPLES)


def test_a_refusal_names_the_role_that_is_needed_and_those_that_one_has():
    assert who("observer", "client").lacks(UpdateSettings()) == (
        "that needs the role 'admin'; web-01 has client, observer"
    )
    assert who().lacks(List()) == "that needs the role 'observer'; web-01 has none"
