"""The registry and the journal beside a model too simple to be wrong: plain lists, full scans.

Any order of signs of life, ends, passes, stalls, settings and publishing must give the same
statuses and the same transitions in both, and what a watcher replays must be what is there.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Any, Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import structs

from lastseen.server.presence.journal import Journal
from lastseen.server.presence.model import Moment, Policy, Registration, Session, Transition
from lastseen.server.presence.registry import RegistrationRefused, Registry
from lastseen.shared.messages import ClientRecord, Diff, Register
from lastseen.shared.wire import from_server, pack

Told = tuple[str, str, str, str]
"""A transition: client_id, before, after, reason."""

WALL = 1_800_000_000.0


class Line:
    """A link that is nothing but there."""

    def send(self, message: object) -> None: ...
    def dismiss(self, goodbye: object) -> None: ...
    def has_unread(self) -> bool:
        return False


class NaiveSession:
    def __init__(self, client: str, instance: str, now: float) -> None:
        self.client, self.instance = client, instance
        self.last_ping = self.began = now
        self.state = "FRESH"
        self.linked = True


LATE = ("SILENT", "BROKEN", "DOUBTED")


class Naive:
    """The rules of the design, one after the other."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.sessions: list[NaiveSession] = []
        self.about: dict[str, dict[str, Any]] = {}  # present and remembered clients
        self.gone: list[str] = []
        self.doubtful_until = float("-inf")
        self.shorter: dict[str, tuple[float, float]] = {}

    def of(self, client: str) -> list[NaiveSession]:
        return [s for s in self.sessions if s.client == client]

    def status(self, client: str) -> str:
        states = [s.state for s in self.of(client)]
        return "offline" if not states else "online" if "FRESH" in states else "late"

    def present(self) -> set[str]:
        return {s.client for s in self.sessions}

    def register(self, client: str, instance: str, now: float) -> "NaiveSession | str":
        mine, policy = self.of(client), self.policy
        if not mine and len(self.present()) >= policy.max_clients:
            return "server_full"
        same = [s for s in mine if instance != "" and s.instance == instance]
        others = [] if same or policy.duplicate == "share" else mine
        if others and policy.duplicate == "reject" and self.status(client) == "online":
            return "duplicate_client"
        self.sessions = [s for s in self.sessions if s not in same and s not in others]
        self.sessions.append(NaiveSession(client, instance, now))
        if not mine:
            self.about[client] = {"availability": "available", **self.about.get(client, {})}
        if others or not mine:
            self.about[client]["availability"] = "available"
        self.about[client]["last_seen"] = now
        return self.sessions[-1]

    def reason_to_register(self, client: str, instance: str) -> str:
        mine = self.of(client)
        others = not any(instance != "" and s.instance == instance for s in mine)
        if others and self.policy.duplicate != "share" and self.status(client) == "online":
            return "replaced"
        return "returned" if client in self.gone or self.status(client) == "late" else "registered"

    def told(self, client: str, before: str, reason: str, now: float) -> Told | None:
        after = self.status(client)
        if client in self.gone and after != "offline":
            self.gone.remove(client)
        if after == before and reason != "replaced":
            return None
        if after != before:
            self.about[client]["since"] = now
        self.about[client]["reason"] = reason
        if after == "offline":
            self.gone.append(client)
        return client, before, after, reason

    def patience(self, state: str, now: float) -> float:
        """The old patience still holds where the new one, counted from the change, is not over."""
        new = self.plain_patience(state)
        changed, old = self.shorter.get(state, (float("-inf"), new))
        return old if now - changed < new < old else new

    def plain_patience(self, state: str) -> float:
        policy = self.policy
        if state == "FRESH":
            return min(1.5 * policy.heartbeat_interval, policy.connection_timeout)
        if state == "DOUBTED":
            return policy.connection_timeout + policy.reconnect_grace
        return {
            "SILENT": policy.connection_timeout,
            "BROKEN": policy.reconnect_grace,
            "HELD": policy.mass_loss_hold,
        }[state]

    def follow(self, policy: Policy, now: float) -> None:
        states = ("FRESH", "SILENT", "BROKEN", "DOUBTED", "HELD")
        old = {state: self.patience(state, now) for state in states}
        self.policy = policy
        for state in states:
            if self.plain_patience(state) < old[state]:
                self.shorter[state] = (now, old[state])

    def waited_enough(self, state: str, now: float) -> list[NaiveSession]:
        patience = self.patience(state, now)
        by_ping = state in ("FRESH", "SILENT")
        return [
            s
            for s in self.sessions
            if s.state == state and now - (s.last_ping if by_ping else s.began) >= patience
        ]

    def overdue(self, now: float) -> list[NaiveSession]:
        return self.waited_enough("FRESH", now)

    def due(self, now: float) -> list[NaiveSession]:
        policy = self.policy
        newly = [s for state in LATE for s in self.waited_enough(state, now)]
        held = self.waited_enough("HELD", now)
        late = sum(s.state != "FRESH" for s in self.sessions)
        many = late >= policy.mass_loss_min and late / len(self.sessions) > policy.mass_loss_ratio
        if not many or policy.mass_loss_hold == 0:
            return newly + held
        for s in newly:
            s.state, s.began = "HELD", now
        return held


policies = st.builds(
    Policy,
    heartbeat_interval=st.sampled_from([2.0, 4.0]),
    connection_timeout=st.sampled_from([5.0, 12.0]),
    reconnect_grace=st.sampled_from([0.0, 3.0]),
    max_clients=st.sampled_from([2, 3]),
    duplicate=st.sampled_from(["replace", "reject", "share"]),
    mass_loss_ratio=st.sampled_from([0.5, 1.0]),
    mass_loss_min=st.sampled_from([1, 2]),
    mass_loss_hold=st.sampled_from([0.0, 7.0]),
)
which = st.integers(0, 4)  # of the latest sessions: mostly live ones
clients = st.sampled_from("abcd")


class BesideTheModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.journal = Journal("e", {"msgpack": pack})
        self.view: dict[str, ClientRecord] = {}
        self.seconds = 100.0
        self.every: list[tuple[Session, NaiveSession]] = []  # old ones too: late words come

    @initialize(policy=policies)
    def start(self, policy: Policy) -> None:
        self.registry, self.model = Registry(policy), Naive(policy)

    # --- what may happen --------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.5, 1.0, 2.0, 3.0, 7.0, 12.0]))
    def wait(self, seconds: float) -> None:
        self.seconds += seconds

    @rule(client=clients, instance=st.sampled_from(["", "i1", "i2"]))
    def register(self, client: str, instance: str) -> None:
        before = self.model.status(client)
        reason = self.model.reason_to_register(client, instance)
        expected = self.model.register(client, instance, self.seconds)
        registration = Registration(Register(client, instance=instance), "tcp", "127.0.0.1:5")
        try:
            admission = self.registry.register(registration, Line(), self.now)
        except RegistrationRefused as refusal:
            assert refusal.code == expected  # noqa: PT017 - whether it raises is the model's to say
            return
        assert isinstance(expected, NaiveSession)
        self.every.append((admission.session, expected))
        self.compare(client, admission.transition, before, reason)

    @precondition(lambda self: self.every)
    @rule(index=which)
    def ping(self, index: int) -> None:
        real, naive = self.pick(index)
        before = self.model.status(naive.client)
        if naive in self.model.sessions:
            naive.state, naive.last_ping = "FRESH", self.seconds
            self.model.about[naive.client]["last_seen"] = self.seconds
        self.compare(naive.client, self.registry.heard(real, self.now), before, "returned")

    @precondition(lambda self: self.every)
    @rule(index=which)
    def leave(self, index: int) -> None:
        real, naive = self.pick(index)
        before = self.model.status(naive.client)
        if naive in self.model.sessions:
            self.model.sessions.remove(naive)
        self.compare(naive.client, self.registry.leave(real, self.now), before, "left")

    @precondition(lambda self: self.every)
    @rule(index=which)
    def break_link(self, index: int) -> None:
        real, naive = self.pick(index)
        if not naive.linked:
            return
        before = self.model.status(naive.client)
        naive.linked = False
        if naive in self.model.sessions and naive.state != "HELD":
            doubtful = self.seconds < self.model.doubtful_until
            naive.state, naive.began = "DOUBTED" if doubtful else "BROKEN", self.seconds
        self.compare(naive.client, self.registry.broke(real, self.now), before, "closed")

    @precondition(lambda self: self.every)
    @rule(index=which, availability=st.sampled_from(["available", "away"]))
    def set_availability(self, index: int, availability: Literal["available", "away"]) -> None:
        real, naive = self.pick(index)
        about = self.model.about.get(naive.client, {})
        changes = naive in self.model.sessions and about["availability"] != availability
        assert self.registry.set_availability(real, availability, "") is changes
        if changes:
            about["availability"] = availability
            self.journal.changed(naive.client, was_present=True)

    @rule()
    def turn_late(self) -> None:
        before = {client: self.model.status(client) for client in self.model.present()}
        for naive in self.model.overdue(self.seconds):
            naive.state = "SILENT"
        told = (self.model.told(c, b, "silent", self.seconds) for c, b in before.items())
        transitions = self.registry.turn_late(self.now)
        assert {*map(brief, transitions)} == {t for t in told if t is not None}
        assert len({t.client_id for t in transitions}) == len(transitions)
        for transition in transitions:
            self.journal.changed(transition.client_id, was_present=True)

    @rule()
    def reap(self) -> None:
        self.turn_late()
        expected = self.model.due(self.seconds)
        due = self.registry.detector.due(self.now)
        pairs = dict(self.every)
        assert Counter(map(id, expected)) == Counter(id(pairs[real]) for real in due)
        for real in due:
            naive = pairs[real]
            before = self.model.status(naive.client)
            self.model.sessions.remove(naive)
            reason = "timeout" if naive.linked else "closed"
            self.compare(naive.client, self.registry.give_up(real, self.now), before, reason)

    @rule(seconds=st.sampled_from([3.0, 5.0, 12.0]))
    def reap_after(self, seconds: float) -> None:
        self.wait(seconds)
        self.reap()

    @rule()
    def stall(self) -> None:
        self.registry.detector.doubt(self.now)
        self.model.doubtful_until = self.seconds + self.model.policy.connection_timeout
        for naive in self.model.sessions:
            if naive.state == "BROKEN":
                naive.state, naive.began = "DOUBTED", self.seconds

    @rule(policy=policies)
    def change_settings(self, policy: Policy) -> None:
        self.registry.detector.follow(policy, self.now)
        self.model.follow(policy, self.seconds)

    @rule()
    def publish(self) -> None:
        seen = self.journal.revision
        self.journal.publish(self.registry.record)
        self.registry.forget_surplus()
        while len(self.model.gone) > self.model.policy.max_clients:
            del self.model.about[self.model.gone.pop(0)]
        for revision in range(seen + 1, self.journal.revision + 1):
            self.replay(self.journal.entry(revision).frames["msgpack"])
        present = {c: self.registry.record(c) for c in self.model.present()}
        assert {c: timeless(r) for c, r in self.view.items()} == {
            c: timeless(r) for c, r in present.items() if r is not None
        }

    # --- what must hold ---------------------------------------------------------------------------

    @invariant()
    def the_same_clients_with_the_same_records(self) -> None:
        known = sorted({*self.model.present(), *self.model.gone})
        assert list(self.registry.ids_after(None)) == known
        for client in known:
            record = self.registry.record(client)
            assert record is not None
            about = self.model.about[client]
            assert record.status == self.model.status(client)
            assert record.reason == about["reason"]
            assert record.since == wall(about["since"])
            assert record.last_seen == wall(about["last_seen"])
            assert record.availability == about["availability"]
            assert record.sessions == sum(s.linked for s in self.model.of(client))

    @invariant()
    def counts_are_what_a_recount_gives(self) -> None:
        recount = Counter(map(self.model.status, self.model.present()))
        assert self.registry.counts == {"online": recount["online"], "late": recount["late"]}
        assert self.registry.remembered == len(self.model.gone)
        held = sum(s.state == "HELD" for s in self.model.sessions)
        assert self.registry.detector.held == held

    @invariant()
    def every_session_stands_in_the_one_queue_of_its_state(self) -> None:
        queues = self.registry.detector._queues
        places = [(session, state) for state, queue in queues.items() for session in queue]
        live = {real: naive for real, naive in self.every if naive in self.model.sessions}
        assert len(places) == len(live) == len(self.registry.detector)
        for session, state in places:
            assert session.state is state
            assert live[session].state == state.name

    # --- within -----------------------------------------------------------------------------------

    @property
    def now(self) -> Moment:
        return Moment(self.seconds, WALL + self.seconds)

    def pick(self, index: int) -> tuple[Session, NaiveSession]:
        return self.every[-1 - index % len(self.every)]

    def compare(self, client: str, transition: Transition | None, before: str, reason: str) -> None:
        told = self.model.told(client, before, reason, self.seconds)
        assert (transition and brief(transition)) == told
        self.journal.changed(client, was_present=before != "offline")

    def replay(self, data: bytes) -> None:
        diff = from_server.decode(data)
        assert isinstance(diff, Diff)
        for joined in diff.joins:
            assert joined.client_id not in self.view
        for known in (*diff.updates, *diff.leaves):
            assert known.client_id in self.view
        self.view |= {record.client_id: record for record in (*diff.joins, *diff.updates)}
        for left in diff.leaves:
            assert left.status == "offline"
            del self.view[left.client_id]


def brief(transition: Transition) -> Told:
    return transition.client_id, transition.before, transition.after, transition.reason


def timeless(record: ClientRecord) -> ClientRecord:
    """A ping is not told to watchers, so their last_seen is that of the last change."""
    return structs.replace(record, last_seen=record.since)


def wall(seconds: float) -> datetime:
    return datetime.fromtimestamp(WALL + seconds, UTC)


TestTheRegistryDoesWhatTheModelDoes = BesideTheModel.TestCase
TestTheRegistryDoesWhatTheModelDoes.settings = settings(max_examples=200, stateful_step_count=50)
