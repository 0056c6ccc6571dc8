"""`lastseen lan`."""

import json
import signal
import socket

import pytest
import trio
from msgspec.structs import replace

from lastseen.client.commands.lan import announce, peers
from lastseen.client.commands.usage import UsageError
from lastseen.shared.ipmsg import entry
from lastseen.shared.ipmsg.entry import Entry
from lastseen.shared.ipmsg.packet import BR_ENTRY, BR_EXIT, build, parse
from lastseen.shared.messages import GetStats, LanStats, List


async def test_peers_are_those_that_the_server_hears_on_the_lan(
    address, quiet_server, record, capsys
):
    quiet_server.records = {"lan:10.0.0.2": record("lan:10.0.0.2", via="lan", name="Ann")}
    await peers(server=address)
    [request] = quiet_server.connections[0].messages(List)
    assert (request.via, request.status) == ("lan", None)
    out, err = capsys.readouterr()
    assert "Ann" in out
    assert err == "1 online, 0 late\n"


async def test_all_peers_are_those_that_went_too(address, quiet_server, capsys):
    await peers(server=address, everyone=True, json=True)
    [request] = quiet_server.connections[0].messages(List)
    assert (request.via, request.status) == ("lan", "all")
    assert json.loads(capsys.readouterr().out) == []


async def test_of_a_server_that_is_no_member_it_is_said_what_to_set(address, capsys):
    await peers(server=address)
    out, err = capsys.readouterr()
    assert out == ""
    assert "no member of the LAN" in err
    assert "lan.enabled = true" in err


async def test_a_member_that_hears_nobody_has_no_advice(
    address, quiet_server, stats_answer, capsys
):
    member = replace(stats_answer, lan=LanStats())
    quiet_server.answers[GetStats] = lambda _, m: [replace(member, request_id=m.request_id)]
    await peers(server=address)
    assert capsys.readouterr().err == "no members found\n"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"note": "lunch"}, "--note says why one is --away"),
        ({"nickname": "a\nb"}, "--nickname: expected printable text"),
        ({"group": "x" * 65}, "--group: expected printable text"),
        ({"interval": 0}, "--interval: expected from 0.05 to 86400 seconds, got 0"),
        ({"port": 0}, "--port: expected a port from 1 to 65535, got 0"),
    ],
)
async def test_what_cannot_be_meant_is_said(wrong, words):
    with pytest.raises(UsageError, match=words):
        await announce(**wrong)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_greets_tells_who_is_there_and_says_goodbye(command, number, code):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ann:
        ann.bind(("127.0.0.3", 0))
        ann.settimeout(10)
        port = ann.getsockname()[1]
        process = command(
            *("lan", "announce", "--bind", "127.0.0.2", "--port", str(port), "--json"),
            stdout=-1,
            stderr=-1,
        )
        with process:
            assert process.stderr.readline().startswith(b"a member of the local network as ")
            said = entry.write(Entry("ann", "pc", "Ann", dialup=True), BR_ENTRY, 1, "cp932")
            ann.sendto(build(said), ("127.0.0.2", port))
            found = json.loads(process.stdout.readline())
            assert (found["type"], found["nickname"]) == ("here", "Ann")
            ann.recvfrom(65536)  # the answer
            process.send_signal(number)
            packet = parse(ann.recvfrom(65536)[0])
            assert packet is not None
            assert packet.command == BR_EXIT
            assert process.wait(10) == code


async def test_a_member_that_no_network_hears_says_so_and_stays(running, press_ctrl_c, capsys):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.3", 0))
        ended = running(announce, bind="127.0.0.2", port=taken.getsockname()[1])
        told = ""
        with trio.fail_after(60):
            while "cannot announce now: network is down" not in told:
                await trio.sleep(0.01)
                told += capsys.readouterr().err
            press_ctrl_c()
            assert await ended() == 130
