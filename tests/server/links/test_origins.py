"""Which pages may open a WebSocket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.links.origins import Origins, is_local, normalised

HERE = Origins([], on_loopback=True)
LAN = Origins([], on_loopback=False)


def test_what_names_no_origin_is_no_browser_and_may_come():
    for origins in (HERE, LAN, Origins(["https://a.example"], on_loopback=False)):
        assert origins.allow(None, "whatever:8081")


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:8082",
        "http://127.0.0.1:5173",
        "http://[::1]:8082",
        "http://dev.localhost",
        "http://LOCALHOST",
    ],
)
@pytest.mark.parametrize("host", ["localhost:8081", "127.0.0.1:8081", "[::1]:8081"])
def test_on_loopback_every_page_of_this_machine_may_come(origin: str, host: str):
    assert HERE.allow(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "localhost:8081"),
        ("http://evil.example:8081", "evil.example:8081"),  # its name leads to 127.0.0.1
        ("http://localhost.evil.example", "localhost:8081"),
        ("http://192.0.2.7", "192.0.2.7:8081"),
        ("null", "localhost:8081"),
        ("", "localhost:8081"),
        ("http://localhost:8082", ""),
        ("http://[bad", "localhost:8081"),
        ("http://localhost:8082", "[bad"),
    ],
)
def test_on_loopback_no_other_page_may_come_even_if_its_name_leads_here(origin: str, host: str):
    assert not HERE.allow(origin, host)


def test_elsewhere_a_page_of_the_host_that_it_connects_to_may_come_whatever_the_port():
    assert LAN.allow("http://hub.lan:8082", "hub.lan:8081")
    assert LAN.allow("https://HUB.lan", "hub.LAN")
    assert LAN.allow("http://[2001:db8::1]:8082", "[2001:db8::1]:8081")
    assert not LAN.allow("http://hub.lan.evil.example", "hub.lan:8081")
    assert not LAN.allow("http://other.lan", "hub.lan:8081")
    assert not LAN.allow("null", "hub.lan:8081")


def test_where_origins_are_listed_only_those_may_come_however_they_are_spelt():
    origins = Origins(["https://Hub.example:443/", "null"], on_loopback=True)
    assert origins.allow("https://hub.example", "10.0.0.1:8081")
    assert origins.allow("null", "localhost:8081")
    assert not origins.allow("http://hub.example", "hub.example")
    assert not origins.allow("https://hub.example:8443", "hub.example")
    assert not origins.allow("http://localhost:8082", "localhost:8081")


def test_a_star_lets_every_page_come():
    assert Origins(["*"], on_loopback=True).allow("https://evil.example", "localhost:8081")


def test_pages_of_the_host_that_a_proxy_shows_may_come_too():
    origins = Origins([], ["wss://hub.example/ws"], on_loopback=True)
    assert origins.allow("https://hub.example", "127.0.0.1:8081")
    assert origins.allow("http://localhost:8082", "127.0.0.1:8081")
    assert not origins.allow("http://hub.example", "127.0.0.1:8081")  # not by plain HTTP
    assert not origins.allow("https://evil.example", "127.0.0.1:8081")


@given(origin=st.text(max_size=30) | st.text(max_size=20).map("http://".__add__), host=st.text())
def test_whatever_is_sent_as_origin_and_host_there_is_an_answer(origin: str, host: str):
    assert HERE.allow(origin, host) in (True, False)
    assert LAN.allow(origin, host) in (True, False)
    assert normalised(normalised(origin)) == normalised(origin)


def test_a_name_is_local_only_where_no_name_server_is_asked():
    assert all(map(is_local, ["localhost", "a.localhost", "127.0.0.1", "127.3.2.1", "::1"]))
    assert not any(map(is_local, ["localhost.example", "example", "10.0.0.1", ""]))
