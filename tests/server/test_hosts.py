"""Which host names are this server's own, whatever a name server says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lastseen.server.config import Config
from lastseen.server.hosts import OwnHosts, is_local, name_in, normalised, own_hosts

OURS = OwnHosts(["Hub.lan", ""])


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8082", "127.0.0.1:8082", "[::1]:8082", "10.1.2.3", "page.localhost:1",
     "192.0.2.9:8082", "[2001:db8::1]", "hub.lan", "HUB.LAN:8081"],
)  # fmt: skip
def test_addresses_local_names_and_those_that_were_given_are_ours(host: str):
    assert OURS.have(host)


@pytest.mark.parametrize(
    "host",
    ["", ":80", "evil.example", "localhost.evil.example", "hub.lan.evil", "localhost/x", "hub",
     "[::1", "1.2.3", "a@evil.example", "localhost@evil.example", "evil.example:localhost"],
)  # fmt: skip
def test_any_other_may_be_a_name_that_was_made_to_lead_here(host: str):
    assert not OURS.have(host)


def test_an_ipv4_mapped_address_is_the_ipv4_address():
    assert name_in("[::FFFF:192.0.2.7]:8082") == "192.0.2.7"
    assert normalised("http://[::ffff:c000:207]:80") == "http://192.0.2.7"


def test_the_settings_and_the_machine_name_the_server():
    config = Config()
    config = replace(
        config,
        http=replace(
            config.http, host=("127.0.0.1", "page.lan"), public_url="https://Hub.example:8443/seen/"
        ),
        websocket=replace(config.websocket, host="ws.lan", public_url="wss://live.example/ws"),
    )
    own = own_hosts(config, "Attic.home.example")
    ours = ("page.lan", "ws.lan", "hub.example", "live.example", "attic.home.example", "attic",
            "attic.local")  # fmt: skip
    assert all(map(own.have, ours))
    assert not any(map(own.have, ["example", "home.example", "attic.example", "other.local"]))


def test_a_machine_without_a_name_is_not_found_by_none():
    own = own_hosts(Config(), "")
    assert own.have("127.0.0.1")
    assert not any(map(own.have, ["", ".local", "local"]))


def test_a_name_is_local_only_where_no_name_server_is_asked():
    assert all(map(is_local, ["localhost", "a.localhost", "127.0.0.1", "127.3.2.1", "::1"]))
    assert is_local(name_in("[::ffff:7f00:1]:8082"))
    assert not any(map(is_local, ["localhost.example", "example", "10.0.0.1", ""]))


@given(text=st.text(max_size=30) | st.text(max_size=20).map("http://".__add__))
def test_whatever_is_sent_there_is_an_answer(text: str):
    assert OURS.have(text) in (True, False)
    assert name_in(text) == name_in(text).lower()
    assert normalised(normalised(text)) == normalised(text)
