"""What [websocket] may say."""

from collections.abc import Callable

import pytest

ProblemOf = Callable[..., str]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('host = "0.0.0.0"', "websocket.host: expected a loopback address"),
        ('host = "a b"', "websocket.host: expected an address or a host name, without a port"),
        ('path = "ws"', "websocket.path: expected a path like /ws, got 'ws'"),
        ('path = "/a b"', "websocket.path: expected a path like /ws, got '/a b'"),
        ('path = "/ws?x"', "websocket.path: expected a path like /ws, got '/ws?x'"),
        (
            "ping_interval = 0.01",
            "websocket.ping_interval: expected 0.05 seconds or more, or 0 for never, got 0.01",
        ),
        ("ping_interval = -2", "websocket.ping_interval: expected `float` >= -1"),
        ("missed_pongs = 0", "websocket.missed_pongs: expected `int` >= 1"),
        ('origins = ["hub.example"]', "websocket.origins: expected"),
        ('origins = ["https://hub.example/page"]', "websocket.origins: expected"),
        ('origins = ["https://"]', "websocket.origins: expected"),
        ('origins = ["https://u:p@hub.example"]', "websocket.origins: expected"),
        ('origins = ["https://hub.example:x"]', "websocket.origins: expected"),
        ('origins = ["wss://hub.example"]', "websocket.origins: expected"),
        ('public_url = "hub.example"', "websocket.public_url: expected an address like"),
        ('public_url = "wss:///ws"', "websocket.public_url: expected an address like"),
        ('public_url = "ftp://hub.example"', "websocket.public_url: expected an address like"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_expected(
    problem_of: ProblemOf, line: str, sentence: str
):
    assert sentence in problem_of(f"[websocket]\n{line}\n")


@pytest.mark.parametrize(
    "lines",
    [
        "ping_interval = 0",
        "ping_interval = -1",
        "ping_interval = 0.05",
        'path = "/"',
        'path = "/a/b-c.d"',
        'origins = ["*"]',
        'origins = ["null", "https://hub.example", "http://10.0.0.7:8082/", "http://[::1]:3000"]',
        'public_url = "wss://hub.example/ws"',
        'public_url = "https://hub.example:8443/ws"',
        'enabled = false\nhost = "0.0.0.0"',  # where nothing listens
    ],
)
def test_what_can_be_is_taken(load_text: Callable[..., object], lines: str):
    load_text(f"[websocket]\n{lines}\n")


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            '[server]\nallow_anonymous = true\n[websocket]\nhost = "0.0.0.0"',
            "websocket.host is '0.0.0.0' and server.allow_anonymous is true",
        ),
        ('[websocket]\norigins = ["*"]', 'websocket.origins has "*"'),
    ],
)
def test_what_is_risky_is_warned_of(load_text: Callable[..., object], text: str, warning: str):
    (found,) = load_text(text).warnings  # type: ignore[attr-defined]
    assert found.startswith(warning)
