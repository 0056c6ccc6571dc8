import json

import pytest

from lastseen.client import Refused
from lastseen.client.commands.settings import change, changes, reset, show
from lastseen.client.commands.usage import UsageError
from lastseen.shared.messages import Error, UpdateSettings


async def test_the_settings_are_shown_in_seconds(address, capsys):
    await show(server=address)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["setting", "value"]
    assert lines[1].split() == ["heartbeat_interval", "60", "s"]
    assert len(lines) == 7


async def test_json_is_one_object(address, capsys):
    await show(server=address, json=True)
    assert json.loads(capsys.readouterr().out) == {
        "heartbeat_interval": 60.0,
        "connection_timeout": 120.0,
        "reap_interval": 10.0,
        "reconnect_grace": 5.0,
        "min_heartbeat_interval": 10.0,
        "max_heartbeat_interval": 600.0,
    }


async def test_settings_that_belong_together_are_changed_in_one_request(address, quiet_server):
    await change("heartbeat_interval", "90", "connection-timeout", "150.5", server=address)
    [request] = quiet_server.connections[0].messages(UpdateSettings)
    assert request.values == {"heartbeat_interval": 90.0, "connection_timeout": 150.5}


async def test_other_settings_are_named_by_their_dotted_keys(address, quiet_server):
    await change("websocket.missed-pongs", "3", server=address)
    [request] = quiet_server.connections[0].messages(UpdateSettings)
    assert request.values == {"websocket.missed_pongs": 3.0}


async def test_all_changes_are_taken_back(address, quiet_server):
    await reset(server=address)
    [request] = quiet_server.connections[0].messages(UpdateSettings)
    assert (request.reset, request.values) == (True, {})


async def test_or_only_those_that_are_named(address, quiet_server):
    await reset("heartbeat-interval", server=address)
    [request] = quiet_server.connections[0].messages(UpdateSettings)
    assert (request.reset, request.values) == (False, {"heartbeat_interval": None})


async def test_a_value_that_the_server_does_not_take_is_a_refusal(address, quiet_server):
    quiet_server.answers[UpdateSettings] = lambda _, message: [
        Error("bad_settings", "heartbeat_interval: too low", request_id=message.request_id)
    ]
    with pytest.raises(Refused, match="too low"):
        await change("heartbeat_interval", "3", server=address)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "expected a setting and its value"),
        (["heartbeat_interval"], "expected a setting and its value"),
        (
            ["reap_interval", "3"],
            "expected heartbeat_interval, connection_timeout or a dotted key, got 'reap_",
        ),
        (["heartbeat_interval", "soon"], "heartbeat_interval: expected a number .*, got 'soon'"),
        (["heartbeat_interval", "nan"], "got 'nan'"),
        (["heartbeat_interval", "-1"], "got '-1'"),
        (["heartbeat_interval", "inf"], "got 'inf'"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(words, sentence):
    with pytest.raises(UsageError, match=sentence):
        changes(words)


async def test_a_setting_that_is_no_interval_is_shown_when_it_was_set(address, output):
    await change("websocket.ping_interval", "20", server=address)
    assert any(line.split() == ["websocket.ping_interval", "20", "s"] for line in output.lines)
