"""When to call a session late, and when to give up on it: queues in the order in which waits began.

Sessions of one state wait equally long, so the one that has waited longest stands first and only
the front is ever looked at: a pass costs O(expired), not O(clients). A sign of life moves a session
to the end. Those without a link wait for a timeout of their own, in queues of each timeout. Pure:
`now` is an argument, and nothing here knows a client's name.

Doubt ourselves first (after memberlist's Lifeguard). After a stall of our own, links that break get
a longer grace, because their clients may have given up on *us*. When most fall silent at once,
those past their deadline are held a while longer, because it may be our own link that is down.
"""

from collections.abc import Iterator
from itertools import islice

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

LATE_SHARE = 0.75
"""Of a timeout of its own, how much a client may be silent before it is late: the share that
1.5 x heartbeat_interval is of connection_timeout by default."""

QUIET_SHARE = 0.5
"""Of a timeout of its own, the silence from which on it is worth asking whether it still lives."""


class Detector:
    """Judges sessions by their silence."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._waits = {state: Waiting(p) for state, p in _patience(policy).items()}
        self._fresh = self._waits[FRESH]
        # By timeout: of those that have one of their own, while there are any.
        self._own: dict[float, Waits] = {}
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
        self._fresh.append(session, session.last_ping.awake)

    def heard(self, session: Session, now: Moment) -> bool:
        """A sign of life by a link. True if the session had been late."""
        session.last_ping = now
        if session.state is FRESH:
            self._fresh.renew(session, now.awake)
            return False
        self._move(session, FRESH, now.awake)
        return True

    def beat(self, session: LinklessSession, timeout: float, now: Moment) -> None:
        """A sign of life without a link, the first or a later one; it may bear a new timeout."""
        if session.state is FRESH and session.timeout == timeout:
            session.last_ping = now
            self._own[timeout][FRESH].renew(session, now.awake)
            return
        self._leave_queue(session)
        session.last_ping, session.timeout = now, timeout
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
        """A session of the run before: late, with the longer grace, as it was us who were gone."""
        self._enter_queue(session, DOUBTED, now.awake)

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
        """Fresh ones that have been silent too long, all or so many: to be called `silent`."""
        found = (session for waiting in self._all_of(FRESH) for session in waiting.over(now))
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
            for timeout, own in self._own.items()
            for waiting in own.values()
            for session in waiting.waited(QUIET_SHARE * timeout, now)
            if isinstance(session, LinklessSession)
        ]

    def due(self, now: Moment) -> list[Session]:
        """Those past their deadline. When most are silent, the newly due are held instead."""
        policy = self.policy
        ending = (SILENT, BROKEN, DOUBTED)
        newly_due = [s for state in ending for w in self._all_of(state) for s in w.over(now)]
        held_long_enough = list(self._waits[HELD].over(now))
        if newly_due and policy.mass_loss_hold > 0 and self._most_are_silent():
            for session in newly_due:
                self._move(session, HELD, now.awake)
            return held_long_enough
        return newly_due + held_long_enough

    def doubt(self, now: Moment) -> None:
        """We stalled: for one connection_timeout, links that break may do so because of us.

        Links that broke before are given the longer grace too: their clients may have been trying
        in vain. So may those without a link, who come when *they* think it is time: they are waited
        for anew. Costs O(those whose link broke) and O(those without one).
        """
        self._doubtful_until = now.awake + self.policy.connection_timeout
        for session in list(self._waits[BROKEN]):
            self._move(session, DOUBTED, now.awake)
        for own in self._own.values():
            for waiting in own.values():
                for session in list(waiting):
                    waiting.renew(session, now.awake)

    def follow(self, policy: Policy, now: Moment) -> None:
        """Judge by other settings from now on; nobody is blamed for the time before."""
        self.policy = policy
        for state, patience in _patience(policy).items():
            self._waits[state].follow(patience, now)
        for timeout, own in self._own.items():
            for state, patience in _own_patience(timeout, policy).items():
                own[state].follow(patience, now)

    def _most_are_silent(self) -> bool:
        """Whether so many are late at once that the fault may be ours.

        All that are late count, not only those whose deadline this very pass found: pings are
        spread over an interval, so even when everyone vanishes in one moment, each pass finds only
        a few.
        """
        everyone = len(self)
        late = everyone - sum(map(len, self._all_of(FRESH)))
        return late >= self.policy.mass_loss_min and late > self.policy.mass_loss_ratio * everyone

    # --- the queues ---------------------------------------------------------------------------

    def _move(self, session: Session, state: State, began: float) -> None:
        self._leave_queue(session)
        self._enter_queue(session, state, began)

    def _enter_queue(self, session: Session, state: State, began: float) -> None:
        session.state = state
        self._waiting(session).append(session, began)

    def _leave_queue(self, session: Session) -> None:
        if session.state is OVER:
            return
        self._waiting(session).remove(session)
        if isinstance(session, LinklessSession):
            self._drop_if_empty(session.timeout)

    def _drop_if_empty(self, timeout: float) -> None:
        """Timeouts that nobody has any more take no memory, and no time in a pass."""
        if timeout in self._own and not any(map(len, self._own[timeout].values())):
            del self._own[timeout]

    def _waiting(self, session: Session) -> Waiting:
        """Where a session waits, by its state."""
        if not isinstance(session, LinklessSession) or session.state is HELD:
            return self._waits[session.state]
        own = self._own.get(session.timeout)
        if own is None:
            patience = _own_patience(session.timeout, self.policy)
            own = self._own[session.timeout] = {s: Waiting(p) for s, p in patience.items()}
        return own[session.state]

    def _all_of(self, state: State) -> Iterator[Waiting]:
        """Wherever sessions of a state wait."""
        yield self._waits[state]
        for own in self._own.values():
            if state in own:
                yield own[state]

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


def _own_patience(timeout: float, policy: Policy) -> dict[State, float]:
    """The same for one with a timeout of its own, which has no link that could break."""
    return {
        FRESH: LATE_SHARE * timeout,
        SILENT: timeout,
        DOUBTED: timeout + policy.reconnect_grace,
    }
