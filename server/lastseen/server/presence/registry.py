"""The truth: what each sign of life, and each silence, changes of who is there by which sessions.

Pure: no I/O, no clock, no trio; `now` is an argument. Every method that changes a status returns
the transitions; what has to be told or closed because of them is the caller's to do.
"""

from collections.abc import Callable
from typing import NamedTuple

from lastseen.server.presence import linkless
from lastseen.server.presence.admission import (
    Admission,
    check_id,
    check_pace,
    check_room,
    check_sessions,
    is_of,
    sessions_to_take_over,
    where,
)
from lastseen.server.presence.census import Census
from lastseen.server.presence.description import (
    describe,
    describe_as_remembered,
    show_session,
)
from lastseen.server.presence.detector import Detector
from lastseen.server.presence.linkless import Beat, Beaten, whole_seconds
from lastseen.server.presence.model import (
    FRESH,
    OVER,
    Change,
    Client,
    Link,
    LinklessSession,
    Moment,
    Policy,
    Registration,
    Session,
    Transition,
)
from lastseen.server.presence.roll import Roll
from lastseen.server.presence.takeovers import Takeovers
from lastseen.shared.messages import Availability, ClientRecord, Reason, Status, Via

GROUPS_SHARED = 1_000
"""Combinations of groups of which one copy is kept for all that will come."""


class Counted(NamedTuple):
    """How the census counts a client."""

    status: Status
    groups: tuple[str, ...]
    via: Via


class Registry(Roll):
    """The roll of who is known, and all that changes it.

    Attributes:
        counts: How many clients are online, and late.
        census: The same by group and by way.
        sessions_begun: How many sessions there have been in this run.
        takeovers: Which ids other instances took over of late.
    """

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.detector = Detector(policy)
        self.census = Census()
        self.counts = self.census.statuses
        self.sessions_begun = 0
        self.takeovers = Takeovers()
        self._groups: dict[tuple[str, ...], tuple[str, ...]] = {}

    @property
    def policy(self) -> Policy:
        """The settings by which presence is judged."""
        return self.detector.policy

    # --- signs of life ------------------------------------------------------------------------

    def register(self, registration: Registration, link: Link | None, now: Moment) -> Admission:
        """Begin a session, taking over from older ones as instance and `duplicate` decide.

        Raises:
            RegistrationRefused: The server is full, the id is reserved, it is in use and the
                policy is `reject`, it was taken over too often, or it has too many sessions.
        """
        message = registration.message
        check_id(message.client_id, registration.via)
        client = self._clients.get(message.client_id) or self._new_client(message.client_id, now)
        before = _counted(client)
        taken_over = sessions_to_take_over(client, message.instance, self.policy)
        check_sessions(client, taken_over, registration, self.policy)
        others = [s for s in taken_over if not is_of(s, message.instance)]
        stolen = any(s.state is FRESH and s.instance is not None for s in others)
        if stolen:
            check_pace(client, self.takeovers.wait(client.client_id, now.awake))
        replaced = where(client) if stolen else ""
        describe(client, registration, self._one_copy_of(message.groups))
        displaced = [s.link for s in taken_over if s.link is not None]
        if others:  # what the other instance said of itself goes with it
            client.availability, client.note = "available", ""
        for session in taken_over:
            self._end(session)
        session = Session(
            client,
            message.instance,
            link,
            now,
            via=registration.via,
            address=registration.address,
        )
        self._begin(session)
        self.detector.begin(session)
        reason = self._reason_to_come(client, before)
        reason = "replaced" if stolen else reason
        contested = stolen and self.takeovers.record(client.client_id, now.awake)
        if contested:
            client.contested_at = now.wall
        transition = self._settle(client, before, reason, now, silence=0.0)
        return Admission(
            session,
            transition,
            displaced,
            reconnects=not others,
            replaced=replaced,
            contested=contested,
        )

    def beat(self, beat: Beat, now: Moment) -> Beaten:
        """A sign of life without a link: the first of its way begins a session.

        Raises:
            RegistrationRefused: The server is full, or the id is reserved.
        """
        check_id(beat.client_id, beat.via)
        client = self._clients.get(beat.client_id) or self._new_client(beat.client_id, now)
        before, facts = _counted(client), linkless.facts(client)
        known = linkless.session_of(client, beat.via)
        session = known or self._begin_linkless(client, beat, now)
        silence = now.awake - session.last_ping.awake
        session.instance, session.address = beat.instance, beat.address
        self.detector.beat(session, *beat.limits, now)
        if linkless.describes(session):
            groups = client.groups if beat.groups is None else self._one_copy_of(beat.groups)
            linkless.describe(client, beat, groups)
        reason = self._reason_to_come(client, before)
        transition = self._settle(client, before, reason, now, silence)
        return Beaten(known is None, linkless.facts(client) != facts, transition)

    def heard(self, session: Session, now: Moment) -> Transition | None:
        """A sign of life by a link. A transition if it ends the client's being late."""
        if session.state is OVER:  # a late word about an old session
            return None
        client = session.client
        before, silence = _counted(client), now.awake - session.last_ping.awake
        self.detector.heard(session, now)
        return self._settle(client, before, "returned", now, silence)

    def set_availability(self, session: Session, availability: Availability, note: str) -> bool:
        """What the client says of itself. False if that changes nothing."""
        client = session.client
        if session.state is OVER or (client.availability, client.note) == (
            availability,
            note,
        ):
            return False
        client.availability, client.note = availability, note
        return True

    # --- ends of sessions ---------------------------------------------------------------------

    def leave(self, session: Session, now: Moment) -> Transition | None:
        """A goodbye: over at once."""
        return self._finish(session, "left", now)

    def kick(self, session: Session, now: Moment) -> Transition | None:
        """Sent away: over at once."""
        return self._finish(session, "kicked", now)

    def broke(self, session: Session, now: Moment) -> Transition | None:
        """The link broke without a goodbye: late, until its grace is over."""
        session.link = None
        if session.state is OVER:
            return None
        client = session.client
        before, silence = _counted(client), now.awake - session.last_ping.awake
        self.detector.broke(session, now)
        return self._settle(client, before, "closed", now, silence)

    def give_up(self, session: Session, now: Moment) -> Transition | None:
        """Past its deadline: over."""
        if session.state is OVER:
            return None
        missed_by = now.awake - self.detector.deadline(session)
        broken = session.link is None and not isinstance(session, LinklessSession)
        reason: Reason = "closed" if broken else "timeout"
        return self._finish(session, reason, now, deadline=now.wall - missed_by)

    def quiet(self, via: Via, now: Moment) -> list[str]:
        """Who has been silent for half of its timeout, without a link, of those of this way."""
        return [s.client.client_id for s in self.detector.quiet(now) if s.via == via]

    def turn_late(self, now: Moment, at_most: int | None = None) -> list[Change]:
        """Call those late that have been silent too long, all or so many."""
        return [
            self._fall_silent(session, self.detector.silent, now)
            for session in self.detector.overdue(now, at_most)
        ]

    def hold(self, session: Session, now: Moment) -> Change:
        """Past its deadline with most of the others: late, and waited for a while longer."""
        return self._fall_silent(session, lambda held: self.detector.hold(held, now), now)

    # --- beyond this run ----------------------------------------------------------------------

    def restore(self, record: ClientRecord, now: Moment, silence: float = 0.0) -> None:
        """A client that was present when the last run ended.

        One that held a link is late until it comes back. One that heartbeats kept present is what
        its last heartbeat makes it: `silence` is how long ago that came, in seconds of awake time.
        """
        client = Client(record.client_id, now.wall)
        self._enter(client)
        describe_as_remembered(client, record)
        heard = Moment(now.awake - silence, record.last_seen.timestamp())
        session = _restored(client, record, heard)
        self._begin(session)
        self.detector.restore(session, now)
        show_session(client)
        if client.status == "late":
            client.reason = record.reason
        self.census.add(*_counted(client))

    def forget_surplus(self) -> None:
        """Forget those that went offline first, beyond `max_clients` of them.

        To be called once watchers have been told: of a client forgotten before, they could not be.
        """
        self._forget_first(beyond=self.policy.max_clients)

    def last_heard(self) -> float | None:
        """The last sign of life of anybody, in Unix time: of those present, and of who left last.

        None before the first.
        """
        present, departed = self.detector.last_heard(), self.departed_last()
        moments = [] if present is None else [present.wall]
        moments += [] if departed is None else [departed.last_seen.timestamp()]
        return max(moments, default=None)

    # --- within -------------------------------------------------------------------------------

    def _new_client(self, client_id: str, now: Moment) -> Client:
        check_room(len(self._clients), self.policy)
        client = Client(client_id, now.wall)
        self._enter(client)
        return client

    def _one_copy_of(self, groups: tuple[str, ...]) -> tuple[str, ...]:
        """Many clients are in the same groups: one copy serves them all."""
        if len(self._groups) >= GROUPS_SHARED:
            self._groups.clear()
        return self._groups.setdefault(groups, groups)

    def _begin(self, session: Session) -> None:
        self.sessions_begun += 1
        session.client.sessions = (*session.client.sessions, session)

    def _begin_linkless(self, client: Client, beat: Beat, now: Moment) -> LinklessSession:
        for session in client.sessions:
            if session.instance is None:  # of the run before: this may be the same
                self._end(session)
        session = LinklessSession(
            client, beat.instance, None, now, via=beat.via, timeout=beat.timeout
        )
        self._begin(session)
        return session

    def _fall_silent(
        self, session: Session, wait_on: Callable[[Session], None], now: Moment
    ) -> Change:
        client = session.client
        before, silence = _counted(client), now.awake - session.last_ping.awake
        wait_on(session)
        return Change(client.client_id, self._settle(client, before, "silent", now, silence))

    def _reason_to_come(self, client: Client, before: Counted) -> Reason:
        returns = self._returns(client.client_id) or before.status == "late"
        return "returned" if returns else "registered"

    def _end(self, session: Session) -> None:
        self.detector.end(session)
        session.client.sessions = tuple([s for s in session.client.sessions if s is not session])

    def _finish(
        self, session: Session, reason: Reason, now: Moment, deadline: float | None = None
    ) -> Transition | None:
        if session.state is OVER:
            return None
        client = session.client
        before, silence = _counted(client), now.awake - session.last_ping.awake
        self._end(session)
        if client.last_word is None or client.last_word.awake < session.last_ping.awake:
            client.last_word = session.last_ping
        transition = self._settle(client, before, reason, now, silence, deadline)
        if not client.sessions:
            self._depart(client)
        return transition

    def _settle(
        self,
        client: Client,
        before: Counted,
        reason: Reason,
        now: Moment,
        silence: float,
        deadline: float | None = None,
    ) -> Transition | None:
        """Note what a change made of a client's status, and of what is shown of it."""
        show_session(client)
        after = _counted(client)
        if after != before:
            self.census.remove(*before)
            self.census.add(*after)
        if after.status == before.status and reason != "replaced":
            return None
        if after.status != before.status:
            client.since = now.wall
        client.reason = reason
        return Transition(
            client.client_id,
            before.status,
            after.status,
            reason,
            now.wall,
            silence,
            client.address,
            deadline,
        )


def _counted(client: Client) -> Counted:
    return Counted(client.status, client.groups, client.via)


def _restored(client: Client, record: ClientRecord, heard: Moment) -> Session:
    """Its session as it may come back: of what instance is not known any more."""
    via, address = record.via, record.address
    if record.timeout is None:
        return Session(client, None, None, heard, via=via, address=address)
    timeout, every = whole_seconds(record.timeout), record.every and whole_seconds(record.every)
    return LinklessSession(
        client, None, None, heard, via=via, address=address, timeout=timeout, every=every
    )
