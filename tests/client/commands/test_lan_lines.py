"""What happens on the LAN, in words."""

import json

import pytest

from lastseen.client.announcer import Sighting
from lastseen.client.commands.lan_lines import greeting, sighting, sighting_to_dict
from lastseen.client.commands.output import to_json
from lastseen.shared.ipmsg.entry import Entry

ANN = Entry("ann", "pc", "Ann", "Lab")


@pytest.mark.parametrize(
    ("kind", "entry", "line"),
    [
        ("here", ANN, "Ann (Lab) at 10.0.0.2 is here"),
        ("left", ANN, "Ann (Lab) at 10.0.0.2 has left"),
        ("silent", ANN, "Ann (Lab) at 10.0.0.2 is silent"),
        ("here", Entry("ann", "pc"), "ann at 10.0.0.2 is here"),
        ("here", Entry("", ""), "somebody at 10.0.0.2 is here"),
        ("here", Entry("a", "b", away=True), "a at 10.0.0.2 is away"),
        ("here", Entry("a", "b", away=True, note="lunch"), "a at 10.0.0.2 is away: lunch"),
        ("here", Entry("a", "b", "\x1b[2J"), "\\x1b[2J at 10.0.0.2 is here"),
    ],
)
def test_a_sighting_is_a_line(kind, entry, line):
    assert sighting(Sighting(kind, "10.0.0.2", entry)) == line


def test_a_sighting_is_an_object(now):
    found = json.loads(to_json(sighting_to_dict(Sighting("left", "10.0.0.2", ANN), now)))
    assert found == {
        "type": "left",
        "time": "2026-03-04T12:00:00Z",
        "address": "10.0.0.2",
        "user": "ann",
        "host": "pc",
        "nickname": "Ann",
        "group": "Lab",
        "away": False,
        "note": "",
    }


def test_the_first_line_says_as_whom():
    assert greeting(ANN, 2425) == "a member of the local network as Ann (Lab), UDP port 2425"
