"""The registry and the journal beside a model too simple to be wrong: plain lists, full scans.

Any order of signs of life, ends, passes, stalls, settings and publishing must give the same
statuses and the same transitions in both, and what a watcher replays must be what is there.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import structs

from lastseen.server.presence.admission import RegistrationRefused
from lastseen.server.presence.description import precedence
from lastseen.server.presence.journal import Journal
from lastseen.server.presence.linkless import Beat
from lastseen.server.presence.model import (
    Change,
    Moment,
    Policy,
    Registration,
    Session,
    State,
    Transition,
)
from lastseen.server.presence.registry import Registry
from lastseen.shared.messages import ClientRecord, Diff, Register, Via
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

    def crashed(self) -> None: ...


class NaiveSession:
    """`timeout` and `every` are its own, of one that never had a link; its instance is None after
    a restart.
    """

    def __init__(
        self,
        client: str,
        instance: str | None,
        now: float,
        via: str = "tcp",
        timeout: float | None = None,
        every: float | None = None,
        address: str = "",
    ) -> None:
        self.client, self.instance, self.via, self.timeout = client, instance, via, timeout
        self.every, self.address, self.extra = every, address, 0.0
        self.last_ping = self.began = now
        self.state = "FRESH"
        self.linked = timeout is None

    def is_of(self, instance: str) -> bool:
        return instance not in ("", None) and self.instance == instance


UNKNOWN: dict[str, Any] = {
    "availability": "available",
    "groups": (),
    "via": "tcp",
    "timeout": None,
    "every": None,
    "by_link": True,
}

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

    def register(
        self, client: str, instance: str, groups: tuple[str, ...], address: str, now: float
    ) -> "tuple[NaiveSession, str] | str":
        """The new session and the reason of a transition; or the code of a refusal."""
        mine, policy = self.of(client), self.policy
        if not mine and len(self.present()) >= policy.max_clients:
            return "server_full"
        own = [s for s in mine if s.is_of(instance) or s.instance is None]
        in_the_way = [s for s in mine if s not in own and s.timeout is None]
        if policy.duplicate == "share" or any(s.timeout is None for s in own):
            in_the_way = []
        online = any(s.state == "FRESH" for s in in_the_way)
        if online and policy.duplicate == "reject":
            return "duplicate_client"
        others = [s for s in own + in_the_way if not s.is_of(instance)]
        self.sessions = [s for s in self.sessions if s not in own and s not in in_the_way]
        reason = "replaced" if online else self.reason_to_come(client, mine)
        self.sessions.append(NaiveSession(client, instance, now, address=address))
        known = UNKNOWN if others or not mine else {}
        said = {"groups": groups, "by_link": True, "last_seen": now}
        self.about[client] = self.about.get(client, {}) | known | said
        return self.sessions[-1], reason

    def beat(
        self,
        client: str,
        via: str,
        limits: tuple[float, float | None],
        instance: str,
        groups: tuple[str, ...] | None,
        address: str,
        now: float,
    ) -> "tuple[NaiveSession, str] | str":
        mine = self.of(client)
        if not mine:
            if len(self.present()) >= self.policy.max_clients:
                return "server_full"
            self.about[client] = self.about.get(client, {}) | UNKNOWN
        reason = self.reason_to_come(client, mine)
        session = self.linkless(client, via)
        if session is None:
            self.sessions = [s for s in self.sessions if s not in mine or s.instance is not None]
            session = NaiveSession(client, instance, now, via, limits[0])
            self.sessions.append(session)
        session.instance, session.address = instance, address
        (session.timeout, session.every), session.extra = limits, 0.0
        session.state, session.last_ping, session.began = "FRESH", now, now
        about = self.about[client]
        about["last_seen"] = now
        if self.describes(session):
            if about["by_link"]:
                about["availability"] = "available"
            about["by_link"] = False
            about["groups"] = about["groups"] if groups is None else groups
        return session, reason

    def linkless(self, client: str, via: str) -> NaiveSession | None:
        found = [s for s in self.of(client) if s.timeout is not None and s.via == via]
        return found[0] if found else None

    def describes(self, session: NaiveSession) -> bool:
        mine = self.of(session.client)
        without = [s for s in mine if s.timeout is not None]
        return not any(s.linked for s in mine) and without[-1] is session

    def reason_to_come(self, client: str, mine: list[NaiveSession]) -> str:
        late = bool(mine) and all(s.state != "FRESH" for s in mine)
        return "returned" if client in self.gone or late else "registered"

    def show(self) -> None:
        """Where each client is: fresh sessions first, then those with a link, then later ones."""
        for client in self.present():
            mine = self.of(client)
            for wanted in (
                [s for s in mine if s.state == "FRESH" and s.linked],
                [s for s in mine if s.state == "FRESH"],
                [s for s in mine if s.linked],
                mine,
            ):
                if wanted:
                    shown = wanted[-1]
                    break
            about = self.about[client]
            about["via"], about["address"] = shown.via, shown.address
            about["timeout"], about["every"] = shown.timeout, shown.every

    def told(self, client: str, before: str, reason: str, now: float) -> Told | None:
        self.show()
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

    def patience(self, s: NaiveSession, now: float) -> float:
        """The old patience still holds where the new one, counted from the change, is not over."""
        if s.timeout is not None and s.state != "HELD":
            every = s.timeout if s.every is None else s.every
            return s.extra + (every if s.state == "FRESH" else s.timeout)
        return self.patience_in(s.state, now)

    def patience_in(self, state: str, now: float) -> float:
        new = self.plain_patience(state)
        changed, old = self.shorter.get(state, (float("-inf"), new))
        return old if now - changed < new < old else new

    def plain_patience(self, state: str) -> float:
        policy = self.policy
        whole = policy.connection_timeout
        return {
            "FRESH": min(1.5 * policy.heartbeat_interval, whole),
            "SILENT": whole,
            "BROKEN": policy.reconnect_grace,
            "DOUBTED": whole + policy.reconnect_grace,
            "HELD": policy.mass_loss_hold,
        }[state]

    def follow(self, policy: Policy, now: float) -> None:
        states = ("FRESH", "SILENT", "BROKEN", "DOUBTED", "HELD")
        old = {state: self.patience_in(state, now) for state in states}
        self.policy = policy
        for state in states:
            if self.plain_patience(state) < old[state]:
                self.shorter[state] = (now, old[state])

    def is_over(self, s: NaiveSession, now: float) -> bool:
        return now - s.began >= self.patience(s, now)

    def quiet(self, via: str, now: float) -> set[str]:
        return {
            s.client
            for s in self.sessions
            if s.timeout is not None and s.via == via and s.state != "HELD"
            if now - s.began >= s.timeout / 2
        }

    def overdue(self, now: float) -> list[NaiveSession]:
        fresh = [s for s in self.sessions if s.state == "FRESH" and not expires_fresh(s)]
        return [s for s in fresh if self.is_over(s, now)]

    def due(self, now: float) -> "tuple[list[NaiveSession], list[NaiveSession]]":
        """Those that expire, and those that are held instead."""
        policy, over = self.policy, [s for s in self.sessions if self.is_over(s, now)]
        newly = [s for s in over if s.state in LATE or (s.state == "FRESH" and expires_fresh(s))]
        held = [s for s in over if s.state == "HELD"]
        late = sum(s.state != "FRESH" or s in newly for s in self.sessions)
        many = late >= policy.mass_loss_min and late / len(self.sessions) > policy.mass_loss_ratio
        if not many or policy.mass_loss_hold == 0:
            return newly + held, []
        return held, newly


def expires_fresh(s: NaiveSession) -> bool:
    """Whether it is never late: its timeout ends no later than `every`."""
    return s.timeout is not None and s.every in (None, s.timeout)


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
instances = st.sampled_from(["", "i1", "i2"])
groups = st.sampled_from([(), ("web",), ("web", "eu"), ("eu", "eu")])
ways = st.sampled_from(["http", "lan"])
LIMITS: dict[tuple[float, float | None], tuple[float, float | None]] = {
    (4.0, None): (4.0, None),
    (8.25, None): (9.0, None),
    (8.25, 2.5): (9.0, 3.0),
    (4.0, 4.0): (4.0, 4.0),
}
"""Timeout and every as asked for, and as they count."""
limits = st.sampled_from(list(LIMITS))
restored = st.dictionaries(
    clients,
    st.none() | st.tuples(limits.map(LIMITS.__getitem__), st.sampled_from([0.0, 3.5, 9.0, 20.0])),
    max_size=2,
)


class BesideTheModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.journal = Journal("e", {"msgpack": pack})
        self.view: dict[str, ClientRecord] = {}
        self.seconds = 100.0
        self.every: list[Session] = []  # old ones too: late words come
        self.pairs: dict[Session, NaiveSession] = {}

    @initialize(policy=policies, before=restored)
    def start(self, policy: Policy, before: dict[str, Any]) -> None:
        self.registry, self.model = Registry(policy), Naive(policy)
        for client, heartbeat in before.items():
            self.restore(client, *(heartbeat or ((None, None), 0.0)))

    def restore(
        self, client: str, limits: tuple[float | None, float | None], silence: float
    ) -> None:
        timeout, every = limits
        via: Via = "tcp" if timeout is None else "http"
        naive = NaiveSession(
            client, None, self.seconds - silence, via, timeout, every, "10.0.0.1:1"
        )
        naive.linked = False
        if timeout is None:
            naive.state = "DOUBTED"
        else:
            naive.extra = self.model.policy.reconnect_grace
            if self.model.is_over(naive, self.seconds):
                naive.state = "SILENT"
        self.model.sessions.append(naive)
        about = {"last_seen": self.seconds - 50, "since": self.seconds}
        about |= {"by_link": timeout is None}
        about |= {"reason": "registered" if naive.state == "FRESH" else "closed"}
        self.model.about[client] = UNKNOWN | about
        self.model.show()
        seen = wall(self.seconds - 50)
        record = ClientRecord(
            client, "late", "closed", seen, seen,
            via=via, timeout=timeout, every=every, address=naive.address,
        )  # fmt: skip
        self.registry.restore(record, self.now, silence)
        self.pairs[self.registry.sessions_of(client)[0]] = naive
        self.journal.changed(client, was_present=False)

    # --- what may happen --------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.5, 1.0, 2.0, 3.0, 7.0, 12.0]))
    def wait(self, seconds: float) -> None:
        self.seconds += seconds

    @rule(client=clients, instance=instances, groups=groups)
    def register(self, client: str, instance: str, groups: tuple[str, ...]) -> None:
        before = self.model.status(client)
        address = f"127.0.0.1:{round(2 * self.seconds)}"
        expected = self.model.register(client, instance, groups, address, self.seconds)
        message = Register(client, instance=instance, groups=groups)
        registration = Registration(message, "tcp", address)
        try:
            admission = self.registry.register(registration, Line(), self.now)
        except RegistrationRefused as refusal:
            assert refusal.code == expected  # noqa: PT017 - whether it raises is the model's to say
            return
        assert not isinstance(expected, str)
        self.every.append(admission.session)
        self.pairs[admission.session], reason = expected
        self.compare(client, admission.transition, before, reason)

    @rule(
        client=clients,
        via=ways,
        limits=limits,
        instance=instances,
        groups=st.none() | groups,
    )
    def beat(
        self,
        client: str,
        via: Literal["http", "lan"],
        limits: tuple[float, float | None],
        instance: str,
        groups: tuple[str, ...] | None,
    ) -> None:
        before, new = self.model.status(client), self.model.linkless(client, via) is None
        address = f"127.0.0.1:{round(2 * self.seconds)}"
        whole = LIMITS[limits]
        expected = self.model.beat(client, via, whole, instance, groups, address, self.seconds)
        beat = Beat(client, via, address, *limits, instance, groups=groups)
        try:
            beaten = self.registry.beat(beat, self.now)
        except RegistrationRefused as refusal:
            assert refusal.code == expected  # noqa: PT017 - whether it raises is the model's to say
            return
        assert not isinstance(expected, str)
        session, reason = self.registry.linkless(client, via), expected[1]
        assert session is not None
        assert beaten.began is new
        if new:
            self.every.append(session)
        self.pairs[session] = expected[0]
        assert (beaten.transition and brief(beaten.transition)) == self.model.told(
            client, before, reason, self.seconds
        )
        if beaten.news or beaten.transition is not None:
            self.journal.changed(client, was_present=before != "offline")

    @precondition(lambda self: self.every)
    @rule(index=which)
    def ping(self, index: int) -> None:
        real, naive = self.pick(index)
        if naive.timeout is not None:
            return
        before = self.model.status(naive.client)
        if naive in self.model.sessions:
            naive.state, naive.last_ping, naive.began = "FRESH", self.seconds, self.seconds
            self.model.about[naive.client]["last_seen"] = self.seconds
        self.compare(naive.client, self.registry.heard(real, self.now), before, "returned")

    @rule(client=clients)
    def kick(self, client: str) -> None:
        before = self.model.status(client)
        sessions = self.registry.sessions_of(client)
        assert Counter(map(id, self.model.of(client))) == Counter(
            id(self.pairs[session]) for session in sessions
        )
        self.model.sessions = [s for s in self.model.sessions if s.client != client]
        in_order = sorted(sessions, key=precedence)
        transitions = [self.registry.kick(session, self.now) for session in in_order]
        for transition in transitions[:-1]:
            assert transition is None
        if transitions:
            self.compare(client, transitions[-1], before, "kicked")

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
        self.compare_changes(self.registry.turn_late(self.now), told)

    @rule()
    def reap(self) -> None:
        self.turn_late()
        expected = self.model.due(self.seconds)
        due = self.registry.detector.due(self.now)
        for found, wanted in zip(due, expected, strict=True):
            assert Counter(map(id, wanted)) == Counter(id(self.pairs[real]) for real in found)
        before = {client: self.model.status(client) for client in self.model.present()}
        for naive in expected[1]:
            naive.state, naive.began = "HELD", self.seconds
        told = (self.model.told(c, b, "silent", self.seconds) for c, b in before.items())
        self.compare_changes([self.registry.hold(real, self.now) for real in due.held], told)
        for real in due.expired:
            naive = self.pairs[real]
            status = self.model.status(naive.client)
            self.model.sessions.remove(naive)
            broken = not naive.linked and naive.timeout is None
            reason = "closed" if broken else "timeout"
            self.compare(naive.client, self.registry.give_up(real, self.now), status, reason)

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
            elif naive.timeout is not None and naive.state != "HELD" and not naive.extra:
                naive.extra = self.model.policy.reconnect_grace

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
            assert record.groups == about["groups"]
            shown = record.via, record.address, record.timeout, record.every
            assert shown == (about["via"], about["address"], about["timeout"], about["every"])
            assert record.sessions == sum(s.linked for s in self.model.of(client))

    @invariant()
    def counts_are_what_a_recount_gives(self) -> None:
        recount = Counter(map(self.model.status, self.model.present()))
        assert self.registry.counts == {"online": recount["online"], "late": recount["late"]}
        assert self.registry.remembered == len(self.model.gone)
        held = sum(s.state == "HELD" for s in self.model.sessions)
        assert self.registry.detector.held == held

    @invariant()
    def the_census_is_what_a_recount_by_group_and_way_gives(self) -> None:
        groups: dict[str, Counter[str]] = {}
        ways: dict[str, Counter[str]] = {}
        for client in self.model.present():
            status, about = self.model.status(client), self.model.about[client]
            ways.setdefault(about["via"], Counter(online=0, late=0))[status] += 1
            for group in {*about["groups"]}:
                groups.setdefault(group, Counter(online=0, late=0))[status] += 1
        assert self.registry.census.groups == groups
        assert self.registry.census.ways == ways

    @invariant()
    def the_quiet_are_those_silent_for_half_of_their_timeout(self) -> None:
        for via in ("http", "lan"):
            quiet = self.registry.quiet(via, self.now)
            assert len(quiet) == len({*quiet})
            assert {*quiet} == self.model.quiet(via, self.seconds)

    @invariant()
    def every_session_stands_in_the_one_queue_of_its_state(self) -> None:
        detector = self.registry.detector
        waits = [(None, detector._waits), *detector._own.items()]
        places = [
            (session, state, limits)
            for limits, states in waits
            for state, waiting in states.items()
            for session in waiting
        ]
        live = {real: naive for real, naive in self.pairs.items() if naive in self.model.sessions}
        assert len(places) == len(live) == len(detector)
        for session, state, limits in places:
            naive = live[session]
            assert session.state is state
            assert naive.state == state.name
            if state is State.HELD or naive.timeout is None:
                assert limits is None
            else:
                late_after = naive.timeout if naive.every is None else naive.every
                assert limits == (late_after, naive.timeout, naive.extra)
        assert {*detector._own} == {found for _, _, found in places if found is not None}

    # --- within -----------------------------------------------------------------------------------

    @property
    def now(self) -> Moment:
        return Moment(self.seconds, WALL + self.seconds)

    def pick(self, index: int) -> tuple[Session, NaiveSession]:
        real = self.every[-1 - index % len(self.every)]
        return real, self.pairs[real]

    def compare(self, client: str, transition: Transition | None, before: str, reason: str) -> None:
        told = self.model.told(client, before, reason, self.seconds)
        assert (transition and brief(transition)) == told
        self.journal.changed(client, was_present=before != "offline")

    def compare_changes(self, changes: list[Change], told: Iterable[Told | None]) -> None:
        transitions = [c.transition for c in changes if c.transition is not None]
        assert {*map(brief, transitions)} == {t for t in told if t is not None}
        assert len({t.client_id for t in transitions}) == len(transitions)
        for change in changes:
            self.journal.changed(change.client_id, was_present=True)

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
    """A ping is not told to watchers, so their last_seen is that of the last change; nor is the
    port of a beat.
    """
    return structs.replace(record, last_seen=record.since, address=record.address.split(":")[0])


def wall(seconds: float) -> datetime:
    return datetime.fromtimestamp(WALL + seconds, UTC)


TestTheRegistryDoesWhatTheModelDoes = BesideTheModel.TestCase
TestTheRegistryDoesWhatTheModelDoes.settings = settings(max_examples=200, stateful_step_count=50)
