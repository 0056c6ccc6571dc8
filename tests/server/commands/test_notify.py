"""What `notify-test` does and says, through the command itself."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from lastseen.server.__main__ import main

Capsys = pytest.CaptureFixture[str]


class Hook(HTTPServer):
    """Takes what is posted to /ok, and refuses all else."""

    bodies: list[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200 if self.path == "/ok" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook(("127.0.0.1", 0), Handler)
    server.bodies = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def settings(folder: Path, hook: Hook) -> Path:
    (folder / "key.url").write_text(f"{hook.url}/secret-key")
    (folder / "key.url").chmod(0o600)
    path = folder / "config.toml"
    path.write_text(
        f"[[notify.webhook]]\nname = 'good'\nurl = '{hook.url}/ok'\n"
        "[[notify.webhook]]\nname = 'bad'\nurl_file = 'key.url'\n"
        "[[notify.command]]\nname = 'siren'\nargv = ['sh', '-c', 'cat > siren']\n"
        "[[notify.command]]\nname = 'later'\nargv = ['false']\nenabled = false\n"
    )
    return path


def test_every_channel_that_is_enabled_is_tried_and_said_of(
    settings: Path, hook: Hook, capsys: Capsys
):
    assert main(["notify-test"]) == 1
    told = capsys.readouterr()
    lines = sorted(told.out.splitlines())
    assert lines[0] == "bad: FAILED: HTTP 503"
    assert lines[1].startswith("good: taken, in ")
    assert lines[2].startswith("siren: taken, in ")
    assert len(lines) == 3
    assert told.err == "lastseen-server: not taken: bad\n"
    assert len(hook.bodies) == 2
    assert (settings.parent / "siren").exists()


@pytest.mark.usefixtures("settings")
def test_the_message_says_that_it_is_a_test(hook: Hook):
    assert main(["notify-test", "good"]) == 0
    (body,) = hook.bodies
    client = json.loads(body)["data"]["client"]
    assert client["client_id"] == "lastseen-notify-test"
    assert client["name"].startswith("TEST")
    assert "test" in client["description"]


def test_no_two_tests_bear_the_same_name_for_a_receiver_would_drop_the_second(folder: Path):
    argv = "['sh', '-c', 'echo $LASTSEEN_MESSAGE >> ids']"
    (folder / "config.toml").write_text(f"[[notify.command]]\nname = 'ids'\nargv = {argv}\n")
    assert main(["notify-test"]) == main(["notify-test"]) == 0
    first, second = (folder / "ids").read_text().splitlines()
    assert first != second


def test_one_channel_can_be_tried_by_its_name(settings: Path, hook: Hook, capsys: Capsys):
    assert main(["notify-test", "siren", "--config", str(settings)]) == 0
    assert capsys.readouterr().out.startswith("siren: taken")
    assert hook.bodies == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("siern", "there is no channel 'siern'; there are: good, bad, siren, later"),
        ("later", "not enabled: later; to change that: enabled = true"),
    ],
)
def test_a_channel_that_cannot_be_tried_is_a_sentence(
    settings: Path, name: str, problem: str, capsys: Capsys
):
    assert main(["notify-test", name]) == 1
    assert capsys.readouterr().err == f"lastseen-server: {problem}\n"
    assert not (settings.parent / "siren").exists()


def test_settings_without_channels_have_nothing_to_try(folder: Path, capsys: Capsys):
    assert main(["notify-test"]) == 1
    assert "the settings have no channels" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_a_wrong_setting_ends_it_before_anything_is_sent(
    settings: Path, hook: Hook, capsys: Capsys
):
    settings.write_text(settings.read_text() + "[[notify.webhook]]\nname = 'none'\n")
    assert main(["notify-test"]) == 2
    assert (
        "notify.webhook[2].url: expected one of url, url_file, url_env" in capsys.readouterr().err
    )
    assert hook.bodies == []
