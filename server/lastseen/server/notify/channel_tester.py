"""Test messages: one message about a client that does not exist, sent through one channel."""

import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import trio

from lastseen.server import logs
from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.lanes import Senders
from lastseen.server.notify.notice import ClientNotice, Item, Message
from lastseen.server.notify.sending import Sender
from lastseen.shared.messages import ClientRecord, Error

TEST_CLIENT = "lastseen-notify-test"
"""The client_id in a test message. No client has it, so no receiver confuses it with a real one."""

CLOSING = 1.0
"""Seconds that closing a test's connections may take, also when the request was cancelled."""

log = logs.get_logger()


def new_test_message(now: float) -> Message:
    """Return a message that says TEST; `now` is Unix time in seconds."""
    moment = datetime.fromtimestamp(now, UTC)
    client = ClientRecord(
        client_id=TEST_CLIENT,
        status="offline",
        reason="left",
        since=moment,
        last_seen=moment,
        name="TEST of notifications: nobody",
        meta={"description": "This is a test of a lastseen channel."},
    )
    name = f"msg_test_{secrets.token_hex(12)}"
    return Message(name, (Item(name, "offline", ClientNotice(client, now, now, 0.0)),))


class ChannelTester:
    """Sends test messages on request, through the channels of the current settings.

    A test uses a connection of its own. It changes neither the outbox nor the channel's state.
    """

    def __init__(
        self,
        channels: Callable[[], Sequence[Channel]],
        senders: Senders,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`wall` returns Unix time in seconds."""
        self._channels = channels
        self._senders = senders
        self._wall = wall
        self._under_test: set[str] = set()

    async def test(self, name: str, by: str = "") -> Error | None:
        """Send a test message through the channel `name`, within the channel's timeout.

        Returns None if the receiver accepted the message. Otherwise returns an error with the code
        `delivery_failed`, `unknown_channel`, `channel_disabled`, or `busy` while another test of
        the same channel runs. `by` is the address of the peer that asked, for the log.
        """
        channel = next((c for c in self._channels() if c.name == name), None)
        if channel is None:
            return Error("unknown_channel", f"the settings have no channel {name!r}")
        if not channel.enabled:
            sentence = f"the settings have channel {name!r} off (enabled = false)"
            return Error("channel_disabled", sentence)
        if name in self._under_test:
            return Error("busy", f"a test of channel {name!r} is running already", 1.0)
        self._under_test.add(name)
        try:
            why = await self._send(channel)
        finally:
            self._under_test.discard(name)
        log.info("channel tested", channel=name, delivered=why is None, error=why or "", by=by)
        return None if why is None else Error("delivery_failed", why)

    async def _send(self, channel: Channel) -> str | None:
        sender: Sender = self._senders.make(channel)
        try:
            await sender.send(new_test_message(self._wall()))
        except TransportError as error:
            return str(error)
        except Exception as error:  # a library's own fault is a failed test, not a failed server
            log.exception("sending crashed", channel=channel.name)
            return f"crashed: {type(error).__name__}"
        finally:
            with trio.move_on_after(CLOSING, shield=True):
                await self._senders.close(sender)
        return None
