import json

import pytest

from lastseen.client import Refused
from lastseen.client.commands.forget import forget
from lastseen.client.commands.usage import UsageError


async def test_who_is_forgotten_is_told(address, quiet_server, capsys):
    quiet_server.events = {"web-01": [], "\u202eevil": []}
    await forget("web-01", server=address)
    await forget("\u202eevil", server=address)
    assert capsys.readouterr() == ("web-01 is forgotten\n\\u202eevil is forgotten\n", "")
    assert quiet_server.events == {}


async def test_json_is_one_object(address, quiet_server, capsys):
    quiet_server.events = {"a": []}
    await forget("a", server=address, json=True)
    assert json.loads(capsys.readouterr().out) == {"client_id": "a"}


@pytest.mark.parametrize(("client", "words"), [("here", "present"), ("who", "no client 'who'")])
async def test_who_is_present_or_unknown_is_an_error(address, quiet_server, record, client, words):
    quiet_server.records = {"here": record("here")}
    with pytest.raises(Refused, match=words):
        await forget(client, server=address)


async def test_an_impossible_id_is_a_usage_error_before_anybody_is_asked(nowhere):
    with pytest.raises(UsageError, match="CLIENT"):
        await forget("", server=nowhere)
