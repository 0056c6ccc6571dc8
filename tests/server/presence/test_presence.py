# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
"""The one mutator: what watchers, displaced links, the counts and the log are told."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing

from lastseen.server.presence.admission import RegistrationRefused
from lastseen.server.presence.model import Moment, Policy
from lastseen.shared.messages import Goodbye, List

Worlds = Callable[..., Any]
Clock = trio.testing.MockClock


# --- sessions -------------------------------------------------------------------------------------


def test_a_displaced_link_is_told_that_it_was_replaced_and_not_to_come_back(
    world: Any, new_link: Any
):
    old, new = new_link(), new_link()
    world.register("a", "i1", old)
    world.register("a", "i2", new)
    [goodbye] = old.goodbyes
    assert (goodbye.reason, goodbye.reconnect) == ("replaced", False)
    assert "took over client_id 'a': give each process a client_id of its own" in goodbye.message
    assert new.goodbyes == []


def test_an_older_link_of_the_same_instance_may_come_back_in_case_the_newer_word_was_the_older(
    world: Any, new_link: Any
):
    old = new_link()
    world.register("a", "i1", old)
    world.register("a", "i1")
    assert old.goodbyes == [Goodbye("replaced", reconnect=True)]


def test_shared_links_are_left_alone(new_world: Worlds, new_link: Any):
    world, phone = new_world(duplicate="share"), new_link()
    world.register("a", "phone", phone)
    world.register("a", "desk")
    assert phone.goodbyes == []


def test_the_end_of_a_displaced_link_changes_nothing_and_is_not_told(world: Any, new_link: Any):
    old = world.register("a", "i1")
    world.register("a", "i1")
    world.tell()
    world.presence.broke(old, world.now)
    assert not world.presence.journal.pending
    assert world.status("a") == "online"


def test_one_given_up_on_is_told_timeout_and_to_come_back(world: Any, new_link: Any):
    link = new_link()
    world.register("a", link=link)
    world.wait(121)
    assert world.reap() == ["a"]
    assert link.goodbyes == [Goodbye("timeout", reconnect=True)]
    assert world.status("a") == "offline"


def test_reject_judges_by_who_is_late_now_and_not_at_the_last_look(new_world: Worlds):
    world = new_world(duplicate="reject")
    world.register("a", "i1")
    world.wait(91)  # late by now, though no pass has said so
    world.register("a", "i2")
    assert world.presence.transitions == {"registered": 1, "silent": 1, "returned": 1}


def test_a_refusal_is_counted_and_logged(new_world: Worlds, logged: Callable[[], str]):
    world = new_world(max_clients=1)
    world.register("a")
    with pytest.raises(RegistrationRefused):
        world.register("b")
    assert world.presence.counts.refused == 1
    assert "code=server_full why='the server is full: 1 clients are present" in logged()
    assert world.presence.refusals.counts == {"server_full": 1}


def test_each_transition_is_counted_by_its_reason_and_logged_in_one_line(
    world: Any, logged: Callable[[], str]
):
    session = world.register("a")
    world.presence.heard(session, world.now)
    world.wait(95)
    world.reap()
    assert world.presence.transitions == Counter(registered=1, silent=1)
    first, second = logged().splitlines()
    assert "client online" in first
    assert "client late" in second
    assert "client_id=a" in second
    assert "reason=silent silence=95.0" in second


# --- awake time and doubt -------------------------------------------------------------------------


def test_a_stall_of_the_server_moves_every_deadline_and_nobody_is_lost(new_world: Worlds):
    world = new_world(mass_loss_ratio=1.0)
    for n in range(20):
        world.register(f"{n}")
    world.presence.broke(world.register("broken"), world.now)
    world.stall(100_000)
    assert world.reap() == []
    world.wait(80)
    assert world.reap() == []
    assert world.presence.registry.counts == {"online": 20, "late": 1}
    world.wait(60)
    assert len(world.reap()) == 21


def test_a_stall_between_two_passes_of_the_reaper_counts_too(new_world: Worlds):
    world = new_world()
    world.register("a")
    world.wait(84)
    assert world.reap() == []
    world.wait(2)
    world.stall(8)
    world.wait(2)
    assert world.reap() == []
    assert world.status("a") == "online"  # 96 s of the wall, 88 s awake


def test_steps_of_the_wall_clock_make_nobody_late(world: Any):
    session = world.register("a")
    for step in (86_400, -10 * 86_400):
        world.wall += step
        assert world.reap() == []
        assert world.status("a") == "online"
        world.presence.heard(session, world.now)
    world.wait(91)
    world.reap()
    assert world.status("a") == "late"


@pytest.mark.parametrize(("stall", "grace"), [(20, 125), (3, 5)])
def test_after_a_stall_as_long_as_the_grace_links_that_break_have_a_longer_one(
    world: Any, stall: float, grace: float
):
    session = world.register("a")
    world.stall(stall)
    world.presence.broke(session, world.now)
    world.wait(grace - 0.5)
    assert world.reap() == []
    world.wait(1)
    assert world.reap() == ["a"]


def test_a_stall_is_logged_with_its_length(world: Any, logged: Callable[[], str]):
    world.stall(31.25)
    world.presence.publish()
    assert "the server stalled" in logged()
    assert world.presence.clock.stalled == 30


# --- mass loss ------------------------------------------------------------------------------------


def test_a_mass_loss_is_said_in_the_log_and_makes_nobody_offline_until_the_hold_is_over(
    world: Any, logged: Callable[[], str]
):
    sessions = [world.register(f"{n:02}") for n in range(20)]
    world.wait(121)
    assert world.reap() == []
    assert "most clients fell silent at once" in logged()
    assert world.presence.registry.detector.held == 20
    world.wait(30)
    for back in sessions[:15]:
        world.presence.heard(back, world.now)
    assert world.reap() == []
    assert "most clients" not in logged()
    world.wait(30)
    assert len(world.reap()) == 5
    assert world.presence.transitions == Counter(registered=20, silent=20, returned=15, timeout=5)


def test_those_that_come_back_during_the_hold_never_leave_a_watchers_view(
    world: Any, new_link: Any, new_view: Any
):
    link = new_link()
    sessions = [world.register(f"{n:02}") for n in range(20)]
    world.watch(link)
    for seconds in (95, 30, 20):
        world.wait(seconds)
        world.reap()
        world.tell()
    for back in sessions:
        world.presence.heard(back, world.now)
    world.tell()
    assert [d.leaves for d in link.diffs] == [[]] * len(link.diffs)
    assert {c.status for c in new_view().apply(link.sent).clients.values()} == {"online"}


# --- settings -------------------------------------------------------------------------------------


def test_changing_settings_makes_nobody_late_retroactively(new_world: Worlds):
    world = new_world()
    world.register("a")
    world.wait(60)
    world.presence.follow(Policy(heartbeat_interval=10, connection_timeout=20))
    assert world.presence.policy.heartbeat_interval == 10
    world.wait(14)
    assert world.reap() == []
    assert world.status("a") == "online"
    world.wait(2)
    world.reap()
    assert world.status("a") == "late"


# --- lists ----------------------------------------------------------------------------------------


def test_a_list_shows_who_is_late_at_this_very_moment(world: Any):
    world.register("a")
    world.tell()
    world.wait(91)
    answer = world.presence.list(List(request_id=3))
    assert [c.status for c in answer.clients] == ["late"]
    assert (answer.epoch, answer.revision, answer.request_id) == (world.presence.epoch, 1, 3)


# --- watchers -------------------------------------------------------------------------------------


def test_one_session_fewer_of_a_client_that_stays_is_told(
    new_world: Worlds, new_link: Any, new_view: Any
):
    world, link = new_world(duplicate="share"), new_link()
    phone, desk, tablet, _ = (world.register("a", n) for n in ("phone", "desk", "tablet", "tv"))
    world.watch(link)
    for end in (
        lambda: world.presence.broke(phone, world.now),
        lambda: world.presence.leave(desk, world.now),
        lambda: world.presence.give_up(tablet, world.now),
    ):
        end()
        world.tell()
        assert new_view().apply(link.sent).clients == world.snapshot()
    assert [d.updates[0].sessions for d in link.diffs] == [3, 2, 1]


def test_availability_is_told_once(world: Any, new_link: Any):
    link, session = new_link(), world.register("a")
    world.watch(link)
    for _ in range(3):
        world.presence.set_availability(session, "busy", "in a call")
        world.tell()
    (diff,) = link.diffs
    assert [(c.availability, c.note) for c in diff.updates] == [("busy", "in a call")]


def test_a_leave_is_told_though_so_many_left_at_once_that_it_is_forgotten(
    new_world: Worlds, new_link: Any, new_view: Any
):
    world, link = new_world(max_clients=1), new_link()
    a = world.register("a")
    world.watch(link)
    world.presence.leave(a, world.now)
    for other in "bc":
        world.presence.leave(world.register(other), world.now)
    world.tell()
    assert new_view().apply(link.sent).clients == {}
    assert world.presence.registry.remembered == 1


def test_what_somebody_else_published_is_offered_to_watchers_before_it_is_forgotten(
    world: Any, new_link: Any, new_view: Any
):
    link = new_link()
    world.watch(link)
    world.presence.journal._ring_bytes = 1_000
    for n in range(100):
        world.register(f"c{n}")
    world.presence.publish()  # as stats, forget and a new watcher do
    world.tell()
    assert link.goodbyes == []
    assert new_view().apply(link.sent).clients.keys() == {f"c{n}" for n in range(100)}


def test_one_that_watches_no_more_is_sent_nothing(world: Any, new_link: Any):
    link = new_link()
    world.watch(link)
    assert len(world.presence.watchers) == 1
    world.presence.watchers.remove(link)
    world.presence.watchers.remove(link)
    world.register("a")
    world.tell()
    world.presence.watchers.advance(link)
    assert (len(world.presence.watchers), link.diffs) == (0, [])


def test_a_moment_of_the_past_is_harmless(world: Any):
    """The pump's moment is as old as its turn."""
    session = world.register("a")
    world.wait(1)
    world.presence.heard(session, Moment(world.now.awake - 1, world.now.wall - 1))
    assert world.reap() == []
