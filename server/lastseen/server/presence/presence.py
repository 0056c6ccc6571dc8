"""The one mutator of presence: every sign of life passes here, and everyone who must know is told.

It joins the pure parts (registry, journal) with the clock, the watchers and the log. What it
decides it decides at once, without waiting.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from lastseen.server import logs
from lastseen.server.presence.admission import (
    ADVICE,
    RegistrationRefused,
    goodbye_to_replaced,
)
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.description import precedence
from lastseen.server.presence.journal import Encode, Journal
from lastseen.server.presence.linkless import Beat, describes
from lastseen.server.presence.listing import NOTHING_STORED, Stored, page
from lastseen.server.presence.model import (
    FRESH,
    OVER,
    Change,
    Link,
    Moment,
    Policy,
    Recorder,
    Registration,
    Session,
    Transition,
)
from lastseen.server.presence.refusals import Refusals
from lastseen.server.presence.registry import Registry
from lastseen.server.presence.watchers import Watchers
from lastseen.shared.messages import Availability, ClientList, ClientRecord, Goodbye, List, Via

STALL_TOLD = 0.5
"""Stalls from this length in seconds on have a line in the log; shorter ones are only counted."""

log = logs.get_logger()


class Counts(Struct):
    """What has happened since the start, for stats and metrics."""

    pings: int = 0
    beats: int = 0
    refused: int = 0
    slow_closes: int = 0
    reaper_passes: int = 0
    reaper_duration: float = 0.0
    reaper_lateness: float = 0.0
    last_pass: float | None = None  # Unix time
    forgotten: int = 0


class Presence:
    """Who is present, as the whole server shares it.

    Attributes:
        registry: The truth; read it freely, change it only through this class.
        journal: What watchers are told.
        watchers: Who is told.
        counts: What has happened since the start.
        refusals: What limits refused.
        transitions: How many of each reason.
        epoch: This run of the server.
        recorder: Who remembers what is decided here; None: nobody.
    """

    def __init__(self, policy: Policy, clock: AwakeClock, encoders: dict[str, Encode]) -> None:
        self.epoch = secrets.token_hex(6)
        self.clock = clock
        self.registry = Registry(policy)
        self._detector = self.registry.detector
        self._calling_late = False
        self.journal = Journal(self.epoch, encoders)
        self.counts = Counts()
        self.refusals = Refusals(lambda: clock.now().awake)
        self.transitions: Counter[str] = Counter()
        self.recorder: Recorder | None = None
        self.watchers = Watchers(self.journal, self.publish, self.list)
        clock.on_stall = self._doubt_ourselves

    # --- signs of life ------------------------------------------------------------------------

    def register(self, registration: Registration, link: Link, now: Moment) -> Session:
        """A client comes in.

        Raises:
            RegistrationRefused: It may not, now.
        """
        self._turn_late(now)  # whether the id is in use depends on who is late
        try:
            admission = self.registry.register(registration, link, now)
        except RegistrationRefused as refusal:
            if refusal.code == "id_contested":  # the warning about the id says it, once a period
                self.counts.refused += 1
                self.refusals.counts["id_contested"] += 1
            else:
                self._refused(registration.message.client_id, registration.address, refusal)
            raise
        client = admission.session.client
        goodbye = (
            Goodbye("replaced", reconnect=True)
            if admission.reconnects
            else goodbye_to_replaced(client)
        )
        for displaced in admission.displaced:
            displaced.dismiss(goodbye)
        if admission.contested and self.registry.takeovers.should_warn(client.client_id, now.awake):
            log.warning(
                "several processes share one client_id",
                client_id=client.client_id,
                address=client.address,
                hostname=client.hostname,
                replaced=admission.replaced,
                hint=ADVICE,
            )
        if admission.transition is None:
            self._described(registration.message.client_id)
        self._note(admission.transition)
        return admission.session

    def heard(self, session: Session, now: Moment) -> None:
        """A sign of life of a registered client."""
        if session.state is FRESH:  # the path of every ping: nothing changes but the moment
            self._detector.heard(session, now)
            return
        self._change(session, self.registry.heard, now)

    def beat(self, beat: Beat, now: Moment) -> bool:
        """A sign of life without a link. True if it began a session, as the first of its way does.

        Raises:
            RegistrationRefused: The server is full.
        """
        try:
            beaten = self.registry.beat(beat, now)
        except RegistrationRefused as refusal:
            self._refused(beat.client_id, beat.address, refusal)
            raise
        self.counts.beats += 1
        if beaten.news and beaten.transition is None:
            self._described(beat.client_id)
        self._note(beaten.transition)
        return beaten.began

    def set_availability(self, session: Session, availability: Availability, note: str) -> None:
        """A client says how available it is."""
        if self.registry.set_availability(session, availability, note):
            self._described(session.client.client_id)

    def set_linkless_availability(
        self, client_id: str, via: Via, availability: Availability, note: str
    ) -> bool:
        """The same for a client without a link. False if that changes nothing: it said so before,
        or it is not for this session to say (`linkless.describes`).
        """
        session = self.registry.linkless(client_id, via)
        if session is None or not describes(session):
            return False
        news = self.registry.set_availability(session, availability, note)
        if news:
            self._described(client_id)
        return news

    def leave(self, session: Session, now: Moment) -> None:
        """A client says goodbye."""
        self._change(session, self.registry.leave, now)

    def leave_linkless(self, client_id: str, via: Via, now: Moment) -> bool:
        """A client without a link says goodbye. False if it has no session of this way."""
        session = self.registry.linkless(client_id, via)
        if session is not None:
            self.leave(session, now)
        return session is not None

    def kick(self, client_id: str, now: Moment) -> bool:
        """Send a client away, by whatever sessions it is there. False if it is not present."""
        sessions = self.registry.sessions_of(client_id)
        for session in sorted(sessions, key=precedence):  # one transition in all, by the one shown
            link = session.link
            self._change(session, self.registry.kick, now)
            if link is not None:
                link.dismiss(Goodbye("kicked", reconnect=False))
        return bool(sessions)

    def broke(self, session: Session, now: Moment) -> None:
        """A client's link broke."""
        self._change(session, self.registry.broke, now)

    # --- the silent ---------------------------------------------------------------------------

    def call_some_late(self, now: Moment, at_most: int) -> bool:
        """Call so many late of those that have been silent too long; whether there are more.

        While there are, whoever reads sees those as they were: to call all late for one reader
        would hold everyone up.
        """
        self._turn_late(now, at_most)
        self._calling_late = bool(self._detector.overdue(now, at_most=1))
        return self._calling_late

    def due(self, now: Moment) -> list[Session]:
        """The sessions to be given up on, once late ones are called late. See `reaper`."""
        self._turn_late(now)
        held_before = self.registry.detector.held
        due = self.registry.detector.due(now)
        for session in due.held:
            self._note_change(self.registry.hold(session, now))
        if due.held:
            log.warning(
                "most clients fell silent at once: held back, the fault may be ours",
                held=len(due.held),
                online=self.registry.counts["online"],
                hold=self.policy.mass_loss_hold,
            )
            if held_before == 0 and self.recorder is not None:  # it begins
                late, hold = self.registry.counts["late"], self.policy.mass_loss_hold
                self.recorder.mass_loss(late, len(self.registry), hold, now)
        return due.expired

    def quiet(self, via: Via, now: Moment) -> list[str]:
        """The clients whose session of this way, without a link, has been silent for half of its
        timeout, each time that is asked: it may be worth asking them whether they still live.
        """
        return self.registry.quiet(via, now)

    def give_up(self, session: Session, now: Moment) -> None:
        """A session is past its deadline."""
        link = session.link
        self._change(session, self.registry.give_up, now)
        if link is not None:
            link.dismiss(Goodbye("timeout", reconnect=True))

    # --- beyond this run ----------------------------------------------------------------------

    def restore(
        self, records: Iterable[ClientRecord], silences: Mapping[str, float] | None = None
    ) -> None:
        """Take over clients that were present when the last run ended (`Registry.restore`).

        Args:
            records: Those without a link begin with the one that was silent for longest.
            silences: By client_id, for those without a link: seconds of awake time since the last
                heartbeat, until the end of the last run. 0 for those that are missing.
        """
        now, silences = self.clock.now(), silences or {}
        for record in records:
            self.registry.restore(record, now, silences.get(record.client_id, 0.0))
            self._changed(record.client_id, was_present=False)

    def forget(self, client_id: str) -> None:
        """Forget a client that is offline."""
        self.publish()  # that it left: of a client forgotten before, watchers could not be told
        self.registry.forget(client_id)
        if self.recorder is not None:
            self.recorder.forgotten(client_id)

    def refuse(self, code: str, why: str, **fields: object) -> None:
        """Count a refusal and log it, as `Refusals.record` does."""
        self.counts.refused += 1
        self.refusals.record(code, why, **fields)

    # --- settings -----------------------------------------------------------------------------

    @property
    def policy(self) -> Policy:
        """The settings by which presence is judged."""
        return self.registry.policy

    def follow(self, policy: Policy) -> None:
        """Judge by other settings from now on."""
        self.registry.detector.follow(policy, self.clock.now())

    # --- reading ------------------------------------------------------------------------------

    def list(self, request: List, stored: Stored = NOTHING_STORED) -> ClientList:
        """One page of clients, as they are at this moment; with those that a store remembers."""
        self._turn_late_to_read()
        records, after = page(self.registry, request, stored)
        return ClientList(
            records, self.epoch, self.journal.revision, after, request_id=request.request_id
        )

    # --- telling ------------------------------------------------------------------------------

    def publish(self) -> None:
        """Have the journal tell every change up to this moment."""
        self._turn_late_to_read()
        self.journal.publish(self.registry.record)
        self.registry.forget_surplus()

    # --- within -------------------------------------------------------------------------------

    def _refused(self, client_id: str, address: str, refusal: RegistrationRefused) -> None:
        self.refuse(refusal.code, str(refusal), address=address, client_id=client_id)

    def _turn_late(self, now: Moment, at_most: int | None = None) -> None:
        for change in self.registry.turn_late(now, at_most):
            self._note_change(change)

    def _turn_late_to_read(self) -> None:
        if not self._calling_late:
            self._turn_late(self.clock.now())

    def _change(
        self,
        session: Session,
        change: Callable[[Session, Moment], Transition | None],
        now: Moment,
    ) -> None:
        """Change the state of a session. One that is over already stays so, and is no news."""
        is_over = session.state is OVER
        transition = change(session, now)
        if not is_over:
            self._note_change(Change(session.client.client_id, transition))

    def _note_change(self, change: Change) -> None:
        """Tell of a session's change: another one may be shown even if the status is the same."""
        if change.transition is None:
            self._described(change.client_id)
        else:
            self._note(change.transition)

    def _note(self, transition: Transition | None) -> None:
        """Count, log and journal a transition."""
        if transition is None:
            return
        self.transitions[transition.reason] += 1
        self._changed(transition.client_id, was_present=transition.before != "offline")
        if self.recorder is not None:
            self.recorder.transition(transition, self._record(transition.client_id))
        log.info(
            f"client {transition.after}",
            client_id=transition.client_id,
            address=transition.address,
            reason=transition.reason,
            silence=round(transition.silence, 1),
        )

    def _described(self, client_id: str) -> None:
        """Something about a client is new, but its status."""
        self._changed(client_id, was_present=True)
        if self.recorder is not None:
            self.recorder.change(self._record(client_id))

    def _record(self, client_id: str) -> ClientRecord:
        record = self.registry.record(client_id)
        assert record is not None, "one that just changed is known"  # noqa: S101 - for mypy
        return record

    def _changed(self, client_id: str, *, was_present: bool) -> None:
        self.journal.changed(client_id, was_present=was_present)
        self.watchers.changed()

    def _doubt_ourselves(self, length: float, now: Moment) -> None:
        if length >= STALL_TOLD:
            log.warning("the server stalled; deadlines move by as much", stalled=round(length, 2))
        if self.recorder is not None:
            self.recorder.stalled(now)
        if length >= self.policy.reconnect_grace:
            self.registry.detector.doubt(now)
