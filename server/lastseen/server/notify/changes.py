"""How often clients came and went of late, as each channel counts it. Pure."""

from collections import deque
from collections.abc import Mapping

from lastseen.server.config.sections.channels import Channel

SWEEP = 60.0
"""Seconds between two looks for clients that have been steady for long."""

Key = tuple[str, str]
"""A channel and a client_id."""


class Changes:
    """Counts."""

    def __init__(self) -> None:
        self._times: dict[Key, deque[float]] = {}
        self._swept_at = 0.0

    def __len__(self) -> int:
        return len(self._times)

    def count(self, key: Key, channel: Channel, now: float) -> int:
        """How often a client came or went within the channel's window, this time included; 0 where
        the channel does not care.
        """
        if not channel.flap_threshold:
            return 0
        times = self._times.setdefault(key, deque())
        times.append(now)
        while times[0] <= now - channel.flap_window:
            times.popleft()
        while len(times) > channel.flap_threshold:
            times.popleft()
        return len(times)

    def forget(self, channels: Mapping[str, Channel], now: float) -> None:
        """Once in a while: of most clients there is one change, and then none for long."""
        if now - self._swept_at < SWEEP:
            return
        self._swept_at = now
        windows = {name: channel.flap_window for name, channel in channels.items()}
        for key, times in list(self._times.items()):
            if times[-1] <= now - windows.get(key[0], 0):
                del self._times[key]
