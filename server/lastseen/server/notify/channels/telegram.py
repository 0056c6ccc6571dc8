"""A chat of Telegram, by its Bot API: https://core.telegram.org/bots/api#sendmessage."""

import time
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
from lastseen.server.notify.wording import word

GONE = ("chat not found", "bot was kicked", "bot was blocked", "user is deactivated", "deactivated")
"""Parts of descriptions: no message will ever reach this chat as things are."""

BAD_MARKUP = "can't parse entities"
"""Ours escapes all there is to escape; a server of another version might want more."""


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

    def __init__(self, channel: Telegram, client: httpx.AsyncClient) -> None:
        self._channel = channel
        self._client = client
        self._begun: dict[str, int] = {}  # of messages in several pieces: how many were taken

    async def send(self, message: Message) -> None:
        """Send a message, in several pieces if it is long.

        If one of these is not taken, a repeat goes on with it; after a restart it begins anew.

        Raises:
            TransportError: It was not taken.
        """
        with deadline(self._channel.timeout):
            done = self._begun.pop(message.id, 0)
            for place, piece in enumerate(pieces(word(message, time.time()))):
                if place < done:
                    continue
                try:
                    await self._send(piece)
                except BaseException:  # a deadline that has passed, too
                    self._begun = {message.id: place}
                    raise

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
