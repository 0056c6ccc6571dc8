"""The ways to channels: what each holds is its own, and goes with it."""

import re
from typing import Any

import pytest
import trio

from lastseen.server.config.sections.notify import Command, Telegram, Webhook
from lastseen.server.notify.senders import Senders

PATIENCE = 30.0
"""Seconds for what takes milliseconds: only a fault reaches it."""


class Receiver:
    """Takes whatever it is sent, and keeps connections open.

    Attributes:
        links: How many are open.
    """

    def __init__(self) -> None:
        self.links = 0
        self.port = 0
        self._changed = trio.Event()

    async def serve(self, stream: trio.SocketStream) -> None:
        self._count(1)
        request = b""
        while part := await stream.receive_some():
            request += part
            head, _, body = request.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head.lower())
            if length is None or len(body) < int(length[1]):
                continue
            request = b""
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        self._count(-1)

    def _count(self, more: int) -> None:
        self.links += more
        self._changed.set()
        self._changed = trio.Event()

    async def has_links(self, number: int) -> None:
        with trio.fail_after(PATIENCE):
            while self.links != number:
                await self._changed.wait()


@pytest.fixture
async def receiver(nursery: trio.Nursery) -> Receiver:
    receiver = Receiver()
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    receiver.port = listener.socket.getsockname()[1]
    nursery.start_soon(trio.serve_listeners, receiver.serve, [listener])
    return receiver


async def test_a_way_that_is_closed_leaves_no_connection_and_takes_none_of_another(
    receiver: Receiver, make_message: Any
):
    senders = Senders()
    url = f"http://127.0.0.1:{receiver.port}/"
    first, second = (senders.make(Webhook(name="a", url=url)) for _ in range(2))
    for sender in (first, second):
        await sender.send(make_message())
    await receiver.has_links(2)
    await senders.close(first)
    await receiver.has_links(1)
    await second.send(make_message())
    await senders.close(second)
    await receiver.has_links(0)


async def test_nothing_is_left_of_a_way_of_any_kind_and_closing_twice_is_fine():
    senders = Senders()
    for channel in (
        Webhook(name="a", url="http://x"),
        Telegram(name="b", token="1:a", chat_id=1),  # noqa: S106 - nobody's
        Command(name="c", argv=("true",)),
    ):
        sender = senders.make(channel)
        for _ in range(2):
            await senders.close(sender)
    assert senders._clients == {}
