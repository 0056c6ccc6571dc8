"""What leaves for the LAN: at once or after a while, and what is made of it when it cannot."""

import trio
from msgspec import Struct

from lastseen.server import logs
from lastseen.shared.lan.conduct import Letter
from lastseen.shared.lan.post import Post, Sent

log = logs.get_logger()


class Mail(Struct):
    """Sends letters.

    Attributes:
        sent: Datagrams that left.
        failed: Times that the system would not send.
    """

    post: Post
    nursery: trio.Nursery | None = None
    sent: int = 0
    failed: int = 0
    _waiting: set[Sent] = set()
    _outage: str | None = None

    def send(self, letter: Letter) -> bool:
        """Send now; whether it left. An outage is told once, and once more when it is over."""
        try:
            self.sent += self._leave(letter)
        except OSError as error:
            self.failed += 1
            if letter.to is None:
                self._tell_outage(error)
            return False
        if letter.to is None:
            self._tell_end_of_outage()
        return True

    def answer(self, letter: Letter) -> None:
        """Send when its delay is over; one that waits for the same member already will do."""
        if not letter.delay or letter.to is None or self.nursery is None:
            self.send(letter)
        elif letter.to not in self._waiting:
            self._waiting.add(letter.to)
            self.nursery.start_soon(self._send_later, letter, letter.to)

    async def _send_later(self, letter: Letter, to: Sent) -> None:
        await trio.sleep(letter.delay)
        self._waiting.remove(to)
        self.send(letter)

    def _leave(self, letter: Letter) -> int:
        if letter.to is None:
            return self.post.send_to_all(letter.data)
        self.post.send(letter.data, letter.to)
        return 1

    def _tell_outage(self, error: OSError) -> None:
        reason = (error.strerror or str(error)).lower()
        if reason != self._outage:
            self._outage = reason
            log.warning("cannot announce on the LAN now", reason=reason)

    def _tell_end_of_outage(self) -> None:
        if self._outage is not None:
            self._outage = None
            log.info("announcing on the LAN again")
