"""Many who are gone at once: programs hear of each, people read one message."""

import json
import re
import signal
from contextlib import suppress
from email.header import decode_header, make_header
from typing import Any

import pytest

from lastseen.shared.messages import Leave, Register

CROWD = 2_000

GATHER = {"delay": 0, "group_wait": 5, "group_interval": 5}
"""Longer than a busy machine takes to lose all of them."""

LOST = {"reap_interval": 1, "reconnect_grace": 0.5}

NOT_ALL = {"mass_loss_ratio": 1.0}
"""It is never a mass loss."""


@pytest.fixture
def bot_api(new_receiver):
    """A Bot API server for one bot."""
    receiver = new_receiver()
    receiver.usual.body = b'{"ok": true}'
    return receiver


@pytest.fixture
def people(mailbox, bot_api) -> dict[str, Any]:
    """A chat and a mail address."""
    mail = f"mailto://127.0.0.1:{mailbox.port}?mode=insecure&from=a@example.org&to=b@example.org"
    chat = {"name": "chat", "token": "1:A", "chat_id": 7, "api_base": bot_api.url}
    return {"apprise": [{"name": "mail", "url": mail} | GATHER], "telegram": [chat | GATHER]}


@pytest.fixture
def crowd(wire):
    """Has many come to a server."""

    def crowd(server: Any, count: int) -> list[Any]:
        links = [wire(server) for _ in range(count)]
        for number, link in enumerate(links):
            link.say(Register(f"web-{number:04}", groups=("rack-3",)))
        for link in links:
            link.hear()
        return links

    return crowd


def _drop(server: Any, links: list[Any]) -> None:
    """All at once: while the server does not look."""
    server.signal(signal.SIGSTOP)
    for link in links:
        link.close()
    server.signal(signal.SIGCONT)


@pytest.mark.usefixtures("many_files")
def test_two_thousand_lost_in_one_pass_are_one_message_for_people_and_each_one_for_programs(
    start_telling, receiver, ops, people, mailbox, bot_api, outbox, crowd, until
):
    server = start_telling(server=LOST, detector=NOT_ALL, webhook=[ops], **people)
    _drop(server, crowd(server, CROWD))
    told = receiver.wait_for(CROWD)
    assert sorted(told) == [("client.offline", f"web-{number:04}") for number in range(CROWD)]
    until(lambda: outbox.query("SELECT count(*) FROM deliveries") == [(3 * CROWD,)], "deliveries")
    outbox.wait_for_nothing_pending()
    assert len(receiver.requests) == CROWD
    [mail] = mailbox.mails
    subject = str(make_header(decode_header(mail["Subject"])))
    assert re.match(r"2000 clients offline: web-\d{4}, .* \(all in group rack-3\)", subject)
    [message] = [json.loads(request.body)["text"] for request in bot_api.requests]
    assert message.startswith("🔴 *2000 clients offline: web")


@pytest.mark.usefixtures("many_files")
def test_a_mass_loss_is_told_as_what_it_is_before_any_of_them(
    start_telling, receiver, ops, people, mailbox, outbox, crowd, until
):
    detector = {"mass_loss_ratio": 0.5, "mass_loss_min": 10, "mass_loss_hold": 2}
    server = start_telling(server=LOST, detector=detector, webhook=[ops], **people)
    lost = crowd(server, 40)
    _drop(server, lost[:30])
    first, *rest = receiver.wait_for(31)
    assert first == ("server.mass_loss", "")
    assert receiver.bodies()[0]["data"] == {"silent": 30, "present": 40, "hold": 2.0}
    assert sorted(rest) == [("client.offline", f"web-{number:04}") for number in range(30)]
    until(lambda: mailbox.mails, "a mail")
    subject = str(make_header(decode_header(mailbox.mails[0]["Subject"])))
    assert "fell silent at once" in subject
    outbox.wait_for_nothing_pending()
    assert len(receiver.requests) == 31


def test_a_mass_loss_that_was_our_own_link_is_no_outage_of_anybody(
    start_telling, receiver, ops, crowd
):
    detector = {"mass_loss_ratio": 0.5, "mass_loss_min": 10, "mass_loss_hold": 3600}
    server = start_telling(server=LOST, detector=detector, webhook=[ops])
    _drop(server, crowd(server, 20))
    receiver.wait_for(1)
    for link in crowd(server, 20):
        with suppress(OSError):
            link.say(Leave())
    told = receiver.wait_for(21)
    assert told[0] == ("server.mass_loss", "")
    assert sorted(told[1:]) == [("client.offline", f"web-{number:04}") for number in range(20)]
    assert {body["data"].get("reason", "left") for body in receiver.bodies()} == {"left"}
