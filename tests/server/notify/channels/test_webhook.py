"""Webhooks, sent to a real server."""

import email.utils
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import trio
from standardwebhooks import Webhook as Verifier

from lastseen.server.config.sections.kinds import Webhook
from lastseen.server.notify.channels.posting import LONGEST_WAIT
from lastseen.server.notify.channels.webhook import WebhookSender
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.notice import Message
from lastseen.server.notify.webhook_body import body

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the specification's example
MakeMessage = Callable[..., Message]
PATIENCE = 30.0


@pytest.fixture
def message(make_message: MakeMessage) -> Message:
    return make_message(name="Web 1")


def sender_to(url: str, http: httpx.AsyncClient, **settings: Any) -> WebhookSender:
    return WebhookSender(Webhook(name="x", url=url, **{"timeout": PATIENCE, **settings}), http)


async def refusal(sender: WebhookSender, message: Message) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await sender.send(message)
    return caught.value


async def test_a_message_is_posted_as_json_with_a_signature_that_receivers_verify(
    receiver, http: httpx.AsyncClient, message: Message
):
    await sender_to(f"{receiver.url}/hook?x=1", http, secret=SECRET).send(message)
    (request,) = receiver.requests
    assert (request.method, request.path) == ("POST", "/hook?x=1")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"  # or a small answer becomes a large one
    assert request.headers["webhook-id"] == message.id
    assert request.body == body(message)
    assert Verifier(SECRET).verify(request.body, request.headers) == json.loads(request.body)


async def test_headers_of_the_settings_are_sent_too(receiver, http, message: Message):
    headers = {"Authorization": "Bearer x", "X-Team": "ops"}
    await sender_to(receiver.url, http, headers=headers).send(message)
    assert receiver.requests[0].headers["authorization"] == "Bearer x"
    assert receiver.requests[0].headers["x-team"] == "ops"


async def test_a_user_and_password_in_the_url_are_sent_as_such(receiver, http, message: Message):
    url = receiver.url.replace("http://", "http://ann:secret@")
    await sender_to(url, http).send(message)
    assert receiver.requests[0].headers["authorization"] == "Basic YW5uOnNlY3JldA=="


async def test_without_a_secret_nothing_is_signed(receiver, http, message: Message):
    await sender_to(receiver.url, http).send(message)
    assert "webhook-signature" not in receiver.requests[0].headers


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_success_is_one(status: int, receiver, http, message: Message):
    receiver.answer(status, b"" if status == 204 else b"ok")
    await sender_to(receiver.url, http).send(message)


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (301, True),
        (302, False),
        (307, False),
        (308, True),
        (400, False),
        (401, True),
        (403, True),
        (404, True),
        (408, False),
        (410, True),
        (429, False),
        (500, False),
        (503, False),
    ],
)
async def test_a_refusal_says_whether_trying_again_can_help(
    status: int, permanent: bool, receiver, http, message: Message
):
    receiver.answer(status, headers={"Location": receiver.url})
    error = await refusal(sender_to(receiver.url, http), message)
    assert str(error).startswith(f"HTTP {status}")
    assert error.permanent is permanent
    assert error.retry_after is None
    assert not error.too_large
    assert len(receiver.requests) == 1  # a redirect is not followed


async def test_a_receiver_for_which_it_is_too_much_is_known(receiver, http, message: Message):
    receiver.answer(413)
    error = await refusal(sender_to(receiver.url, http), message)
    assert (str(error), error.permanent, error.too_large) == ("HTTP 413", False, True)


async def test_what_a_receiver_echoes_is_not_repeated(receiver, http, message: Message):
    receiver.answer(401, b"no such key: Bearer key-1234")
    headers = {"Authorization": "Bearer key-1234"}
    error = await refusal(sender_to(receiver.url, http, headers=headers), message)
    assert "key-1234" not in str(error)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("999999999", LONGEST_WAIT),
        ("soon", None),
        ("-1", None),
        ("9" * 5000, None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 +99999999999999999999", None),
        ("Thu, 01 Jan 999999999999999999 00:00:00 GMT", None),
    ],
)
async def test_a_receiver_can_have_us_wait(
    header: str, wait: float | None, receiver, http, message: Message
):
    receiver.answer(429, headers={"Retry-After": header})
    error = await refusal(sender_to(receiver.url, http), message)
    assert error.retry_after == wait
    assert not error.permanent


async def test_a_receiver_can_name_the_time_until_which_we_wait(receiver, http, message: Message):
    until = email.utils.formatdate(time.time() + 600, usegmt=True)
    receiver.answer(503, headers={"Retry-After": until})
    error = await refusal(sender_to(receiver.url, http), message)
    assert error.retry_after == pytest.approx(600, abs=PATIENCE)


async def test_a_receiver_that_hangs_is_left_after_the_timeout(receiver, http, message: Message):
    receiver.answer(hang=True)
    with trio.fail_after(PATIENCE):
        error = await refusal(sender_to(receiver.url, http, timeout=0.2), message)
    assert str(error) == "no answer within 0.2 s"
    assert not error.permanent


async def test_a_receiver_that_is_not_there_may_come_back(http, message: Message):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = await refusal(sender_to(f"http://u:secret@127.0.0.1:{port}/key", http), message)
    assert str(error) == f"127.0.0.1:{port} cannot be reached: Connection refused"
    assert not error.permanent


async def test_a_name_that_leads_nowhere_may_lead_somewhere_later(http, message: Message):
    error = await refusal(sender_to("http://nowhere.invalid/key", http), message)
    assert str(error).startswith("nowhere.invalid cannot be reached: ")
    assert not error.permanent


async def test_an_answer_without_end_is_read_no_further_than_needed(
    receiver, http, message: Message
):
    receiver.answer(200, b"x" * 10_000, endless=True)
    with trio.fail_after(PATIENCE):
        await sender_to(receiver.url, http).send(message)


async def test_an_answer_that_never_ends_is_one_as_soon_as_its_status_is_known(
    receiver, http, message: Message
):
    chunked = {"Transfer-Encoding": "chunked"}
    receiver.answer(200, b"64\r\nbegun", headers=chunked)  # of 100 bytes five come
    await sender_to(receiver.url, http, timeout=1).send(message)
    assert len(receiver.requests) == 1


async def test_a_cookie_is_not_kept(receiver, http, message: Message):
    receiver.answer(200, headers={"Set-Cookie": "a=b; Path=/"})
    await sender_to(receiver.url, http).send(message)
    await sender_to(receiver.url, http).send(message)
    assert [request.headers.get("cookie") for request in receiver.requests] == [None, None]


async def test_a_receiver_that_breaks_off_is_tried_again(receiver, http, message: Message):
    receiver.answer(hang=True)
    receiver.released.set()  # it says nothing, and closes
    error = await refusal(sender_to(receiver.url, http), message)
    assert "broke off before it answered" in str(error)
    assert not error.permanent


async def test_a_server_without_a_certificate_that_we_trust_is_told_nothing(
    http, message: Message, tls_receiver
):
    error = await refusal(sender_to(f"https://{tls_receiver}", http), message)
    assert "certificate" in str(error).lower()
    assert not error.permanent
