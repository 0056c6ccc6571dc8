"""The truth: what each sign of life, and each end of a session, makes of a client."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from lastseen.server.presence.admission import Admission, RegistrationRefused
from lastseen.server.presence.model import Moment, Policy, Registration, State, Transition
from lastseen.server.presence.registry import Registry
from lastseen.shared.messages import ClientRecord, Register

Make = Callable[..., Registry]


def at(seconds: float) -> Moment:
    return Moment(seconds, 1_800_000_000 + seconds)


def wall(seconds: float) -> datetime:
    return datetime.fromtimestamp(1_800_000_000 + seconds, UTC)


class Link:
    """A link that is only told apart."""

    def send(self, message: object) -> None: ...
    def dismiss(self, goodbye: object) -> None: ...
    def has_unread(self) -> bool:
        return False

    def crashed(self) -> None: ...


def register(
    registry: Registry, client_id: str = "a", instance: str = "i1", now: float = 0, **fields: Any
) -> Admission:
    message = Register(client_id, instance=instance, **fields)
    return registry.register(Registration(message, "tcp", "127.0.0.1:5"), Link(), at(now))


def record(registry: Registry, client_id: str = "a") -> ClientRecord:
    found = registry.record(client_id)
    assert found is not None
    return found


def change(transition: Transition | None) -> tuple[str, str, str] | None:
    return transition and (transition.before, transition.after, transition.reason)


@pytest.fixture
def new_registry() -> Make:
    def make(**policy: Any) -> Registry:
        return Registry(Policy(**policy))

    return make


@pytest.fixture
def registry(new_registry: Make) -> Registry:
    return new_registry()


# --- the way of a client --------------------------------------------------------------------------


def test_a_client_that_registers_is_online_and_shown_as_it_describes_itself(registry: Registry):
    admission = register(
        registry, name="Web 1", hostname="web-01", groups=("web", "eu"), meta={"rack": 3}, now=7
    )
    assert change(admission.transition) == ("offline", "online", "registered")
    assert record(registry) == ClientRecord(
        client_id="a",
        status="online",
        reason="registered",
        since=wall(7),
        last_seen=wall(7),
        name="Web 1",
        hostname="web-01",
        groups=("web", "eu"),
        meta={"rack": 3},
        address="127.0.0.1:5",
        sessions=1,
    )


def test_a_ping_moves_last_seen_and_makes_no_transition(registry: Registry):
    session = register(registry).session
    assert registry.heard(session, at(60)) is None
    assert (record(registry).last_seen, record(registry).since) == (wall(60), wall(0))


def test_one_silent_too_long_is_late_and_the_transition_says_for_how_long(registry: Registry):
    register(registry)
    assert registry.turn_late(at(89)) == []
    (changed,) = registry.turn_late(at(95))
    transition = changed.transition
    assert change(transition) == ("online", "late", "silent")
    assert transition.silence == 95
    assert record(registry).since == wall(95)
    assert registry.turn_late(at(96)) == []


def test_a_late_client_that_speaks_has_returned(registry: Registry):
    session = register(registry).session
    registry.turn_late(at(95))
    assert change(registry.heard(session, at(100))) == ("late", "online", "returned")


def test_a_client_that_leaves_is_offline_at_once_and_remembered(registry: Registry):
    session = register(registry, name="Web 1").session
    assert change(registry.leave(session, at(30))) == ("online", "offline", "left")
    assert "a" not in registry
    gone = record(registry)
    assert (gone.status, gone.reason, gone.name, gone.sessions) == ("offline", "left", "Web 1", 0)
    assert gone.since == wall(30)
    assert registry.remembered == 1


def test_a_broken_link_makes_a_client_late_and_its_end_is_closed(registry: Registry):
    session = register(registry).session
    assert change(registry.broke(session, at(10))) == ("online", "late", "closed")
    assert record(registry).sessions == 0
    assert registry.detector.due(at(15)) == ([session], [])
    assert change(registry.give_up(session, at(15))) == ("late", "offline", "closed")


def test_a_silent_client_that_is_given_up_on_timed_out(registry: Registry):
    session = register(registry).session
    registry.turn_late(at(120))
    assert change(registry.give_up(session, at(120))) == ("late", "offline", "timeout")
    assert record(registry).last_seen == wall(0)


def test_a_client_that_was_offline_has_returned_when_it_registers_again(registry: Registry):
    registry.leave(register(registry).session, at(1))
    assert change(register(registry, now=2).transition) == ("offline", "online", "returned")
    assert registry.remembered == 0
    assert list(registry.ids_after(None)) == ["a"]


def test_counts_follow_each_status(registry: Registry):
    register(registry, "a")
    broken = register(registry, "b").session
    assert registry.counts == {"online": 2, "late": 0}
    registry.broke(broken, at(1))
    assert registry.counts == {"online": 1, "late": 1}
    registry.give_up(broken, at(10))
    registry.turn_late(at(90))
    assert registry.counts == {"online": 0, "late": 1}


# --- the same instance ----------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", ["replace", "reject", "share"])
def test_the_same_instance_takes_over_silently_whatever_the_policy(
    new_registry: Make, duplicate: str
):
    registry = new_registry(duplicate=duplicate)
    old = register(registry).session
    registry.set_availability(old, "busy", "in a call")
    old_link = old.link
    admission = register(registry, now=5)
    assert admission.transition is None
    assert admission.displaced == [old_link]
    assert old.state is State.OVER
    now = record(registry)
    assert (now.since, now.sessions, now.availability) == (wall(0), 1, "busy")


def test_an_instance_that_comes_back_within_its_grace_has_returned_and_displaces_no_link(
    registry: Registry,
):
    registry.broke(register(registry).session, at(1))
    admission = register(registry, now=3)
    assert change(admission.transition) == ("late", "online", "returned")
    assert admission.displaced == []
    assert registry.detector.due(at(50)) == ([], [])


# --- another instance -----------------------------------------------------------------------------


def test_replace_another_instance_takes_the_older_ones_place(registry: Registry):
    old = register(registry).session
    old_link = old.link
    admission = register(registry, instance="i2", now=5)
    assert change(admission.transition) == ("online", "online", "replaced")
    assert admission.displaced == [old_link]
    assert (record(registry).reason, record(registry).since) == ("replaced", wall(0))
    assert registry.counts == {"online": 1, "late": 0}


def test_replace_what_the_older_instance_said_of_itself_goes_with_it(registry: Registry):
    registry.set_availability(register(registry).session, "busy", "in a call")
    register(registry, instance="i2")
    assert (record(registry).availability, record(registry).note) == ("available", "")


def test_replace_of_a_late_instance_is_a_return(registry: Registry):
    register(registry)
    registry.turn_late(at(95))
    assert change(register(registry, instance="i2", now=96).transition) == (
        "late",
        "online",
        "returned",
    )


def test_reject_refuses_another_instance_while_the_older_is_online(new_registry: Make):
    registry = new_registry(duplicate="reject")
    old = register(registry, name="old").session
    with pytest.raises(RegistrationRefused, match="'a' is in use by another instance") as refusal:
        register(registry, instance="i2", name="new")
    assert refusal.value.code == "duplicate_client"
    assert old.state is State.FRESH
    assert record(registry).name == "old"


def test_reject_lets_a_client_back_whose_older_session_is_late(new_registry: Make):
    registry = new_registry(duplicate="reject")
    old = register(registry).session
    old_link = old.link
    registry.turn_late(at(95))
    admission = register(registry, instance="i2", now=96)
    assert change(admission.transition) == ("late", "online", "returned")
    assert admission.displaced == [old_link]


def test_reject_lets_a_client_back_whose_older_link_broke(new_registry: Make):
    registry = new_registry(duplicate="reject")
    registry.broke(register(registry).session, at(1))
    admission = register(registry, instance="i2", now=2)
    assert change(admission.transition) == ("late", "online", "returned")
    assert admission.displaced == []


def test_share_a_client_is_online_until_its_last_session_leaves(new_registry: Make):
    registry = new_registry(duplicate="share")
    phone = register(registry, instance="phone").session
    admission = register(registry, instance="desk", now=1)
    assert (admission.transition, admission.displaced) == (None, [])
    assert record(registry).sessions == 2
    assert registry.leave(phone, at(2)) is None
    assert (record(registry).status, record(registry).sessions) == ("online", 1)
    assert change(registry.leave(admission.session, at(3))) == ("online", "offline", "left")


def test_share_is_late_only_when_all_sessions_are(new_registry: Make):
    registry = new_registry(duplicate="share")
    phone = register(registry, instance="phone").session
    desk = register(registry, instance="desk").session
    assert registry.broke(phone, at(1)) is None
    (late,) = registry.turn_late(at(90))
    assert change(late.transition) == ("online", "late", "silent")
    assert change(registry.heard(desk, at(91))) == ("late", "online", "returned")


def test_share_last_seen_is_the_latest_of_all_sessions_and_never_goes_back(new_registry: Make):
    registry = new_registry(duplicate="share")
    phone = register(registry, instance="phone").session
    desk = register(registry, instance="desk").session
    registry.heard(phone, at(50))
    registry.leave(phone, at(50))
    assert record(registry).last_seen == wall(50)
    registry.turn_late(at(120))
    registry.give_up(desk, at(120))
    assert record(registry).last_seen == wall(50)


def test_clients_that_name_no_instance_are_never_taken_for_the_same_one(new_registry: Make):
    assert change(_twice(new_registry(), "")) == ("online", "online", "replaced")
    with pytest.raises(RegistrationRefused):
        _twice(new_registry(duplicate="reject"), "")
    shared = new_registry(duplicate="share")
    _twice(shared, "")
    assert record(shared).sessions == 2


def _twice(registry: Registry, instance: str) -> Transition | None:
    register(registry, instance=instance)
    return register(registry, instance=instance).transition


# --- late words -----------------------------------------------------------------------------------


@pytest.mark.parametrize("instance", ["i1", "i2"])
def test_a_late_word_about_an_old_session_never_changes_a_newer_one(
    registry: Registry, instance: str
):
    old = register(registry).session
    register(registry, instance=instance, now=5)
    expected = record(registry)
    assert registry.heard(old, at(6)) is None
    assert registry.set_availability(old, "away", "") is False
    assert registry.broke(old, at(6)) is None
    assert registry.leave(old, at(6)) is None
    assert registry.give_up(old, at(6)) is None
    assert record(registry) == expected
    assert registry.counts == {"online": 1, "late": 0}
    assert len(registry.detector) == 1


def test_a_late_word_about_a_departed_client_changes_nothing(registry: Registry):
    session = register(registry).session
    registry.leave(session, at(1))
    expected = record(registry)
    registry.heard(session, at(2))
    registry.broke(session, at(2))
    assert record(registry) == expected
    assert "a" not in registry


# --- availability ---------------------------------------------------------------------------------


def test_availability_is_what_the_client_last_said(registry: Registry):
    session = register(registry).session
    assert registry.set_availability(session, "away", "lunch") is True
    assert registry.set_availability(session, "away", "lunch") is False
    assert registry.set_availability(session, "away", "") is True
    assert (record(registry).availability, record(registry).note) == ("away", "")


# --- limits ---------------------------------------------------------------------------------------


def test_one_client_more_than_max_clients_is_refused_in_a_sentence(new_registry: Make):
    registry = new_registry(max_clients=2)
    register(registry, "a")
    register(registry, "b")
    with pytest.raises(RegistrationRefused, match=r"2 clients .* server.max_clients is 2") as full:
        register(registry, "c")
    assert full.value.code == "server_full"
    assert registry.record("c") is None
    assert list(registry.ids_after(None)) == ["a", "b"]


def test_a_full_server_still_takes_back_those_that_are_present(new_registry: Make):
    registry = new_registry(max_clients=1)
    registry.broke(register(registry).session, at(1))
    assert change(register(registry, now=2).transition) == ("late", "online", "returned")


def test_those_that_went_offline_first_are_forgotten_first(new_registry: Make):
    registry = new_registry(max_clients=2)
    for now, client_id in enumerate("bac"):
        registry.leave(register(registry, client_id, now=now).session, at(now))
    assert registry.remembered == 3  # watchers are still to be told of the first
    registry.forget_surplus()
    assert registry.record("b") is None
    assert list(registry.ids_after(None)) == ["a", "c"]


def test_lowering_max_clients_forgets_all_that_are_too_many(new_registry: Make):
    registry = new_registry(max_clients=5)
    for client_id in "abcde":
        registry.leave(register(registry, client_id).session, at(1))
    registry.detector.follow(Policy(max_clients=2), at(2))
    registry.forget_surplus()
    assert list(registry.ids_after(None)) == ["d", "e"]
