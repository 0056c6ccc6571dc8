"""The lanes of all channels that are enabled: begun, exchanged and ended as the settings say."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import msgspec
import trio

from lastseen.server import logs
from lastseen.server.config.secret import reveal
from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.lane import Lane
from lastseen.server.notify.sending import Sender
from lastseen.server.notify.taking import Supply
from lastseen.server.notify.tally import Tally
from lastseen.server.store.telling import BrokenChannel

log = logs.get_logger()

_encoder = msgspec.json.Encoder(enc_hook=reveal)


class Senders(Protocol):
    """Makes the ways to channels."""

    def make(self, channel: Channel) -> Sender:
        """The way to one."""

    async def close(self, sender: Sender) -> None:
        """Nothing more is sent this way."""


class Lanes:
    """A lane for each channel."""

    def __init__(
        self,
        channels: Iterable[Channel],
        senders: Senders,
        supply: Supply,
        chance: Callable[[], float],
    ) -> None:
        """`chance` gives numbers from 0 to 1, for the pauses between attempts."""
        self._channels = tuple(channels)
        self._senders = senders
        self._supply = supply
        self._chance = chance
        self._tallies: dict[str, Tally] = {}
        self._lanes: dict[str, Lane] = {}
        self._ending: dict[str, Lane] = {}  # what they have on its way may arrive yet
        self._stopping = trio.Event()
        self._nursery: trio.Nursery | None = None

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    def tally(self, name: str) -> Tally:
        """What a channel sent in this run. It survives `enable`, other settings and a time in which
        the channel is off or not in the settings.
        """
        return self._tallies.setdefault(name, Tally())

    async def run(self, broken: Iterable[BrokenChannel]) -> None:
        """Send, until stopped and what was on its way then has arrived.

        Args:
            broken: Channels that refused for good in an earlier run. One with other settings than
                then is tried again.
        """
        refused = {channel.channel: channel for channel in broken}
        async with trio.open_nursery() as self._nursery:
            for channel in self._channels:
                self._begin(channel, refused.get(channel.name))
            await self._stopping.wait()
        self._nursery = None

    def follow(self, channels: Iterable[Channel]) -> None:
        """Send to these from now on."""
        self._channels = tuple(channels)
        for name in self._lanes.keys() - {channel.name for channel in self._channels}:
            self._ending[name] = self._lanes.pop(name)
            self._ending[name].stop()
        for channel in self._channels:
            lane = self._lanes.get(channel.name)
            if lane is None or lane.digest != digest_of(channel):
                self._begin(channel)

    def wake(self, names: Iterable[str]) -> None:
        """There may be something to send by the channels of these names."""
        for name in names:
            if name in self._lanes:
                self._lanes[name].wake()

    def retry(self, name: str) -> None:
        """Somebody wants something that is due by a channel to be tried now."""
        if name in self._lanes:
            self._lanes[name].retry()

    def enable(self, name: str) -> None:
        """Try a channel again now, even if it refused for good."""
        lane = self._lanes.get(name)
        if lane is not None and lane.broken:
            self._begin(lane.channel)
        elif lane is not None:
            lane.hurry()

    async def ended(self, name: str) -> None:
        """Wait until nothing is on its way any more by a channel that was left out."""
        if name in self._ending:
            await self._ending[name].stopped.wait()

    def stop(self) -> None:
        """Have `run` end."""
        self._stopping.set()
        for lane in self:
            lane.stop()

    def _begin(self, channel: Channel, refused: BrokenChannel | None = None) -> None:
        """Have a lane send by a channel, after the one before, if there is one, has ended."""
        if self._nursery is None or self._stopping.is_set():
            return
        digest = digest_of(channel)
        sender = self._senders.make(channel)
        tally = self.tally(channel.name)
        lane = Lane(channel, digest, sender, self._supply, self._chance, tally)
        if refused is not None and refused.settings == digest:
            lane.begin_broken(refused)
        before = self._lanes.get(channel.name) or self._ending.pop(channel.name, None)
        self._lanes[channel.name] = lane
        self._nursery.start_soon(self._run_after, lane, sender, before)

    async def _run_after(self, lane: Lane, sender: Sender, before: Lane | None) -> None:
        if before is not None:
            before.stop()
            await before.stopped.wait()
        await lane.run()
        try:
            await self._senders.close(sender)
        except Exception:  # a fault in one must not end the others, nor presence
            log.exception("closing crashed", channel=lane.channel.name)


def digest_of(channel: Channel) -> str:
    """What changes with any of a channel's settings, secrets included, and tells none of them."""
    return hashlib.sha256(_encoder.encode(channel)).hexdigest()
