"""Apprise, with a real mail server and a real HTTP server."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import trio

from lastseen.server.config.sections.kinds import Apprise
from lastseen.server.notify.channels.apprise_ import (
    MOST_THREADS,
    AppriseSender,
    without_calls,
    without_secrets,
)
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.notice import Item, Message

PATIENCE = 30.0


@pytest.fixture
def message(make_message: Callable[..., Message]) -> Message:
    return make_message(name="Büro <1> & co", hostname="web-01.example")


def sender_to(url: str, **settings: Any) -> AppriseSender:
    return AppriseSender(Apprise(name="x", url=url, **{"timeout": PATIENCE, **settings}))


async def refusal(sender: AppriseSender, message: Message) -> TransportError:
    with pytest.raises(TransportError) as caught, trio.fail_after(2 * PATIENCE):
        await sender.send(message)
    return caught.value


async def test_a_mail_has_the_title_as_its_subject(mailbox, message: Message):
    url = (
        f"mailto://127.0.0.1:{mailbox.port}/ops@example.org?from=lastseen@example.org&mode=insecure"
    )
    await sender_to(url).send(message)
    (mail,) = mailbox.mails
    subject = str(_decoded(mail["Subject"]))
    assert subject == "Büro <1> & co is offline"
    assert "ops@example.org" in mail["To"]
    text = _text(mail)
    assert "Host: web-01.example" in text
    assert "Reason: it fell silent." in text


def mail_to(mailbox: Any, more: str = "") -> str:
    sender = "lastseen@example.org"
    return f"mailto://127.0.0.1:{mailbox.port}/ops@example.org?from={sender}&mode=insecure{more}"


async def test_the_mails_of_one_outage_refer_to_one_parent(mailbox, make_item: Callable[..., Item]):
    sender = sender_to(mail_to(mailbox))
    for kind, thread in (
        ("offline", "k1"),
        ("reminder", "k1"),
        ("online", "k1"),
        ("offline", "k2"),
    ):
        await sender.send(Message(f"msg_{kind}", (make_item(kind, thread=thread),)))
    references = [mail["References"] for mail in mailbox.mails]
    assert references == ["<k1@lastseen.invalid>"] * 3 + ["<k2@lastseen.invalid>"]
    assert [mail["In-Reply-To"] for mail in mailbox.mails] == references
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 4


async def test_a_digest_refers_to_the_outages_that_it_tells_of(
    mailbox, make_item: Callable[..., Item]
):
    items = tuple(make_item("offline", f"web-{n}", thread=f"k{n}") for n in range(40))
    await sender_to(mail_to(mailbox)).send(Message("msg_many", items, digest=True))
    (mail,) = mailbox.mails
    parents = mail["References"].split()
    assert parents == [f"<k{n}@lastseen.invalid>" for n in range(MOST_THREADS)]
    assert mail["In-Reply-To"] == parents[-1]


async def test_headers_of_the_url_win_over_those_of_the_thread(
    mailbox, make_item: Callable[..., Item]
):
    sender = sender_to(mail_to(mailbox, "&%2BReferences=%3Cown@example.org%3E"))
    await sender.send(Message("msg_1", (make_item(thread="k1"),)))
    (mail,) = mailbox.mails
    assert mail.get_all("References") == ["<own@example.org>"]


async def test_what_belongs_to_no_outage_refers_to_nothing(mailbox, message: Message):
    await sender_to(mail_to(mailbox)).send(message)
    (mail,) = mailbox.mails
    assert mail["References"] is None
    assert mail["In-Reply-To"] is None


async def test_other_services_are_sent_no_header_of_a_thread(receiver, make_item):
    url = receiver.url.replace("http://", "json://")
    await sender_to(url).send(Message("msg_1", (make_item(thread="k1"),)))
    assert "references" not in receiver.requests[0].headers


async def test_times_are_told_in_the_time_zone_of_the_channel(mailbox, message: Message):
    await sender_to(mail_to(mailbox), timezone="Europe/Berlin").send(message)
    (mail,) = mailbox.mails
    assert "2026-09-21 16:11:20 CEST" in _text(mail)


async def test_what_went_is_a_failure_and_what_is_back_a_success(
    receiver, make_message: Callable[..., Message]
):
    url = receiver.url.replace("http://", "json://")
    for kind in ("offline", "online", "flapping"):
        await sender_to(url).send(make_message(kind))
    sent = [json.loads(request.body) for request in receiver.requests]
    assert [notice["type"] for notice in sent] == ["failure", "success", "warning"]
    assert sent[0]["title"] == "web-01 is offline"


@pytest.mark.parametrize("name", ["@everyone", "@Here", "<@12345>", "<@!12345>", "<@&12345>"])
async def test_a_client_calls_nobody_by_its_name(
    name: str, receiver, make_message: Callable[..., Message]
):
    await sender_to(receiver.url.replace("http://", "json://")).send(
        make_message(name=name, hostname=name)
    )
    (request,) = receiver.requests
    sent = json.loads(request.body)
    assert name not in sent["title"] + sent["message"]
    assert sent["title"].replace("\u200b", "") == f"{name} is offline"


def test_an_address_stays_as_it_is():
    assert without_calls("ops@example.org, a@1.example, @") == "ops@example.org, a@1.example, @"


@pytest.mark.parametrize("url", ["nonsense://x", "mailto://", "tgram://x"])
async def test_a_url_that_apprise_rejects_will_not_do_later(url: str, message: Message):
    error = await refusal(sender_to(url), message)
    assert error.permanent
    assert url not in str(error)


async def test_a_receiver_that_refuses_may_take_it_later_and_no_error_shows_a_key(
    receiver, message: Message
):
    receiver.answer(500, b"no")
    url = receiver.url.replace("http://", "json://ann:pass-word@") + "/key-1234"
    error = await refusal(sender_to(url), message)
    assert not error.permanent
    assert "pass-word" not in str(error)
    assert "key-1234" not in str(error)


@pytest.mark.parametrize("logging", ["logging.basicConfig(level='DEBUG')", "pass"])
def test_no_log_of_apprise_or_what_it_uses_shows_a_key(logging: str, receiver):
    receiver.answer(500, b"no")
    url = receiver.url.replace("http://", "json://ann:pass-word@") + "/key-1234"
    script = (
        f"import logging; {logging}\n"
        "from lastseen.server.notify.channels import apprise_\n"
        "from lastseen.server.notify.wording import Words\n"
        f"apprise_._send({url!r}, Words('bad', 'title'))\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert len(receiver.requests) == 1
    assert (done.stdout + done.stderr).startswith("Traceback")  # and nothing before it
    assert "TransportError" in done.stderr
    assert "key-1234" not in done.stderr


async def test_a_receiver_that_hangs_is_left_after_the_timeout(receiver, message: Message):
    receiver.answer(hang=True)
    with trio.fail_after(PATIENCE):
        error = await refusal(
            sender_to(receiver.url.replace("http://", "json://"), timeout=0.3), message
        )
    assert str(error) == "no answer within 0.3 s"


def test_of_a_url_only_its_scheme_and_host_may_be_shown():
    url = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?to=%23ops-room&password=hunter2"
    said = "POST https://hooks.example/TIiajkdnlazkcOXrIdevi7FQ to #ops-room by hunter2 failed"
    assert without_secrets(said, url) == "POST https://hooks.example/… to … by … failed"


def test_a_host_may_be_shown():
    said = "mail.example.org refused ann"
    assert without_secrets(said, "mailto://ann:hunter2@mail.example.org") == said


def _decoded(header: str) -> object:
    from email.header import decode_header, make_header

    return make_header(decode_header(header))


def _text(mail: Any) -> str:
    parts = [p for p in mail.walk() if p.get_content_type() == "text/plain"]
    return (parts or [mail])[0].get_payload(decode=True).decode()
