"""What each message does on one link, and whether the sender may."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar, TypeVar, get_args

from lastseen.server import logs
from lastseen.server.change_log import log_change
from lastseen.server.errors import ConfigError
from lastseen.server.links.connection import Connection
from lastseen.server.links.desk import Asker, Desk
from lastseen.server.links.frames import FATAL
from lastseen.server.links.roles import Ended
from lastseen.server.presence.admission import RegistrationRefused
from lastseen.server.presence.model import OVER, Moment, Registration, Session
from lastseen.server.presence.refusals import too_many_watchers
from lastseen.shared.errors import WireError
from lastseen.shared.messages import (
    PROTOCOL,
    Answer,
    Error,
    Forget,
    GetHistory,
    GetSettings,
    GetStats,
    GetUptime,
    Goodbye,
    Leave,
    List,
    Message,
    NotifyQuestion,
    Ping,
    Question,
    Register,
    Registered,
    Request,
    SetAvailability,
    ToServer,
    UpdateSettings,
    Via,
    Watch,
)

RETRY_WHEN_FULL = 30.0
"""Seconds after which a refused client may try again, at the earliest, and within as much again:
long enough not to be a load, and spread so that those refused together do not return together."""

ASKED_AT_ONCE = 8
"""Questions to the store that one link may have open: each holds a worker thread for a while."""

Q = TypeVar("Q", bound=Request)

log = logs.get_logger()


class Conversation:
    """One link's side of the protocol.

    A link is a stranger until it says something, then an observer; when it registers it has a
    session.
    """

    __slots__ = ("_asked", "_connection", "_desk", "_session")

    via: Via = "tcp"

    def __init__(self, connection: Connection, desk: Desk) -> None:
        self._connection = connection
        self._desk = desk
        self._session: Session | None = None
        self._asked = 0

    # --- the connection's side ----------------------------------------------------------------

    def handle(self, message: ToServer | WireError, now: Moment) -> bool:
        """Act upon a message. True if it was costly: others should have a turn before the next."""
        if type(message) is Ping:
            self.pinged(now)
            return False
        if self._session is not None:
            self._desk.presence.heard(self._session, now)
        elif type(message) is not Register and not self._may_observe(now):
            return False
        if isinstance(message, WireError):
            self._refuse_unreadable(message)
            return True
        principal = self._connection.principal
        if not principal.may(message):
            self._refuse(message, "forbidden", principal.lacks(message))
            return False
        self._actions[type(message)](self, message, now)
        return type(message) in _COSTLY

    def pinged(self, now: Moment) -> None:
        """Answer a ping."""
        presence = self._desk.presence
        if self._session is not None:
            presence.heard(self._session, now)
        elif not self._may_observe(now):
            return
        presence.counts.pings += 1
        self._connection.send_pong()

    def lives(self, now: Moment) -> None:
        """The link lives, though no message came."""

    def idle(self) -> None:
        """All that was sent has left."""
        self._desk.presence.watchers.advance(self._connection)

    def dismissed(self, goodbye: Goodbye) -> None:
        """The server has said goodbye."""
        now = self._desk.presence.clock.now()
        if goodbye.reason == "slow":
            self._desk.presence.counts.slow_closes += 1
        self._end(now, broken=goodbye.reason != "shutdown")
        self._desk.doorkeeper.leaving(self._connection, now.awake)
        log.debug("connection dismissed", address=self._connection.address, reason=goodbye.reason)

    def ended(self, end: Ended, now: Moment) -> None:
        """The link has ended at the level of the wire protocol."""
        if end.refusal:
            log.info("not let in", address=self._connection.address, why=end.refusal)
        if end.left and self._session is not None:
            self._desk.presence.leave(self._session, now)
            self._session = None
        self._end(now, broken=True)
        self._desk.doorkeeper.leaving(self._connection, now.awake)

    def closed(self) -> None:
        """The link is gone."""
        now = self._desk.presence.clock.now()
        if self._session is not None and self._session.state is not OVER:
            self._desk.idle_cuts.ended(
                _client_of(self._session),
                self._connection.address,
                self._silence(self._session, now),
                self._longest_silence(),
                now,
            )
        self._end(now, broken=True)
        self._desk.doorkeeper.gone(self._connection)

    # --- each message -------------------------------------------------------------------------

    def _register(self, message: Register, now: Moment) -> None:
        if self._session is not None:
            registered_as = self._session.client.client_id
            self._refuse(
                message, "already_registered", f"this link is registered as {registered_as!r}"
            )
            return
        if message.protocol != PROTOCOL:
            sentence = f"register: protocol: expected {PROTOCOL}, got {message.protocol}"
            self._refuse_for_good(message, "unsupported_protocol", sentence)
            return
        doorkeeper = self._desk.doorkeeper
        may_share = doorkeeper.others < self._desk.limits().others
        registration = Registration(message, self.via, self._connection.address, may_share)
        try:
            self._session = self._desk.presence.register(registration, self._connection, now)
        except RegistrationRefused as refusal:
            self._refuse_registration(message, refusal, now)
            return
        self._desk.delayed.remove(self._connection)
        shares = self._session.client.live_sessions > 1
        doorkeeper.registered(self._connection, shares=shares)
        self._connection.trust()
        self._connection.send(self._registered(message, self._session))
        cut = self._desk.idle_cuts.returned(_client_of(self._session), now)
        if cut is not None:
            log.warning(
                "idle connections are cut",
                after=cut.after,
                heartbeat_interval=self._desk.presence.policy.heartbeat_interval,
                address=cut.address,
                client_id=cut.client_id,
                hint="raise the idle timeout of the proxy or router there, or lower"
                " heartbeat_interval: docs/idle-timeouts.md",
            )

    def _registered(self, message: Register, session: Session) -> Registered:
        presence = self._desk.presence
        return Registered(
            client_id=message.client_id,
            session=f"{presence.epoch}-{presence.registry.sessions_begun}",
            heartbeat_interval=presence.policy.heartbeat_interval,
            connection_timeout=presence.policy.connection_timeout,
            server_time=datetime.fromtimestamp(session.last_ping.wall, UTC),
            epoch=presence.epoch,
            revision=presence.journal.revision,
            request_id=message.request_id,
        )

    def _set_availability(self, message: SetAvailability, _now: Moment) -> None:
        if self._session is None:
            self._refuse(message, "not_registered", "register before set_availability")
            return
        self._desk.presence.set_availability(self._session, message.availability, message.note)

    def _leave(self, _message: Leave, now: Moment) -> None:
        if self._session is not None:
            self._desk.presence.leave(self._session, now)
            self._session = None
        self._connection.dismiss(Goodbye("left", reconnect=False))

    def _list(self, message: List, now: Moment) -> None:
        if message.status in ("offline", "all") and self._desk.archive is not None:
            self._ask(message, now)
        else:
            self._connection.send(self._desk.presence.list(message))

    def _watch(self, message: Watch, _now: Moment) -> None:
        watchers = self._desk.presence.watchers
        most = self._desk.steering.config.server.max_watchers
        if len(watchers) >= most and self._connection not in watchers:
            code, sentence = too_many_watchers(most)
            self._desk.presence.refuse(code, sentence, address=self._connection.address)
            later = come_back_later()
            self._connection.send(Error(code, sentence, later, request_id=message.request_id))
            return
        if self._session is None:
            self._desk.doorkeeper.watches(self._connection)
        watchers.add(self._connection, message)

    def _get_settings(self, message: GetSettings, _now: Moment) -> None:
        self._connection.send(self._desk.steering.settings(message.request_id))

    def _update_settings(self, message: UpdateSettings, _now: Moment) -> None:
        steering = self._desk.steering
        intervals = {
            "heartbeat_interval": message.heartbeat_interval,
            "connection_timeout": message.connection_timeout,
        }
        wanted: dict[str, object] = dict.fromkeys(steering.changed) if message.reset else {}
        wanted |= message.values
        wanted |= {name: value for name, value in intervals.items() if value is not None}
        before = steering.settings()
        try:
            steering.change(wanted, by=self._connection.address)
        except ConfigError as error:
            self._refuse(message, "bad_settings", str(error))
            return
        if steering.settings() != before:
            steering.answered.add(self._connection)
        self._connection.send(steering.settings(message.request_id))

    def _get_stats(self, message: GetStats, _now: Moment) -> None:
        self._connection.send(self._desk.stats(message.request_id))

    def _ask(self, question: Question, _now: Moment) -> None:
        """Put a question about the past; the answer comes when it comes."""
        self._put(question, self._desk.archive)

    def _ask_of_telling(self, question: NotifyQuestion, _now: Moment) -> None:
        """Put a question about notifications; the answer comes when it comes."""
        self._put(question, self._desk.telling)

    def _put(self, question: Q, asker: Asker[Q] | None) -> None:
        if asker is None:
            sentence = 'this server remembers nothing (store.url is "none")'
            self._refuse(question, "no_store", sentence)
        elif self._asked == ASKED_AT_ONCE:
            sentence = f"{self._asked} questions of this link are being answered: wait for one"
            self._refuse(question, "busy", sentence)
        else:
            self._asked += 1
            asker.ask(question, self._answered, self._connection.is_open)

    def _answered(self, answer: Answer) -> None:
        self._asked -= 1
        log_change(answer, self._connection.address)
        self._connection.send(answer)

    # --- refusals -----------------------------------------------------------------------------

    def _refuse(self, message: Message, code: str, sentence: str) -> None:
        request_id = getattr(message, "request_id", None)
        self._connection.send(Error(code, sentence, request_id=request_id))

    def _refuse_for_good(self, message: Message, code: str, sentence: str) -> None:
        self._refuse(message, code, sentence)
        self._connection.dismiss(Goodbye(code, reconnect=False))

    def _refuse_registration(
        self, message: Register, refusal: RegistrationRefused, now: Moment
    ) -> None:
        if refusal.code == "id_contested":
            refuse = partial(self._refuse_contested, message, refusal)
            self._desk.delayed.add(self._connection, refuse, now.awake)
            return
        if refusal.code in _FULL:
            self._send_away(refusal.code, str(refusal), message.request_id)
        else:
            self._refuse_for_good(message, refusal.code, str(refusal))

    def _send_away(self, code: str, sentence: str, request_id: int | None = None) -> None:
        """Refuse a peer that may come back later."""
        later = come_back_later()
        self._connection.send(Error(code, sentence, later, request_id=request_id))
        self._connection.dismiss(Goodbye(code, reconnect=True, retry_after=later))

    def _refuse_contested(self, message: Register, refusal: RegistrationRefused) -> None:
        """Refuse a registration that may succeed a while later."""
        code, later = refusal.code, refusal.retry_after
        self._connection.send(Error(code, str(refusal), later, request_id=message.request_id))
        self._connection.dismiss(Goodbye(code, reconnect=True, retry_after=later))

    def _refuse_unreadable(self, error: WireError) -> None:
        self._connection.send(Error(error.code, str(error), request_id=error.request_id))
        if isinstance(error, FATAL):
            log.info(
                "not our protocol",
                address=self._connection.address,
                code=error.code,
                why=str(error),
            )
            self._connection.dismiss(Goodbye(error.code, reconnect=False))

    # --- within -------------------------------------------------------------------------------

    def _may_observe(self, now: Moment) -> bool:
        """Note that an observer is heard. False if it is refused: the rest is for clients."""
        limits, doorkeeper = self._desk.limits(), self._desk.doorkeeper
        if doorkeeper.heard(self._connection, now.awake, limits.others):
            return True
        code = "too_many_connections"
        sentence = (
            f"the server has no room for another connection that registers no client:"
            f" {doorkeeper.others} are open, and the rest is kept for clients ({limits.cause})"
        )
        self._desk.presence.refuse(code, sentence, address=self._connection.address)
        self._send_away(code, sentence)
        return False

    def _silence(self, session: Session, now: Moment) -> float:
        """Return for how many seconds nothing came by this connection."""
        return now.awake - session.last_ping.awake

    def _longest_silence(self) -> float:
        """Return how many seconds may pass until something comes by this connection."""
        return self._desk.presence.policy.heartbeat_interval

    def _end(self, now: Moment, *, broken: bool) -> None:
        """Nothing of this link counts any more."""
        self._desk.delayed.remove(self._connection)
        self._desk.presence.watchers.remove(self._connection)
        if self._session is not None and broken:
            self._desk.presence.broke(self._session, now)
        self._session = None

    _actions: ClassVar[dict[type[Message], Callable[..., None]]] = {
        Register: _register,
        SetAvailability: _set_availability,
        Leave: _leave,
        List: _list,
        Watch: _watch,
        GetSettings: _get_settings,
        UpdateSettings: _update_settings,
        GetStats: _get_stats,
        GetHistory: _ask,
        GetUptime: _ask,
        Forget: _ask,
        **dict.fromkeys(get_args(NotifyQuestion), _ask_of_telling),
    }


_FULL = {"server_full", "too_many_sessions", "too_many_connections"}
"""Refusals of a registration that time may mend."""

_COSTLY = {SetAvailability, List, Watch, UpdateSettings, GetStats}
"""Messages after which others should have a turn: a page of a list is milliseconds of work, and
16 KiB of the others a tenth of a second, as is finding the words for so much that is unreadable."""


def _client_of(session: Session) -> tuple[str, str]:
    return session.client.client_id, session.instance or ""


def come_back_later() -> float:
    """When a client that finds the server full may try again, in seconds."""
    return round(random.uniform(RETRY_WHEN_FULL, 2 * RETRY_WHEN_FULL), 3)
