"""A channel that is turned off while something waits for it, held to what a receiver heard."""

from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.outbox import Outbox
from lastseen.server.notify.quiet import Matcher
from lastseen.server.presence.model import Transition
from lastseen.server.store.telling import Delivery, Telling, Waiting
from lastseen.shared.messages import ClientRecord

T0 = 1_800_000_000.0


class World:
    """An outbox, its deliveries in memory, and a receiver that hears what a test has sent.

    Attributes:
        heard: What the receiver heard, repeats left out.
    """

    def __init__(self, **settings: object) -> None:
        self.channel = Channel(name="ops", **settings)
        names = map(str, count(1))
        self.outbox = Outbox([self.channel], lambda: f"msg_{next(names)}")
        self.now, self.off_at = T0, 0.0
        self.numbers = count(1)
        self.rows: dict[str, Delivery] = {}
        self.heard: dict[str, Delivery] = {}
        self.standings: dict[str, object] = {}
        self.offline: set[str] = set()

    # --- what happens ---

    def turns(self, client_id: str = "a", reason: str = "timeout") -> None:
        back = client_id in self.offline
        self.offline ^= {client_id}
        before, after = ("offline", "online") if back else ("late", "offline")
        reason = "returned" if back else reason
        moment = datetime.fromtimestamp(self.now - 1, UTC)
        record = ClientRecord(client_id, after, reason, moment, moment)
        transition = Transition(client_id, before, after, reason, self.now, 1.0, "10.0.0.1:1")
        self.keep(self.outbox.transition(transition, record, "epoch", next(self.numbers), self.now))

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.keep(self.outbox.tick(self.now, self.now))

    def silence(self, quiet: bool) -> None:
        for telling in self.outbox.silence(frozenset([Matcher()] if quiet else []), self.now):
            self.keep(telling)

    def turn_off(self) -> None:
        """All that waits is given up, as at the end of `GivingUp`."""
        self.off_at = self.now
        self._follow(enabled=False)
        lines: dict[str, list[Delivery]] = {}
        for row in self._pending():
            lines.setdefault(row.client_id, []).append(row)
        found = [Waiting(tuple(line), self._last_told(name)) for name, line in lines.items()]
        self.keep(self.outbox.give_up(found, "it is off", self.now))
        assert not self._pending()

    def turn_on(self) -> None:
        self._follow(enabled=True)

    def restarts(self) -> None:
        quiet = self.outbox.quiet
        self.outbox = Outbox(self.outbox._channels.values(), self.outbox._new_key)
        self.outbox.restore(self.standings.values())
        self.silence(bool(quiet))

    def sends(self, outcome: str = "taken") -> None:
        """Of each client what is first in line, if it is due."""
        first = {row.client_id: row for row in reversed(self._pending())}
        for row in first.values():
            if row.due_at > self.now:
                continue
            if outcome != "refused":
                assert row.created_at >= self.off_at, "what is old is no news"
                self.heard.setdefault(row.key, row)
            state = "sent" if outcome == "taken" else "pending"
            self.rows[row.key] = replace(row, state=state, attempts=row.attempts + 1)

    def sends_all(self) -> None:
        while any(row.due_at <= self.now for row in self._pending()):
            self.sends()

    # --- what came of it ---

    def story(self, client_id: str = "a") -> list[str]:
        return [row.kind for row in self.heard.values() if row.client_id == client_id]

    def keep(self, telling: Telling) -> None:
        self.rows |= {delivery.key: delivery for delivery in telling.deliveries}
        for key in telling.withdrawn:
            if not self.rows[key].attempts:
                self._withdraw(key)
        for given_up in telling.given_up:
            for key in given_up.keys:
                self._withdraw(key)
        self.standings |= {s.client_id: s for s in telling.standings}
        for _, client_id in telling.settled:
            self.standings.pop(client_id, None)
        assert len(self.standings) == len(self.outbox)

    def _withdraw(self, key: str) -> None:
        if self.rows[key].state == "pending":
            self.rows[key] = replace(self.rows[key], state="withdrawn")

    def _follow(self, *, enabled: bool) -> None:
        for telling in self.outbox.follow([replace(self.channel, enabled=enabled)], self.now):
            self.keep(telling)

    def _pending(self) -> list[Delivery]:
        return [row for row in self.rows.values() if row.state == "pending"]

    def _last_told(self, client_id: str) -> Delivery | None:
        tried = (r for r in self.rows.values() if r.client_id == client_id and r.attempts)
        return next(reversed(list(tried)), None)


def test_an_outage_that_waited_and_is_over_is_never_told():
    world = World()
    world.turns()
    world.turn_off()
    world.turns()
    world.turn_on()
    world.sends_all()
    assert world.story() == []
    assert not world.standings


def test_an_outage_that_waited_and_goes_on_is_told_once_when_the_channel_is_on_again():
    world = World()
    world.turns()
    world.turn_off()
    world.passes(600)
    world.turn_on()
    world.sends_all()
    world.turns()
    world.sends_all()
    assert world.story() == ["offline", "online"]
    assert [row.created_at for row in world.heard.values()] == [T0 + 600] * 2


def test_a_return_that_waited_is_told_when_the_channel_is_on_again():
    world = World()
    world.turns()
    world.sends_all()
    world.passes(60)
    world.turns()
    world.turn_off()
    world.passes(60)
    world.turn_on()
    world.sends_all()
    assert world.story() == ["offline", "online"]
    [_, back] = world.heard.values()
    assert back.notice["gone"] == 61.0


def test_an_outage_after_a_return_that_waited_is_told_as_another_one():
    world = World()
    world.turns()
    world.sends_all()
    world.turns()
    world.turn_off()
    world.passes(60)
    world.turns()
    world.turn_on()
    world.sends_all()
    assert world.story() == ["offline", "offline"]


@pytest.mark.parametrize("outcome", ["refused", "lost"])
def test_of_an_outage_that_may_have_been_told_the_return_is_told(outcome):
    world = World()
    world.turns()
    world.sends(outcome)
    world.turn_off()
    world.turns()
    world.turn_on()
    world.sends_all()
    assert world.story()[-1] == "online"


def test_an_outage_that_was_tried_in_vain_and_goes_on_is_told():
    world = World()
    world.turns()
    world.sends("refused")
    world.turn_off()
    world.turn_on()
    world.sends_all()
    assert world.story() == ["offline"]


def test_a_return_that_was_tried_in_vain_is_told():
    world = World()
    world.turns()
    world.sends_all()
    world.turns()
    world.sends("refused")
    world.turn_off()
    world.turn_on()
    world.sends_all()
    assert world.story() == ["offline", "online"]


def test_a_reminder_that_waited_is_given_up_and_the_outage_not_told_again():
    world = World(repeat_interval=60)
    world.turns()
    world.sends_all()
    world.passes(60)
    world.turn_off()
    world.turn_on()
    world.sends_all()
    assert world.story() == ["offline"]
    world.passes(60)
    world.sends_all()
    assert world.story() == ["offline", "reminder"]


def test_a_flapping_that_waited_is_not_told_when_the_client_is_steady_by_then():
    world = World(flap_threshold=3, flap_window=60)
    for _ in range(4):
        world.turns()
    world.turn_off()
    world.passes(600)
    world.turn_on()
    world.sends_all()
    assert world.story() == []


def test_who_went_by_a_way_that_the_channel_does_not_ask_for_is_not_told_of_as_gone():
    world = World(reasons=("timeout",))
    world.turns()
    world.silence(quiet=True)
    world.turns()
    world.turns(reason="left")
    world.turn_off()
    world.silence(quiet=False)
    world.turn_on()
    world.sends_all()
    assert world.story() == []


steps = st.lists(
    st.one_of(
        st.tuples(st.just("turns"), st.sampled_from(["a", "b"])),
        st.tuples(st.just("passes"), st.sampled_from([1.0, 20.0, 45.0, 200.0])),
        st.tuples(st.just("silence"), st.booleans()),
        st.tuples(st.just("sends"), st.sampled_from(["taken", "refused", "lost"])),
        st.tuples(st.sampled_from(["turn_off", "turn_on", "restarts", "sends"])),
    ),
    max_size=50,
)
about = st.fixed_dictionaries(
    {
        "delay": st.sampled_from([0, 30]),
        "flap_threshold": st.sampled_from([0, 3]),
        "flap_window": st.just(60),
        "repeat_interval": st.sampled_from([0, 60]),
    }
)


@settings(max_examples=400)
@given(about, steps)
def test_however_often_it_is_turned_off_what_the_receiver_believes_in_the_end_is_so(about, steps):
    world = World(**about)
    for name, *what in steps:
        getattr(world, name)(*what)
    world.silence(quiet=False)
    world.turn_on()
    for _ in range(4):  # whoever flapped is steady, and every delay is over
        world.passes(100)
        world.sends_all()
    for client_id in ("a", "b"):
        believed = [kind for kind in world.story(client_id) if kind != "reminder"][-1:]
        assert believed in ([["offline"]] if client_id in world.offline else [[], ["online"]])


@settings(max_examples=200)
@given(about, steps)
def test_where_every_answer_arrives_no_return_is_told_without_its_outage_and_no_outage_twice(
    about, steps
):
    world = World(**about)
    for name, *what in steps:
        if what not in (["refused"], ["lost"]):
            getattr(world, name)(*what)
    for client_id in ("a", "b"):
        believed = "online"
        for kind in world.story(client_id):
            assert (kind, believed) != ("online", "online")
            believed = kind
    outages = [row.number for row in world.heard.values() if row.kind == "offline"]
    assert len(outages) == len(set(outages))
