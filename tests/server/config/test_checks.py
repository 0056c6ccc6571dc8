"""Settings that do not fit together, and those that are risky."""

from collections.abc import Callable

import pytest

from lastseen.server.config import Config, ConfigError, LoadedConfig, check, with_value
from lastseen.server.config.hosts import is_loopback

Load = Callable[..., LoadedConfig]
ProblemOf = Callable[..., str]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[server]\nheartbeat_interval = 5\n",
            (
                "server.heartbeat_interval: expected from 10 to 600 seconds"
                " (limits.min_heartbeat_interval and limits.max_heartbeat_interval), got 5"
            ),
        ),
        (
            "[limits]\nmin_heartbeat_interval = 601\n",
            (
                "limits.min_heartbeat_interval: expected"
                " at most limits.max_heartbeat_interval (600), got 601"
            ),
        ),
        (
            "[server]\nconnection_timeout = 60\n",
            "server.connection_timeout: expected more than server.heartbeat_interval (60), got 60",
        ),
        (
            "[server]\nhost = '0.0.0.0'\n",
            "server.host: expected a loopback address (127.0.0.1, ::1 or localhost), got '0.0.0.0'",
        ),
        (
            "[server]\nhost = '127.0.0.1:9000'\n",
            "server.host: expected an address or a host name, without a port, got '127.0.0.1:9000'",
        ),
        (
            "[websocket]\nport = 8080\n",
            "websocket.port: expected another than server.port, got 8080 for both",
        ),
        (
            "[server]\nallow_anonymous = true\nhost = '::'\n[http]\nport = 8080\nhost = '0.0.0.0'",
            "http.port: expected another than server.port, got 8080 for both",
        ),
        ("[server]\nhost = []\n", "server.host: expected `array` of length >= 1, got []"),
        ("[server]\nhost = ['']\n", "server.host[0]: expected `str` of length >= 1, got ''"),
        (
            "[http]\nport = 8081\n",
            "http.port: expected another than websocket.port, got 8081 for both",
        ),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(
    text: str, problem: str, problem_of: ProblemOf
):
    assert problem_of(text).startswith(f"config.toml: {problem}")


@pytest.mark.parametrize(
    "text",
    [
        "[http]\nport = 8081\n[websocket]\nenabled = false\n",
        "[server]\nport = 0\n[http]\nport = 0\n",
        "[http]\nport = 8080\nhost = '127.0.0.2'\n",
    ],
)
def test_a_port_is_taken_only_where_it_is_listened_on(text: str, load_text: Load):
    load_text(text)


def test_a_wrong_store_is_refused_with_what_was_expected(problem_of: ProblemOf):
    problem = problem_of("[store]\nurl = 'sqlite://relative'\n")
    assert problem.startswith("config.toml: store.url: expected sqlite:///FILE, postgresql")
    assert problem.endswith("got 'sqlite://relative'")
    assert problem_of("", {"LASTSEEN_STORE__URL": "mysql://x"}).endswith("got 'mysql://…'")


@pytest.mark.parametrize(
    "url", ["mysql://a:secret@h", "a:secret@h\n", "a:secret@h" + "x" * 1000, ""]
)
def test_no_sentence_about_the_store_shows_a_password(url: str, problem_of: ProblemOf):
    problem = problem_of("", {"LASTSEEN_STORE__URL": url})
    assert problem.startswith("environment LASTSEEN_STORE__URL: ")
    assert "secret" not in problem
    if url.isprintable():
        assert "secret" not in problem_of(f"[store]\nurl = '{url}'\n")


def test_a_misfit_names_every_place_that_its_values_came_from(problem_of: ProblemOf):
    problem = problem_of(
        "[server]\nconnection_timeout = 90\n", {"LASTSEEN_SERVER__HEARTBEAT_INTERVAL": "95"}
    )
    places = "config.toml, environment LASTSEEN_SERVER__HEARTBEAT_INTERVAL: "
    assert problem.startswith(places + "server.connection_timeout: expected more than")


def test_lowered_guard_rails_allow_a_faster_heartbeat(load_text: Load):
    loaded = load_text(
        "[server]\nheartbeat_interval = 0.05\nconnection_timeout = 1\n"
        "[limits]\nmin_heartbeat_interval = 0.05\n"
    )
    assert loaded.config.server.heartbeat_interval == 0.05


@pytest.mark.parametrize(("timeout", "count"), [(119.9, 1), (120, 0)])
def test_a_timeout_below_two_intervals_is_warned_of(timeout: float, count: int, load_text: Load):
    warnings = load_text(f"[server]\nconnection_timeout = {timeout}\n").warnings
    assert len(warnings) == count
    assert all("one lost or late ping is enough" in warning for warning in warnings)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.8.9.10", "::1", "LocalHost", "::ffff:127.0.0.1"]
)
def test_loopback_needs_no_leave(host: str):
    assert check(with_value(Config(), "server.host", host)) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", "localhost.example"])  # noqa: S104
def test_any_other_address_is_refused_without_tokens_and_says_why(host: str):
    assert not is_loopback(host)
    exposed = with_value(Config(), "server.host", host)
    with pytest.raises(ConfigError, match=r"no tokens.*server\.allow_anonymous = true"):
        check(exposed)
    warnings = check(with_value(exposed, "server.allow_anonymous", True))
    assert [w for w in warnings if "whoever can reach" in w] == warnings != []


def test_each_of_several_addresses_is_held_to_the_rules():
    several = with_value(Config(), "server.host", ("127.0.0.1", "::1", "192.0.2.1"))
    with pytest.raises(
        ConfigError, match=r"^server\.host: expected a loopback.*got '192\.0\.2\.1'"
    ):
        check(several)
    (warning,) = check(with_value(several, "server.allow_anonymous", True))
    assert warning.startswith("server.host is '192.0.2.1' and")
    assert check(with_value(Config(), "http.host", ("127.0.0.1", "::1"))) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 1e9])
def test_a_changed_copy_is_held_to_the_bounds_too(value: float):
    with pytest.raises(ConfigError, match=r"^server\.connection_timeout: expected") as caught:
        check(with_value(Config(), "server.connection_timeout", value))
    assert caught.value.keys == ("server.connection_timeout",)
