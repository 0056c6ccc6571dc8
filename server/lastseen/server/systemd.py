"""What systemd is told: ready, reloading, stopping, and that the loop turns (see sd_notify(3)).

Without systemd (no NOTIFY_SOCKET) everything here does nothing. A message that cannot be
delivered is logged and never stops the server.
"""

import os
import re
import socket
import time
from collections.abc import Mapping

import trio

from lastseen.server import logs

log = logs.get_logger()

_MICROSECONDS = re.compile(r"[1-9][0-9]{0,17}")


class ServiceManager:
    """The service manager's ear.

    Attributes:
        watchdog_interval: Seconds between two signs of life: half of what systemd grants, so that
            one may be late. None where it does not ask for any.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.watchdog_interval = _watchdog_interval(environ) if self._address else None

    def ready(self, status: str = "") -> None:
        """The server listens, or a reload is over. `status` is for `systemctl status`."""
        self._send("READY=1", *_status(status))

    def reloading(self) -> None:
        """A reload begins; `ready` says that it is over."""
        now = (
            time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        )  # of this clock, says sd_notify(3)
        self._send("RELOADING=1", f"MONOTONIC_USEC={now}")

    def stopping(self, status: str = "") -> None:
        """The shutdown begins."""
        self._send("STOPPING=1", *_status(status))

    async def watchdog(self) -> None:
        """Show signs of life until cancelled. A task of trio: a loop that is stuck shows none."""
        if self.watchdog_interval is None:
            return
        while True:
            self._send("WATCHDOG=1")
            await trio.sleep(self.watchdog_interval)

    def _send(self, *assignments: str) -> None:
        if not self._address:
            return
        message = "\n".join(assignments)
        # An abstract socket has an @ in the environment where the kernel wants a zero byte.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.setblocking(False)  # a deaf manager must not stop the event loop
                channel.sendto(message.encode(errors="replace"), os.fsencode(address))
        except (OSError, ValueError) as error:  # ValueError: no valid path
            log.warning("systemd could not be told", message=message, error=str(error))


def _status(text: str) -> list[str]:
    """Its line ends removed: a line of its own would be another assignment."""
    return [f"STATUS={' '.join(text.split())}"] if text else []


def _watchdog_interval(environ: Mapping[str, str]) -> float | None:
    """Half of WATCHDOG_USEC, where that is meant for this process."""
    granted, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not granted or (pid and pid != str(os.getpid())):
        return None
    if not _MICROSECONDS.fullmatch(granted):
        log.warning("the watchdog is off: WATCHDOG_USEC is no number above 0", value=granted)
        return None
    return int(granted) / 1e6 / 2
