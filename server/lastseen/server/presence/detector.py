"""When to call a session late, and when to give up on it: queues in the order in which waits began.

Sessions of one state wait equally long, so the one that has waited longest stands first and only
the front is ever looked at: a pass costs O(expired), not O(clients). A sign of life moves a session
to the end. Heartbeat sessions, which hold no link, have limits of their own and a queue for each
combination of them. Pure: `now` is an argument, and nothing here knows a client's name.

Doubt ourselves first (after memberlist's Lifeguard). After a stall of our own, links that break get
a longer grace, because their clients may have given up on *us*. When most fall silent at once,
those past their deadline are held a while longer, because it may be our own link that is down.

The deadline of a heartbeat session counts from its last heartbeat, in awake time of all runs. A
restart or a stall adds one `reconnect_grace` at most. If it restarted the timeout, a server that
restarts daily would never report a daily job that stopped.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from lastseen.server.presence.model import (
    BROKEN,
    DOUBTED,
    FRESH,
    HELD,
    OVER,
    SILENT,
    LinklessSession,
    Moment,
    Policy,
    Session,
    State,
)
from lastseen.server.presence.waiting import Waiting

Waits = dict[State, Waiting]

QUIET_SHARE = 0.5
"""Of a timeout of its own, the silence from which on it is worth asking whether it still lives."""


class Limits(NamedTuple):
    """How long heartbeat sessions of one queue may be silent, in seconds.

    Attributes:
        late_after, timeout: Until the client is late, and until the session expires.
        extra: What is added to both: the server was away.
    """

    late_after: float
    timeout: float
    extra: float

    @property
    def is_late_first(self) -> bool:
        """Whether there is a time between late and expired."""
        return self.late_after < self.timeout


class Due(NamedTuple):
    """What a pass found past its deadline: sessions that expire, and those to hold instead."""

    expired: list[Session]
    held: list[Session]


class Detector:
    """Judges sessions by their silence."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._waits = {state: Waiting(p) for state, p in _patience(policy).items()}
        self._fresh = self._waits[FRESH]
        # Of heartbeat sessions, while there are any of these limits.
        self._own: dict[Limits, Waits] = {}
        self._doubtful_until = float("-inf")

    def __len__(self) -> int:
        return sum(map(len, self._everyone()))

    @property
    def held(self) -> int:
        """Sessions past their deadline that are held back because most fell silent at once."""
        return len(self._waits[HELD])

    def begin(self, session: Session) -> None:
        """A new session: fresh, as of its `last_ping`."""
        session.state = FRESH
        self._fresh.insert(session, session.last_ping.awake)

    def heard(self, session: Session, now: Moment) -> bool:
        """A sign of life by a link. True if the session had been late."""
        session.last_ping = now
        if session.state is FRESH:
            self._fresh.renew(session, now.awake)
            return False
        self._move(session, FRESH, now.awake)
        return True

    def beat(
        self, session: LinklessSession, timeout: float, every: float | None, now: Moment
    ) -> None:
        """A heartbeat, the first or a later one; it may bring other limits (seconds)."""
        self._leave_queue(session)
        session.last_ping, session.extra = now, 0.0
        session.timeout, session.every = timeout, every
        self._enter_queue(session, FRESH, now.awake)

    def broke(self, session: Session, now: Moment) -> None:
        """Its link broke without a goodbye: it may come back while its grace lasts."""
        if session.state is HELD:  # it has been given more time already, once
            return
        doubtful = now.awake < self._doubtful_until
        self._move(session, DOUBTED if doubtful else BROKEN, now.awake)

    def end(self, session: Session) -> None:
        """Nothing more is expected of it."""
        self._leave_queue(session)
        session.state = OVER

    def restore(self, session: Session, now: Moment) -> None:
        """Wait for a session of the run before.

        One that held a link is late, with the longer grace, as it was us who were gone. The time of
        a heartbeat session goes on since its `last_ping`, with one `reconnect_grace` more. To
        restore many, begin with those that were silent for longest.
        """
        if not isinstance(session, LinklessSession):
            self._enter_queue(session, DOUBTED, now.awake)
            return
        session.extra = self.policy.reconnect_grace
        silence = now.awake - session.last_ping.awake
        is_late = silence >= session.late_after + session.extra
        self._enter_queue(session, SILENT if is_late else FRESH, session.last_ping.awake)

    def last_heard(self) -> Moment | None:
        """The last sign of life of anybody. In each queue, who was heard from last stands last, but
        for those whose link broke: their wait began with that.
        """
        last = [w.last.last_ping for w in self._everyone() if w.last is not None]
        return max(last, key=lambda moment: moment.awake, default=None)

    def deadline(self, session: Session) -> float:
        """The awake time until which a session may be in its state."""
        return self._waiting(session).deadline(session)

    def overdue(self, now: Moment, at_most: int | None = None) -> list[Session]:
        """Fresh ones that have been silent too long, all or so many: to be called `silent`.

        Heartbeat sessions with a timeout alone are never among them: they are fresh until it ends.
        """
        queues = [self._fresh]
        queues += [own[FRESH] for limits, own in self._own.items() if limits.is_late_first]
        found = (session for waiting in queues for session in waiting.over(now))
        return list(islice(found, at_most))

    def silent(self, session: Session) -> None:
        """A fresh session is late from now on. Its wait goes on: it began with the last sign."""
        self._move(session, SILENT, session.began)

    def quiet(self, now: Moment) -> list[LinklessSession]:
        """Those without a link that have been silent for half of their timeout, fresh or late;
        not those held back. Costs O(found) and O(distinct timeouts).
        """
        return [
            session
            for limits, own in self._own.items()
            for waiting in own.values()
            for session in waiting.waited(QUIET_SHARE * limits.timeout, now)
            if isinstance(session, LinklessSession)
        ]

    def due(self, now: Moment) -> Due:
        """Those past their deadline. When most are silent, the newly due are to be held instead."""
        newly_due = [session for waiting in self._ending() for session in waiting.over(now)]
        held_long_enough = list(self._waits[HELD].over(now))
        if newly_due and self.policy.mass_loss_hold > 0 and self._most_are_silent(newly_due):
            return Due(held_long_enough, newly_due)
        return Due(newly_due + held_long_enough, [])

    def hold(self, session: Session, now: Moment) -> None:
        """One that is due is given `mass_loss_hold` more: late from now on."""
        self._move(session, HELD, now.awake)

    def doubt(self, now: Moment) -> None:
        """We stalled: for one connection_timeout, links that break may do so because of us.

        Links that broke before are given the longer grace too: their clients may have been trying
        in vain. A heartbeat may have been lost meanwhile: each heartbeat session has one
        `reconnect_grace` more until its next one, however often we stall. Costs O(those whose link
        broke) and O(heartbeat sessions).
        """
        self._doubtful_until = now.awake + self.policy.connection_timeout
        for session in list(self._waits[BROKEN]):
            self._move(session, DOUBTED, now.awake)
        for own in list(self._own.values()):
            for session in [s for waiting in own.values() for s in waiting]:
                if isinstance(session, LinklessSession) and not session.extra:
                    self._leave_queue(session)
                    session.extra = self.policy.reconnect_grace
                    self._enter_queue(session, session.state, session.began)

    def follow(self, policy: Policy, now: Moment) -> None:
        """Judge by other settings from now on; nobody is blamed for the time before."""
        self.policy = policy
        for state, patience in _patience(policy).items():
            self._waits[state].follow(patience, now)

    def _most_are_silent(self, newly_due: list[Session]) -> bool:
        """Whether so many are late at once that the fault may be ours.

        All that are late count, not only those whose deadline this very pass found: pings are
        spread over an interval, so even when everyone vanishes in one moment, each pass finds only
        a few. A heartbeat session that is on time never counts, one with a timeout alone only once
        that has ended.
        """
        everyone = len(self)
        fresh = len(self._fresh) + sum(len(own[FRESH]) for own in self._own.values())
        late = everyone - fresh + sum(session.state is FRESH for session in newly_due)
        return late >= self.policy.mass_loss_min and late > self.policy.mass_loss_ratio * everyone

    # --- the queues ---------------------------------------------------------------------------

    def _move(self, session: Session, state: State, began: float) -> None:
        self._leave_queue(session)
        self._enter_queue(session, state, began)

    def _enter_queue(self, session: Session, state: State, began: float) -> None:
        session.state = state
        self._waiting(session).insert(session, began)

    def _leave_queue(self, session: Session) -> None:
        if session.state is OVER:
            return
        self._waiting(session).remove(session)
        if isinstance(session, LinklessSession):
            self._drop_if_empty(_limits(session))

    def _drop_if_empty(self, limits: Limits) -> None:
        """Limits that no session has any more take no memory, and no time in a pass."""
        if limits in self._own and not any(map(len, self._own[limits].values())):
            del self._own[limits]

    def _waiting(self, session: Session) -> Waiting:
        """Where a session waits, by its state."""
        if not isinstance(session, LinklessSession) or session.state is HELD:
            return self._waits[session.state]
        limits = _limits(session)
        own = self._own.get(limits)
        if own is None:
            own = self._own[limits] = {
                FRESH: Waiting(limits.late_after + limits.extra),
                SILENT: Waiting(limits.timeout + limits.extra),
            }
        return own[session.state]

    def _ending(self) -> Iterator[Waiting]:
        """Queues whose sessions expire when their wait is over."""
        for state in (SILENT, BROKEN, DOUBTED):
            yield self._waits[state]
        for limits, own in self._own.items():
            yield own[SILENT]
            if not limits.is_late_first:
                yield own[FRESH]

    def _everyone(self) -> Iterator[Waiting]:
        yield from self._waits.values()
        for own in self._own.values():
            yield from own.values()


def _patience(policy: Policy) -> dict[State, float]:
    """How long a session with a link may be in each state, in seconds."""
    return {
        FRESH: policy.late_after,
        SILENT: policy.connection_timeout,
        BROKEN: policy.reconnect_grace,
        DOUBTED: policy.connection_timeout + policy.reconnect_grace,
        HELD: policy.mass_loss_hold,  # all sessions
    }


def _limits(session: LinklessSession) -> Limits:
    return Limits(session.late_after, session.timeout, session.extra)
