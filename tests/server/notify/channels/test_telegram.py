"""Telegram, with a server that answers as the Bot API does."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import httpx
import pytest
import trio

from lastseen.server.config.sections.kinds import Telegram
from lastseen.server.notify.channels.telegram import TelegramSender
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.markdown import pieces
from lastseen.server.notify.notice import Item, Message
from lastseen.server.notify.wording import word

TOKEN = "123456:ABC-def_9"  # noqa: S105 - nobody's
MakeMessage = Callable[..., Message]
PATIENCE = 30.0
FIRST_LOOK, DAY = 1_790_086_400.0, 86_400.0


@pytest.fixture
def message(make_message: MakeMessage) -> Message:
    return make_message(name="web_1.*")


@pytest.fixture
def long_message(make_item: Callable[..., Item]) -> Message:
    items = [make_item("offline", f"c{n}", name="." * 64, hostname="-" * 64) for n in range(40)]
    return Message("msg_long", tuple(items), digest=True)


@pytest.fixture
def sender(receiver, http: httpx.AsyncClient) -> TelegramSender:
    """Whenever it looks at the clock, a day has passed."""
    channel = Telegram(
        name="x", token=TOKEN, chat_id=-42, api_base=f"{receiver.url}/", timeout=PATIENCE
    )
    days = count(FIRST_LOOK, DAY)
    return TelegramSender(channel, http, lambda: next(days))


def says(receiver: Any, status: int, description: str = "", **parameters: Any) -> None:
    """The Bot API's answer."""
    reply = {"ok": status == 200, "error_code": status, "description": description}
    reply |= {"parameters": parameters} if parameters else {}
    receiver.answer(status, json.dumps(reply).encode())


async def refusal(sender: TelegramSender, message: Message) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await sender.send(message)
    return caught.value


async def test_a_message_is_sent_as_markdown_to_the_chat(receiver, sender, message: Message):
    says(receiver, 200)
    await sender.send(message)
    (request,) = receiver.requests
    asked = json.loads(request.body)
    assert request.path == f"/bot{TOKEN}/sendMessage"
    assert (asked["chat_id"], asked["parse_mode"]) == (-42, "MarkdownV2")
    assert asked["text"].startswith("🔴 *web\\_1\\.\\* is offline*\nLast seen ")
    assert asked["link_preview_options"] == {"is_disabled": True}


async def test_a_server_that_does_not_take_the_markup_is_sent_plain_text(
    receiver, sender, message: Message
):
    says(receiver, 400, "Bad Request: can't parse entities: character '.' is reserved")
    says(receiver, 200)
    await sender.send(message)
    asked = json.loads(receiver.requests[1].body)
    assert "parse_mode" not in asked
    assert asked["text"].startswith("🔴 web_1.* is offline\nLast seen ")


async def test_a_long_digest_is_several_messages_each_short_enough(
    receiver, sender, long_message: Message
):
    for _ in range(10):
        says(receiver, 200)
    await sender.send(long_message)
    texts = [json.loads(request.body)["text"] for request in receiver.requests]
    assert len(texts) > 1
    assert all(len(text.encode("utf-16-le")) // 2 <= 4096 for text in texts)
    assert texts[-1].endswith("… and 10 more")


async def test_a_repeat_goes_on_with_the_piece_that_was_not_taken(
    receiver, sender, long_message: Message
):
    says(receiver, 200)
    says(receiver, 500)
    await refusal(sender, long_message)
    for _ in range(10):
        says(receiver, 200)
    await sender.send(long_message)
    texts = [json.loads(request.body)["text"] for request in receiver.requests]
    assert texts[1] == texts[2]
    assert len(set(texts)) == len(texts) - 1


async def test_however_often_pieces_fail_each_is_taken_once_in_the_words_of_the_first_time(
    receiver, sender, make_item
):
    items = [
        make_item(kind, f"{kind}-{number}", name="." * 64)
        for kind in ("offline", "reminder")
        for number in range(30)
    ]
    message = Message("msg_long", tuple(items), digest=True)
    whole = [piece.markdown for piece in pieces(word(message, FIRST_LOOK))]
    statuses = [200, *[500, 500, 200] * (len(whole) - 1)]
    for status in statuses:
        says(receiver, status)
    for _ in range(statuses.count(500)):
        await refusal(sender, message)
    await sender.send(message)
    texts = [json.loads(request.body)["text"] for request in receiver.requests]
    taken = [text for text, status in zip(texts, statuses, strict=True) if status == 200]
    assert len(taken) > 2
    assert taken == whole


async def test_a_message_of_which_nothing_was_taken_is_worded_anew(receiver, sender, make_message):
    says(receiver, 500)
    says(receiver, 200)
    message = make_message("reminder")
    await refusal(sender, message)
    await sender.send(message)
    first, second = (json.loads(request.body)["text"] for request in receiver.requests)
    assert first != second


@pytest.mark.parametrize(
    ("status", "description", "permanent"),
    [
        (401, "Unauthorized", True),
        (403, "Forbidden: bot was blocked by the user", True),
        (404, "Not Found", True),
        (400, "Bad Request: chat not found", True),
        (400, "Bad Request: message is too long", False),
        (429, "Too Many Requests: retry after 7", False),
        (500, "Internal Server Error", False),
    ],
)
async def test_a_refusal_says_why_and_whether_trying_again_can_help(
    status: int, description: str, permanent: bool, receiver, sender, message: Message
):
    says(receiver, status, description)
    error = await refusal(sender, message)
    assert str(error) == f"HTTP {status}: {description}"
    assert error.permanent is permanent


async def test_the_wait_that_telegram_asks_for_is_known(receiver, sender, message: Message):
    says(receiver, 429, "Too Many Requests: retry after 7", retry_after=7)
    assert (await refusal(sender, message)).retry_after == 7


async def test_a_group_that_has_another_number_now_is_told_with_it(
    receiver, sender, message: Message
):
    description = "Bad Request: group chat was upgraded to a supergroup chat"
    says(receiver, 400, description, migrate_to_chat_id=-100123)
    error = await refusal(sender, message)
    assert str(error) == "the chat_id of this group is now -100123"
    assert error.permanent


async def test_no_error_shows_the_token(receiver, sender, message: Message):
    says(receiver, 500, f"no bot {TOKEN} here")
    assert TOKEN not in str(await refusal(sender, message))


@pytest.mark.parametrize("body", [b"<html>login</html>", b"{}", b"\xff", b""])
async def test_something_else_in_its_place_is_no_success(
    body: bytes, receiver, sender, message: Message
):
    receiver.answer(200, body)
    error = await refusal(sender, message)
    assert str(error) == "HTTP 200"
    assert not error.permanent


async def test_a_server_that_hangs_is_left_after_the_timeout(receiver, http, message: Message):
    receiver.answer(hang=True)
    channel = Telegram(name="x", token=TOKEN, chat_id=1, api_base=receiver.url, timeout=0.2)
    with trio.fail_after(PATIENCE):
        error = await refusal(TelegramSender(channel, http), message)
    assert str(error) == "no answer within 0.2 s"


async def test_a_message_goes_into_the_topic_that_the_settings_name(
    receiver, http: httpx.AsyncClient, message: Message
):
    channel = Telegram(
        name="x", token=TOKEN, chat_id=-42, message_thread_id=7, api_base=receiver.url
    )
    says(receiver, 400, "Bad Request: can't parse entities")
    says(receiver, 200)
    await TelegramSender(channel, http).send(message)
    topics = [json.loads(request.body)["message_thread_id"] for request in receiver.requests]
    assert topics == [7, 7]


async def test_without_a_topic_none_is_named(receiver, sender, message: Message):
    says(receiver, 200)
    await sender.send(message)
    (request,) = receiver.requests
    assert "message_thread_id" not in json.loads(request.body)


@pytest.mark.parametrize("description", ["message thread not found", "TOPIC_CLOSED"])
async def test_a_topic_that_takes_no_messages_breaks_the_channel(
    description: str, receiver, sender, message: Message
):
    says(receiver, 400, f"Bad Request: {description}")
    error = await refusal(sender, message)
    assert error.permanent
    assert description in str(error)


async def test_times_are_told_in_the_time_zone_of_the_channel(
    receiver, http: httpx.AsyncClient, message: Message
):
    channel = Telegram(
        name="x", token=TOKEN, chat_id=-42, timezone="Asia/Tokyo", api_base=receiver.url
    )
    says(receiver, 200)
    await TelegramSender(channel, http).send(message)
    (request,) = receiver.requests
    assert "23:11:20 JST" in json.loads(request.body)["text"].replace("\\", "")
