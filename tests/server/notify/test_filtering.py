"""Each channel hears of those clients only that it asked for."""

import pytest

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.filtering import hears_of


def hears(make_client, **filters) -> bool:
    client = make_client("web-01", groups=("rack-3", "web"), via="tcp", reason="timeout")
    return hears_of(Channel(name="ops", **filters), client)


def test_a_channel_without_filters_hears_of_everybody(make_client):
    assert hears(make_client)
    assert hears_of(Channel(name="ops"), make_client("x", via="lan", reason="left"))


@pytest.mark.parametrize(
    ("name", "passes", "stops"),
    [
        ("clients", ("web-*",), ("db-*", "web-0")),
        ("clients", ("db-01", "web-0[12]"), ("WEB-*",)),
        ("groups", ("rack-3",), ("rack-4", "rack-?")),
        ("groups", ("rack-4", "web"), ("we",)),
        ("via", ("tcp", "lan"), ("http", "websocket")),
        ("reasons", ("timeout", "closed"), ("left",)),
    ],
)
def test_of_what_one_filter_names_one_must_fit(make_client, name, passes, stops):
    assert hears(make_client, **{name: passes})
    assert not hears(make_client, **{name: stops})


@pytest.mark.parametrize(
    "wrong",
    [{"clients": ("db-*",)}, {"groups": ("db",)}, {"via": ("http",)}, {"reasons": ("left",)}],
)
def test_of_several_filters_all_must_pass(make_client, wrong):
    right = {"clients": ("web-*",), "groups": ("web",), "via": ("tcp",), "reasons": ("timeout",)}
    assert hears(make_client, **right)
    assert not hears(make_client, **(right | wrong))


def test_a_client_without_groups_is_in_none(make_client):
    assert not hears_of(Channel(name="ops", groups=("rack-3",)), make_client("web-01"))
