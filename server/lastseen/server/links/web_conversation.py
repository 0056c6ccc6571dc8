"""What WebSockets add to a conversation: a heartbeat from our side, and a bound on its pace.

A pong shows that the link lives, and so does its client. But a page's browser answers pings even
while the page hangs: of a page only what it says itself is a sign of its life.
"""

from lastseen.server import logs
from lastseen.server.links.connection import Connection
from lastseen.server.links.conversation import Conversation, come_back_later
from lastseen.server.links.desk import Desk
from lastseen.server.links.heartbeat import Heartbeat
from lastseen.server.links.websocket import PING
from lastseen.server.presence.model import Moment, Session
from lastseen.shared.errors import WireError
from lastseen.shared.messages import Error, Goodbye, Ping, Register, ToServer, Via

MOST_FRAMES, WINDOW = 2_000, 10.0
"""Frames that a peer may send in so many seconds: far more than a busy page has to say, and a
hundredth of what one core can read."""

log = logs.get_logger()


class WebConversation(Conversation):
    """One WebSocket's side of the protocol.

    Attributes:
        unanswered: How often it was asked whether it lives since it last showed it.
    """

    __slots__ = (
        "_frames",
        "_heard_at",
        "_heartbeat",
        "_is_page",
        "_slot",
        "_window_began",
        "unanswered",
    )

    via: Via = "websocket"

    def __init__(self, connection: Connection, desk: Desk, heartbeat: Heartbeat) -> None:
        super().__init__(connection, desk)
        self.unanswered = 0
        self._heartbeat = heartbeat
        self._slot: int | None = None  # at the heartbeat's wheel, once the handshake is over
        self._is_page = False
        self._heard_at = self._window_began = desk.presence.clock.now().awake
        self._frames = 0

    # --- the connection's side ----------------------------------------------------------------

    def handle(self, message: ToServer | WireError, now: Moment) -> bool:
        """Act upon a message. True if it was costly: others should have a turn before the next."""
        if type(message) is not Ping and not self._may_speak(now):
            return False
        if type(message) is Register and self._session is None:
            self._is_page = message.page
        return super().handle(message, now)

    def pinged(self, now: Moment) -> None:
        """Answer a ping."""
        if self._may_speak(now):
            Conversation.pinged(self, now)  # super() takes a tenth of a microsecond more

    def lives(self, now: Moment) -> None:
        """The link lives, though no message came."""
        if self._slot is None:  # the first that is ever heard: the handshake is over
            self._slot = self._heartbeat.join(self)
        if self._may_speak(now) and self._session is not None and not self._is_page:
            self._desk.presence.heard(self._session, now)

    # --- the heartbeat's side -----------------------------------------------------------------

    def ask(self) -> None:
        """Ask whether it lives."""
        self.unanswered += 1
        self._connection.send_encoded(PING)

    def has_unread(self) -> bool:
        """Whether bytes of the peer lie unread in our own buffers."""
        return self._connection.has_unread()

    def give_up(self, now: Moment) -> None:
        """It does not answer: close it."""
        log.info(
            "heartbeat timeout",
            address=self._connection.address,
            client_id=None if self._session is None else self._session.client.client_id,
            silence=round(now.awake - self._heard_at, 1),
            unanswered=self.unanswered,
        )
        self._connection.dismiss(Goodbye("timeout", reconnect=True))

    def crashed(self) -> None:
        """Asking it raised: end it."""
        self._connection.crashed()

    # --- within -------------------------------------------------------------------------------

    def _may_speak(self, now: Moment) -> bool:
        """Note that the link lives. False if it was dismissed for talking too fast."""
        self.unanswered = 0
        self._heard_at = now.awake
        if now.awake - self._window_began >= WINDOW:
            self._window_began = now.awake
            self._frames = 0
        self._frames += 1
        if self._frames <= MOST_FRAMES:
            return True
        sentence = f"more than {MOST_FRAMES} frames in {WINDOW:g} s"
        later = come_back_later()
        log.info("too fast", address=self._connection.address, why=sentence)
        self._connection.send(Error("too_fast", sentence, later))
        self._connection.dismiss(Goodbye("too_fast", reconnect=True, retry_after=later))
        return False

    def _silence(self, _session: Session, now: Moment) -> float:
        """See `Conversation`; pongs count, too."""
        return now.awake - self._heard_at

    def _longest_silence(self) -> float:
        """See `Conversation`; the server pings, too."""
        asked = self._desk.steering.config.websocket.ping_interval
        heartbeat_interval = super()._longest_silence()
        return min(asked, heartbeat_interval) if asked > 0 else heartbeat_interval

    def _end(self, now: Moment, *, broken: bool) -> None:
        if self._slot is not None:
            self._heartbeat.leave(self, self._slot)
        super()._end(now, broken=broken)
