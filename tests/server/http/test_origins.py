"""Whose requests are taken for somebody's own will, and whose for a page's that wants to steer."""

import pytest

from lastseen.server.hosts import OwnHosts
from lastseen.server.http.origins import Origins

OURS = Origins(OwnHosts(["hub.example"]), "https://Hub.example:8443/seen/")


def test_a_host_that_is_ours_is_no_problem():
    for host in ("localhost:8082", "10.1.2.3", "hub.example:8443"):
        assert OURS.problem_with_host(host) is None


@pytest.mark.parametrize("host", [None, "", "evil.example"])
def test_any_other_is_told_what_to_set(host: str | None):
    sentence = OURS.problem_with_host(host) or ""
    assert sentence.startswith("Host: expected")
    assert "http.public_url" in sentence


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
