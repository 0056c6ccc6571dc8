"""Test messages: one goes through the channel that was named, and each way to fail has a code."""

from typing import Any

import pytest
import trio

from lastseen.server.config.sections.notify import Command
from lastseen.server.notify.channel_tester import TEST_CLIENT, ChannelTester
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.notice import Message

CHANNELS = [
    Command(name="ops", argv=("true",)),
    Command(name="later", argv=("true",), enabled=False),
]


class Way:
    """A sender that keeps messages, or fails with `error`, once `gate` is open."""

    def __init__(self, error: Exception | None, gate: trio.Event) -> None:
        self.sent: list[Message] = []
        self._error = error
        self._gate = gate

    async def send(self, message: Message) -> None:
        await self._gate.wait()
        if self._error is not None:
            raise self._error
        self.sent.append(message)


class Ways:
    """Makes senders.

    Attributes:
        made: All of them.
        open: Those that are not closed.
    """

    def __init__(self, error: Exception | None = None) -> None:
        self.made: list[Way] = []
        self.open: list[Any] = []
        self.gate = trio.Event()
        self.gate.set()
        self._error = error

    def make(self, channel: Any) -> Way:
        assert channel.name == "ops"
        self.made.append(Way(self._error, self.gate))
        self.open.append(self.made[-1])
        return self.made[-1]

    async def close(self, sender: Any) -> None:
        await trio.lowlevel.checkpoint()
        self.open.remove(sender)


def new_tester(ways: Ways) -> ChannelTester:
    return ChannelTester(lambda: CHANNELS, ways, lambda: 1_800_000_000.0)


async def test_a_test_sends_one_message_about_a_client_that_does_not_exist():
    ways = Ways()
    assert await new_tester(ways).test("ops") is None
    [message] = ways.made[0].sent
    [item] = message.items
    assert item.notice.client.client_id == TEST_CLIENT  # type: ignore[union-attr]  # of a client
    assert ways.open == []


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (TransportError("HTTP 410", permanent=True), "HTTP 410"),
        (ZeroDivisionError("of a library"), "crashed: ZeroDivisionError"),
    ],
)
async def test_a_message_that_was_not_accepted_says_why(error: Exception, sentence: str):
    ways = Ways(error)
    failed = await new_tester(ways).test("ops")
    assert failed is not None
    assert (failed.code, failed.message) == ("delivery_failed", sentence)
    assert ways.open == []


@pytest.mark.parametrize(
    ("name", "code"), [("nobody", "unknown_channel"), ("later", "channel_disabled")]
)
async def test_a_channel_that_cannot_send_is_refused(name: str, code: str):
    ways = Ways()
    refused = await new_tester(ways).test(name)
    assert refused is not None
    assert refused.code == code
    assert ways.made == []


async def test_a_second_test_of_a_channel_waits_for_the_first_and_a_cancelled_one_closes():
    ways = Ways()
    ways.gate = trio.Event()
    testing = new_tester(ways)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(testing.test, "ops")
        await trio.testing.wait_all_tasks_blocked()
        refused = await testing.test("ops")
        assert refused is not None
        assert refused.code == "busy"
        nursery.cancel_scope.cancel()
    assert ways.open == []
    ways.gate.set()
    assert await testing.test("ops") is None
