"""When to call a session late, and when to give up on it: queues in the order in which waits began.

Sessions of one state wait equally long, so the one that has waited longest stands first and only
the front is ever looked at: a pass costs O(expired), not O(clients). A sign of life moves a session
to the end. Pure: `now` is an argument, and nothing here knows a client's name.

Doubt ourselves first (after memberlist's Lifeguard). After a stall of our own, links that break get
a longer grace, because their clients may have given up on *us*. When most fall silent at once,
those past their deadline are held a while longer, because it may be our own link that is down.
"""

from collections import OrderedDict
from collections.abc import Iterator

from lastseen.server.presence.model import (
    BROKEN,
    DOUBTED,
    FRESH,
    HELD,
    OVER,
    SILENT,
    Moment,
    Policy,
    Session,
    State,
)

Queue = OrderedDict[Session, float]
"""Sessions with the awake time at which their wait began, the longest wait first."""


class Detector:
    """Judges sessions by their silence."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._fresh: Queue = OrderedDict()
        self._queues: dict[State, Queue] = {
            FRESH: self._fresh,
            SILENT: OrderedDict(),
            BROKEN: OrderedDict(),
            DOUBTED: OrderedDict(),
            HELD: OrderedDict(),
        }
        # For each state whose patience became shorter: when, and how long it was.
        self._shortened: dict[State, tuple[float, float]] = {}
        self._doubtful_until = float("-inf")

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    @property
    def held(self) -> int:
        """Sessions past their deadline that are held back because most fell silent at once."""
        return len(self._queues[HELD])

    def begin(self, session: Session) -> None:
        """A new session: fresh, as of its `last_ping`."""
        session.state = FRESH
        self._fresh[session] = session.last_ping.awake

    def heard(self, session: Session, now: Moment) -> bool:
        """A sign of life. True if the session had been late."""
        session.last_ping = now
        if session.state is FRESH:
            self._fresh[session] = now.awake
            self._fresh.move_to_end(session)
            return False
        self._move(session, FRESH, now.awake)
        return True

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
        session.state = DOUBTED
        self._queues[DOUBTED][session] = now.awake

    def standing(self) -> list[Session]:
        """Sessions whose link stands, fresh or silent, in no order. Quick: 100,000 take 2 ms."""
        # As plain dicts they are copied at once; in their order it would take ten times as long.
        return [*dict.keys(self._fresh), *dict.keys(self._queues[SILENT])]

    def deadline(self, session: Session) -> float:
        """The awake time until which a session may be in its state."""
        return self._queues[session.state][session] + self._patience(session.state)

    def overdue(self, now: Moment) -> list[Session]:
        """Fresh ones that have been silent for `late_after`: to be called `silent`."""
        return list(self._waited(FRESH, now))

    def silent(self, session: Session) -> None:
        """A fresh session is late from now on. Its wait goes on from its last sign of life."""
        self._move(session, SILENT, session.last_ping.awake)

    def due(self, now: Moment) -> list[Session]:
        """Those past their deadline. When most are silent, the newly due are held instead."""
        policy = self.policy
        newly_due = [
            *self._waited(SILENT, now),
            *self._waited(BROKEN, now),
            *self._waited(DOUBTED, now),
        ]
        held_long_enough = list(self._waited(HELD, now))
        if newly_due and policy.mass_loss_hold > 0 and self._most_are_silent():
            for session in newly_due:
                self._move(session, HELD, now.awake)
            return held_long_enough
        return newly_due + held_long_enough

    def doubt(self, now: Moment) -> None:
        """We stalled: for one connection_timeout, links that break may do so because of us.

        Links that broke before are given the longer grace too: their clients may have been trying
        in vain.
        """
        self._doubtful_until = now.awake + self.policy.connection_timeout
        for session in list(self._queues[BROKEN]):
            self._move(session, DOUBTED, now.awake)

    def follow(self, policy: Policy, now: Moment) -> None:
        """Judge by other settings from now on.

        Nobody is blamed for the time before: where patience becomes shorter, a wait that has begun
        ends at the old deadline, or the new patience after now, whichever comes first.
        """
        before = {state: self._effective_patience(state, now) for state in self._queues}
        self.policy = policy
        for state, patience in before.items():
            if self._patience(state) < patience:
                self._shortened[state] = (now.awake, patience)

    def _patience(self, state: State) -> float:
        """How long a session may be in a state, in seconds."""
        policy = self.policy
        return {
            FRESH: policy.late_after,
            SILENT: policy.connection_timeout,
            BROKEN: policy.reconnect_grace,
            DOUBTED: policy.connection_timeout + policy.reconnect_grace,
            HELD: policy.mass_loss_hold,
        }[state]

    def _effective_patience(self, state: State, now: Moment) -> float:
        """How long a session may be in a state just now, in seconds."""
        patience = self._patience(state)
        shortened_at, before = self._shortened.get(state, (float("-inf"), 0.0))
        return max(patience, before) if now.awake - shortened_at < patience else patience

    def _waited(self, state: State, now: Moment) -> Iterator[Session]:
        """Those of a state whose wait is over, the longest first."""
        patience = self._effective_patience(state, now)
        for session, began in self._queues[state].items():
            if now.awake - began < patience:
                return
            yield session

    def _most_are_silent(self) -> bool:
        """Whether so many are late at once that the fault may be ours.

        All that are late count, not only those whose deadline this very pass found: pings are
        spread over an interval, so even when everyone vanishes in one moment, each pass finds only
        a few.
        """
        everyone = len(self)
        late = everyone - len(self._fresh)
        return late >= self.policy.mass_loss_min and late > self.policy.mass_loss_ratio * everyone

    def _move(self, session: Session, state: State, began: float) -> None:
        self._leave_queue(session)
        session.state = state
        self._queues[state][session] = began

    def _leave_queue(self, session: Session) -> None:
        if session.state is not OVER:
            del self._queues[session.state][session]
