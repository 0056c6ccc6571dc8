"""A chat of Telegram, by its Bot API: https://core.telegram.org/bots/api#sendmessage."""

import time
from collections.abc import Callable
from typing import Any, Literal

import httpx
import msgspec
from msgspec import Struct, field

from lastseen.server.config.secret import reveal
from lastseen.server.config.sections.kinds import Telegram
from lastseen.server.notify.channels.posting import (
    LONGEST_WAIT,
    Answer,
    deadline,
    post,
    refusal,
    remark_of,
)
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.markdown import Piece, pieces
from lastseen.server.notify.notice import Message
from lastseen.server.notify.wording import Words, word

GONE = (
    "chat not found",
    "bot was kicked",
    "bot was blocked",
    "deactivated",
    "message thread not found",
    "TOPIC_CLOSED",
    "TOPIC_DELETED",
)
"""Parts of descriptions: no message will ever reach this chat or topic as things are."""

BAD_MARKUP = "can't parse entities"
"""Ours escapes all there is to escape; a server of another version might want more."""

MOST_BEGUN = 8
"""Messages of which the rest is remembered: as many as a lane has on their way. One that was given
up leaves its rest behind until others come."""


class Parameters(Struct, frozen=True):
    """What helps against an error: `retry_after` in seconds, or the chat's new number."""

    retry_after: float | None = None
    migrate_to_chat_id: int | None = None


class Reply(Struct, frozen=True):
    """What the Bot API answers."""

    ok: bool = False
    description: str = ""
    parameters: Parameters = field(default_factory=Parameters)


class TelegramSender:
    """The way to one chat."""

    def __init__(
        self,
        channel: Telegram,
        client: httpx.AsyncClient,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`wall` is Unix time, which `3 minutes ago` counts from."""
        self._channel = channel
        self._client = client
        self._wall = wall
        self._begun: dict[str, list[Piece]] = {}  # what is left of messages, by their ids

    async def send(self, message: Message) -> None:
        """Send a message, in several pieces if it is long.

        If one of these is not taken, a repeat goes on with it, in the words of the first attempt:
        cut anew, pieces could overlap. After a restart it begins anew.

        Raises:
            TransportError: It was not taken.
        """
        with deadline(self._channel.timeout):
            left = self._begun.get(message.id) or pieces(self._words(message))
            while left:
                await self._send(left[0])
                left = left[1:]
                self._remember(message.id, left)

    def _words(self, message: Message) -> Words:
        return word(message, self._wall(), self._channel.timezone)

    def _remember(self, name: str, left: list[Piece]) -> None:
        self._begun.pop(name, None)
        if left:
            self._begun[name] = left
        while len(self._begun) > MOST_BEGUN:
            del self._begun[next(iter(self._begun))]

    async def _send(self, piece: Piece) -> None:
        answer, reply = await self._call(piece.markdown, parse_mode="MarkdownV2")
        if answer.status == 400 and BAD_MARKUP in reply.description:
            answer, reply = await self._call(piece.plain)
        if not (answer.taken and reply.ok):
            raise self._refused(answer, reply)

    async def _call(
        self, text: str, parse_mode: Literal["MarkdownV2"] | None = None
    ) -> tuple[Answer, Reply]:
        asked: dict[str, Any] = {
            "chat_id": self._channel.chat_id,
            "text": text,
            "link_preview_options": {"is_disabled": True},  # a name like "example.org" has none
        }
        if self._channel.message_thread_id is not None:
            asked["message_thread_id"] = self._channel.message_thread_id
        if parse_mode:
            asked["parse_mode"] = parse_mode
        base = self._channel.api_base.rstrip("/")
        url = f"{base}/bot{reveal(self._channel.token)}/sendMessage"
        body = msgspec.json.encode(asked)
        answer = await post(self._client, url, body, {"Content-Type": "application/json"})
        return answer, _reply(answer)

    def _refused(self, answer: Answer, reply: Reply) -> TransportError:
        if new := reply.parameters.migrate_to_chat_id:
            return TransportError(f"the chat_id of this group is now {new}", permanent=True)
        remark = remark_of(reply.description.replace(reveal(self._channel.token), "…"))
        error = refusal(answer, remark)
        wait = reply.parameters.retry_after
        if wait is not None:
            error.retry_after = min(max(0.0, wait), LONGEST_WAIT)
        error.permanent |= answer.status == 400 and any(g in reply.description for g in GONE)
        return error


def _reply(answer: Answer) -> Reply:
    """What it says; nothing, where something else answers in the place of a Bot API server."""
    try:
        return msgspec.json.decode(answer.body, type=Reply)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Reply()
