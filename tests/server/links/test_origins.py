"""Which pages may open a WebSocket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.hosts import OwnHosts
from lastseen.server.links.origins import Origins

HERE = Origins([])
LAN = Origins([], own=OwnHosts(["hub.lan"]))


def status(origins: Origins, origin: str | None, host: str) -> int | None:
    """Of the refusal; None: the page may come."""
    refusal = origins.refusal(origin, host)
    return None if refusal is None else refusal[0]


def test_what_names_no_origin_is_no_browser_and_may_come():
    for origins in (HERE, LAN, Origins(["https://a.example"])):
        assert origins.refusal(None, "whatever:8081") is None


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:8082",
        "http://127.0.0.1:5173",
        "http://[::1]:8082",
        "http://dev.localhost",
        "http://LOCALHOST",
        "http://[::ffff:7f00:1]:8082",
    ],
)
@pytest.mark.parametrize(
    "host", ["localhost:8081", "127.0.0.1:8081", "[::1]:8081", "[::ffff:127.0.0.1]:8081"]
)
def test_every_page_of_this_machine_may_come_to_this_machine(origin: str, host: str):
    assert HERE.refusal(origin, host) is None


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "localhost:8081"),
        ("http://localhost.evil.example", "localhost:8081"),
        ("http://192.0.2.7", "localhost:8081"),
        ("null", "localhost:8081"),
        ("", "localhost:8081"),
        ("http://localhost:8082", ""),
        ("http://[bad", "localhost:8081"),
        ("http://localhost:8082", "[bad"),
    ],
)
def test_no_page_of_another_host_may_come(origin: str, host: str):
    assert status(HERE, origin, host) == 403


@pytest.mark.parametrize("host", ["evil.example:8081", "hub.lan.evil.example", "hub.evil"])
def test_no_page_may_come_from_a_name_that_was_made_to_lead_here(host: str):
    for origins in (HERE, LAN):
        status_, sentence = origins.refusal(f"http://{host}", host) or (None, "")
        assert status_ == 421
        for setting in ("http.public_url", "websocket.public_url", "websocket.origins"):
            assert setting in sentence


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://hub.lan:8082", "hub.lan:8081"),
        ("https://HUB.lan", "hub.LAN"),
        ("http://192.0.2.7:8082", "192.0.2.7:8081"),
        ("http://[2001:db8::1]:8082", "[2001:db8::1]:8081"),
    ],
)
def test_a_page_of_the_host_that_it_connects_to_may_come_whatever_the_port(origin: str, host: str):
    assert LAN.refusal(origin, host) is None


@pytest.mark.parametrize("origin", ["http://hub.lan.evil.example", "http://other.lan", "null"])
def test_a_page_of_another_host_may_not(origin: str):
    assert status(LAN, origin, "hub.lan:8081") == 403


def test_where_origins_are_listed_only_those_may_come_however_they_are_spelt():
    origins = Origins(["https://Hub.example:443/", "null"], own=OwnHosts(["hub.example"]))
    assert origins.refusal("https://hub.example", "10.0.0.1:8081") is None
    assert origins.refusal("https://hub.example", "whatever.example:8081") is None
    assert origins.refusal("null", "localhost:8081") is None
    assert status(origins, "http://hub.example", "hub.example") == 403
    assert status(origins, "https://hub.example:8443", "hub.example") == 403
    assert status(origins, "http://localhost:8082", "localhost:8081") == 403


def test_a_star_lets_every_page_come():
    assert Origins(["*"]).refusal("https://evil.example", "evil.example:8081") is None


def test_pages_of_the_host_that_a_proxy_shows_may_come_too():
    origins = Origins([], ["wss://hub.example/ws"])
    assert origins.refusal("https://hub.example", "127.0.0.1:8081") is None
    assert origins.refusal("https://hub.example", "hub.example") is None
    assert origins.refusal("http://localhost:8082", "127.0.0.1:8081") is None
    assert status(origins, "http://hub.example", "127.0.0.1:8081") == 403  # not by plain HTTP
    assert status(origins, "https://evil.example", "127.0.0.1:8081") == 403


@given(origin=st.text(max_size=30) | st.text(max_size=20).map("http://".__add__), host=st.text())
def test_whatever_is_sent_as_origin_and_host_there_is_an_answer(origin: str, host: str):
    assert status(HERE, origin, host) in (None, 403, 421)
    assert status(LAN, origin, host) in (None, 403, 421)
