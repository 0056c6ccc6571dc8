"""What is told when clients go and come: once, to each who asked, in words that fit them."""

import json
import signal
import sys
from email.header import decode_header, make_header
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from websockets.sync.client import connect

from lastseen.shared.messages import Silence, Silenced, Unsilence, Unsilenced

SECRET, OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "YWJj" * 8

AT_ONCE = {"delay": 0, "group_wait": 0, "group_interval": 0}
"""For a channel of people that is told each thing by itself."""

NOTE = """
import os, pathlib, sys
folder = pathlib.Path(sys.argv[1])
(folder / "part").write_bytes(sys.stdin.buffer.read())
(folder / "part").rename(folder / os.environ["LASTSEEN_MESSAGE"])
"""
"""A command that keeps what it is told, under the message's name."""


@pytest.fixture
def bot_api(new_receiver):
    """A Bot API server for one bot."""
    receiver = new_receiver()
    receiver.usual.body = b'{"ok": true}'
    return receiver


def _ends(server: Any, number: signal.Signals = signal.SIGTERM) -> None:
    server.signal(number)
    server.wait(60.0)


def _subject(mail: Any) -> str:
    return str(make_header(decode_header(mail["Subject"])))


# --- once, to each who asked --------------------------------------------------------------------


def test_an_outage_and_its_end_are_told_once_on_each_channel_that_asked(
    start_telling, receiver, bot_api, mailbox, outbox, go, come, until, tmp_path
):
    told = tmp_path / "told"
    told.mkdir()
    url = receiver.url
    server = start_telling(
        webhook=[
            {"name": "all", "url": url + "/all"},
            {"name": "back", "url": url + "/back", "events": ["online"]},
            {"name": "rack", "url": url + "/rack", "groups": ["rack-3"]},
            {"name": "db", "url": url + "/db", "clients": ["db-*"]},
            {"name": "off", "url": url + "/off", "enabled": False},
        ],
        telegram=[
            {"name": "chat", "token": "1:A", "chat_id": 7, "api_base": bot_api.url} | AT_ONCE
        ],
        apprise=[{"name": "mail", "url": _mail(mailbox)} | AT_ONCE],
        command=[{"name": "note", "argv": [sys.executable, "-c", NOTE, str(told)]}],
    )
    go(server, "web-01")
    come(server, "web-01")
    until(lambda: _states(outbox) == dict.fromkeys(EXPECTED, "sent"), lambda: _states(outbox))
    paths = sorted((r.path, json.loads(r.body)["type"]) for r in receiver.taken())
    assert paths == [
        ("/all", "client.offline"),
        ("/all", "client.online"),
        ("/back", "client.online"),
    ]
    texts = [json.loads(request.body)["text"] for request in bot_api.taken()]
    assert [text.partition("\n")[0] for text in texts] == [
        "🔴 *web\\-01 is offline*",
        "🟢 *web\\-01 is back online*",
    ]
    assert [_subject(mail) for mail in mailbox.mails] == [
        "web-01 is offline",
        "web-01 is back online",
    ]
    noted = [json.loads(path.read_bytes())["type"] for path in told.iterdir()]
    assert sorted(noted) == ["client.offline", "client.online"]


EXPECTED = [
    (channel, kind) for channel in ("all", "chat", "mail", "note") for kind in ("offline", "online")
] + [("back", "online")]
"""The deliveries that there are to be: no more."""


def _states(outbox: Any) -> dict[tuple[str, str], str]:
    rows = outbox.query("SELECT channel, kind, state FROM deliveries")
    found = {(channel, kind): state for channel, kind, state in rows}
    assert len(found) == len(rows), rows
    return found


def _mail(mailbox: Any) -> str:
    return f"mailto://127.0.0.1:{mailbox.port}?mode=insecure&from=a@example.org&to=b@example.org"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_who_is_still_offline_after_a_restart_is_not_told_again(
    start_telling, receiver, ops, outbox, go, come, number: signal.Signals
):
    server = start_telling(webhook=[ops])
    go(server, "web-01")
    outbox.wait_for(["sent"])
    _ends(server, number)
    server = start_telling(webhook=[ops])
    go(server, "db-01")  # what a restart had to say would come before it
    outbox.wait_for(["sent", "sent"])
    assert receiver.told() == [("client.offline", "web-01"), ("client.offline", "db-01")]
    come(server, "web-01")
    assert receiver.wait_for(3)[2:] == [("client.online", "web-01")]


def test_who_was_present_before_a_restart_and_after_it_is_not_told_of(
    start_telling, receiver, ops, outbox, go, come, until
):
    server = start_telling(webhook=[ops])
    come(server, "web-01", instance="one")
    events = "SELECT count(*) FROM events"
    until(lambda: outbox.query(events) == [(1,)], "the first event")
    _ends(server, signal.SIGKILL)
    server = start_telling(webhook=[ops])
    come(server, "web-01", instance="one")
    go(server, "db-01")
    outbox.wait_for(["sent"])
    assert receiver.told() == [("client.offline", "db-01")]


def test_who_is_back_within_the_delay_makes_no_noise(
    start_telling, receiver, ops, outbox, go, come
):
    server = start_telling(webhook=[ops | {"delay": 3600}, ops | {"name": "swift"}])
    go(server, "web-01")
    receiver.wait_for(1)
    assert outbox.states("ops") == ["pending"]
    come(server, "web-01")
    outbox.wait_for(["withdrawn"])
    outbox.wait_for(["sent", "sent"], "swift")
    assert len(receiver.told()) == 2


def test_a_closed_tab_is_reported_to_an_unfiltered_channel_only(
    start_telling, receiver, ops, outbox, go
):
    server = start_telling(
        webhook=[
            ops | {"name": "all", "url": receiver.url + "/all"},
            ops | {"name": "machines", "url": receiver.url + "/machines", "via": ["tcp", "http"]},
            ops | {"name": "failures", "url": receiver.url + "/failures", "reasons": ["timeout"]},
        ]
    )
    with connect(f"ws://127.0.0.1:{server.websocket_port}/ws") as tab:
        tab.send('{"type": "register", "client_id": "tab", "page": true}')
        tab.recv()
    receiver.wait_for(1)  # its end was seen before that of the next
    go(server, "web-01")
    receiver.wait_for(3)
    outbox.wait_for_nothing_pending()
    told = {(r.path, json.loads(r.body)["data"]["client"]["id"]) for r in receiver.taken()}
    assert told == {("/all", "tab"), ("/all", "web-01"), ("/machines", "web-01")}


def test_the_mails_of_one_outage_are_one_thread_across_a_restart(
    start_telling, mailbox, outbox, go, come
):
    mail = {"name": "ops", "url": _mail(mailbox), "timezone": "Asia/Tokyo"} | AT_ONCE
    server = start_telling(apprise=[mail])
    go(server, "web-01", "db-01")
    outbox.wait_for(["sent", "sent"])
    _ends(server)
    server = start_telling(apprise=[mail])
    come(server, "web-01")
    outbox.wait_for(["sent"] * 3)
    threads = {_subject(mail): mail["References"] for mail in mailbox.mails}
    assert threads["web-01 is offline"] == threads["web-01 is back online"]
    assert threads["web-01 is offline"] != threads["db-01 is offline"]
    assert all("JST" in str(mail) for mail in mailbox.mails)


def test_who_comes_and_goes_too_often_is_told_of_once_until_it_is_steady(
    start_telling, receiver, ops, go
):
    server = start_telling(webhook=[ops | {"flap_threshold": 4, "flap_window": 5}])
    go(server, *["web-01"] * 5)
    told = [kind for kind, _ in receiver.wait_for(5)]
    assert told == [
        "client.offline",
        "client.online",
        "client.offline",
        "client.flapping",
        "client.offline",  # as it is, now that it is steady
    ]
    flapping = receiver.bodies()[3]["data"]
    assert (flapping["changes"], flapping["window"]) == (4, 5.0)


# --- silences ------------------------------------------------------------------------------------


def test_a_client_that_is_back_shortly_after_a_silence_raises_no_alarm(
    start_telling, receiver, ops, outbox, wire, go, come, until
):
    server = start_telling(webhook=[ops | {"delay": 4}, ops | {"name": "swift"}])
    go(server, "web-02")
    receiver.wait_for(1)  # the swift channel reports web-02 before the silence
    admin = wire(server)
    admin.say(Silence(3600, client="web-*"))
    silence = admin.hear_only(Silenced).silence
    go(server, "web-01")
    come(server, "web-02")
    assert receiver.wait_for(2)[1] == ("client.online", "web-02")  # in the silence
    admin.say(Unsilence(silence.id))
    admin.hear_only(Unsilenced)
    until(lambda: len(outbox.states("ops")) == 2, lambda: outbox.states("ops"))
    come(server, "web-01")
    outbox.wait_for(["withdrawn", "withdrawn"])
    assert ("client.online", "web-01") in receiver.wait_for(4)


def test_a_silence_is_kept_across_a_restart_and_what_is_still_so_is_told_when_it_ends(
    start_telling, receiver, ops, outbox, wire, go, come
):
    server = start_telling(webhook=[ops])
    admin = wire(server)
    admin.say(Silence(3600, client="web-*"))
    silence = admin.hear_only(Silenced).silence
    go(server, "web-01", "web-02", "db-01")
    outbox.wait_for(["sent"])
    _ends(server)
    server = start_telling(webhook=[ops])
    come(server, "web-02")
    go(server, "db-02")
    outbox.wait_for(["sent", "sent"])
    assert receiver.told() == [("client.offline", "db-01"), ("client.offline", "db-02")]
    admin = wire(server)
    admin.say(Unsilence(silence.id))
    admin.hear_only(Unsilenced)
    outbox.wait_for(["sent"] * 3)
    assert receiver.told()[2:] == [("client.offline", "web-01")]


# --- signed --------------------------------------------------------------------------------------


def test_the_signature_is_one_that_the_library_of_standard_webhooks_accepts(
    start_telling, receiver, ops, come
):
    server = start_telling(webhook=[ops | {"secret": [SECRET, OTHER]}])
    come(server, "web-01", name="Büro 1", groups=("rack-3",)).leave()
    receiver.wait_for(1)
    [request] = receiver.taken()
    for secret in (SECRET, OTHER):
        body = Webhook(secret).verify(request.body, request.headers)
        client = body["data"]["client"]
        assert (client["name"], client["groups"]) == ("Büro 1", ["rack-3"])
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body.replace(b"web-01", b"web-02"), request.headers)
