"""What [http] may say, and what is refused with a sentence."""

import pytest

from lastseen.server.config import Config, ConfigError, check, with_value


@pytest.mark.parametrize("path", ["", "/lastseen", "/tools/last-seen_2~x"])
def test_a_base_path_is_nothing_or_begins_with_a_slash_and_ends_without(path: str):
    assert check(with_value(Config(), "http.base_path", path)) == []


@pytest.mark.parametrize(
    "path", ["/", "lastseen", "/lastseen/", "/a//b", "/a b", "/%41", "/..", "/a/.b"]
)
def test_any_other_base_path_is_refused(path: str):
    with pytest.raises(ConfigError, match=r"^http\.base_path: expected nothing or a path"):
        check(with_value(Config(), "http.base_path", path))


@pytest.mark.parametrize("url", ["", "https://hub.example", "http://[::1]:9000/lastseen/"])
def test_a_public_url_is_that_of_a_page(url: str):
    assert check(with_value(Config(), "http.public_url", url)) == []


@pytest.mark.parametrize(
    "url",
    ["hub.example", "ftp://hub.example", "https://", "http://h:x/", "https://h/?a=1", "https://h/#a",
     "https://me@h/", "https://h/ x", "http://[::1/"],
)  # fmt: skip
def test_any_other_public_url_is_refused(url: str):
    with pytest.raises(ConfigError, match=r"^http\.public_url: expected an address like https://"):
        check(with_value(Config(), "http.public_url", url))


def test_http_listens_to_others_only_where_that_is_allowed():
    exposed = with_value(Config(), "http.host", "0.0.0.0")  # noqa: S104
    with pytest.raises(ConfigError, match=r"^http\.host: expected a loopback address.*no tokens"):
        check(exposed)
    warnings = check(with_value(exposed, "server.allow_anonymous", True))
    assert len(warnings) == 1
    assert "http.host" in warnings[0]


def test_what_is_not_served_may_be_said_to_listen_anywhere():
    exposed = with_value(Config(), "http.host", "0.0.0.0")  # noqa: S104
    assert check(with_value(exposed, "http.enabled", False)) == []
