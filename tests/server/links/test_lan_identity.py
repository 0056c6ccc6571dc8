"""Who the server is on the LAN."""

import getpass
import socket

import pytest

from lastseen.server.config.sections.lan import Lan as Settings
from lastseen.server.links.lan_identity import entry_of, services_of


def test_what_is_not_set_is_what_the_system_says(monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: "daemon")
    monkeypatch.setattr(socket, "gethostname", lambda: "hub\x00")
    entry = entry_of(Settings())
    assert (entry.user, entry.host, entry.nickname) == ("daemon", "hub", "lastseen")
    entry = entry_of(Settings(user="u", host="h", nickname="n", group="g"))
    assert (entry.user, entry.host, entry.nickname, entry.group) == ("u", "h", "n", "g")


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_a_process_whose_user_has_no_name_is_called_as_the_program(monkeypatch, error):
    def nameless() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert entry_of(Settings()).user == "lastseen"


def test_its_version_begins_as_the_protocol_wants():
    assert entry_of(Settings()).program.startswith("1_lastseen ")
    assert ":" not in entry_of(Settings()).program


@pytest.mark.parametrize(
    ("host", "announced"),
    [
        ("0.0.0.0", "*:8080"),  # noqa: S104
        ("::", "*:8080"),
        ("127.0.0.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("10.0.0.7", "10.0.0.7:8080"),
        ("fe80::7", "[fe80::7]:8080"),
    ],
)
def test_what_only_this_machine_can_reach_is_not_announced(host, announced):
    expected = {} if announced is None else {"tcp": announced}
    assert services_of({"tcp": [(host, 8080)]}) == expected
    assert services_of({"tcp": [("127.0.0.1", 8080), (host, 8080)]}) == expected
