"""Whose requests are taken for somebody's own will, and whose for a page's that wants to steer."""

import pytest

from lastseen.server.http.origins import Origins

OURS = Origins("192.0.2.9", "https://Hub.example:8443/seen/")


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8082", "127.0.0.1:8082", "[::1]:8082", "10.1.2.3", "page.localhost:1",
     "hub.example", "hub.example:8443", "192.0.2.9:8082"],
)  # fmt: skip
def test_a_host_that_names_us_is_ours(host: str):
    assert OURS.problem_with_host(host) is None


@pytest.mark.parametrize(
    "host",
    [None, "", ":80", "evil.example", "localhost.evil.example", "hub.example.evil", "localhost/x",
     "[::1", "1.2.3", "a@evil.example", "localhost@evil.example", "evil.example:localhost"],
)  # fmt: skip
def test_any_other_host_may_be_a_name_that_was_made_to_lead_here(host: str | None):
    assert (OURS.problem_with_host(host) or "").startswith("Host: expected")


def test_a_server_that_is_named_in_its_settings_answers_to_that_name():
    assert Origins("hub.lan", "").problem_with_host("hub.lan:8082") is None
    assert Origins("127.0.0.1", "").problem_with_host("hub.lan:8082") is not None


@pytest.mark.parametrize(
    "headers",
    [
        {},  # curl, a script
        {"sec-fetch-site": "same-origin", "origin": "http://localhost:8082"},
        {"sec-fetch-site": "none"},  # typed by a person
        {"origin": "http://localhost:8082"},  # an older browser
        {"origin": "https://hub.example:8443", "sec-fetch-site": "cross-site"},  # public_url
    ],
)
def test_our_own_page_and_programs_may_change_things(headers: dict[str, str]):
    headers = {"host": "localhost:8082", **headers}
    assert OURS.problem_with_origin("POST", headers) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},  # another port of localhost
        {"sec-fetch-site": "cross-site", "origin": "http://localhost:8082"},
        {"origin": "null"},
        {"origin": "http://localhost:9000"},
        {"origin": "https://evil.example"},
        {"origin": "ftp://localhost:8082"},
        {"origin": "https://hub.example"},  # not the port of public_url
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "PUT", "BREW"])
def test_other_pages_may_change_nothing(method: str, headers: dict[str, str]):
    headers = {"host": "localhost:8082", **headers}
    assert (OURS.problem_with_origin(method, headers) or "").partition(":")[0] in (
        "Origin",
        "Sec-Fetch-Site",
    )
    assert OURS.problem_with_origin("GET", headers) is None
