"""A queue of those who wait equally long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.presence.model import Client, Moment, Session
from lastseen.server.presence.waiting import Waiting


def at(awake: float) -> Moment:
    return Moment(awake, 0.0)


def someone() -> Session:
    return Session(Client("c", 0.0), "", None, at(0))


def waiting(patience: float, *begun: float) -> tuple[Waiting, list[Session]]:
    """Sessions that began to wait at these times."""
    found = Waiting(patience)
    sessions = [someone() for _ in begun]
    for session, began in zip(sessions, begun, strict=True):
        found.insert(session, began)
    return found, sessions


def test_a_wait_is_over_when_patience_is_and_not_before():
    queue, [first, second, _] = waiting(10, 0, 5, 7)
    assert list(queue.over(at(9.9))) == []
    assert list(queue.over(at(10))) == [first]
    assert list(queue.over(at(15))) == [first, second]
    assert queue.deadline(second) == 15


def test_those_who_waited_for_any_other_time_can_be_asked_for():
    queue, [first, second, _] = waiting(10, 0, 2, 7)
    assert list(queue.waited(4, at(6))) == [first, second]


@pytest.mark.parametrize(
    ("changed_at", "patience", "over_at"),
    [(4, 20, 20), (4, 3, 7), (9, 3, 10), (9, 9, 10), (4, 10, 10)],
)
def test_a_changed_patience_blames_nobody_for_the_time_before(changed_at, patience, over_at):
    queue, [session] = waiting(10, 0)
    queue.follow(patience, at(changed_at))
    assert list(queue.over(at(over_at - 0.1))) == []
    assert list(queue.over(at(over_at))) == [session]


def test_changes_one_after_the_other_put_nothing_off():
    queue, [session] = waiting(10, 0)
    for second in range(10):
        queue.follow(8 if second % 2 else 9, at(second))
        assert list(queue.over(at(second))) == []
    assert list(queue.over(at(10))) == [session]


steps = st.lists(
    st.tuples(st.sampled_from(["insert", "remove", "renew"]), st.integers(0, 5), st.integers(0, 4))
)


@given(steps)
def test_whatever_comes_and_goes_those_here_stand_in_the_order_in_which_their_waits_began(steps):
    queue, sessions = Waiting(10), [someone() for _ in range(6)]
    here: list[Session] = []
    for now, (do, number, ago) in enumerate(steps):
        session = sessions[number]
        if (do == "insert") == (session in here):
            continue
        if session in here:
            here.remove(session)
        if do == "remove":
            queue.remove(session)
        else:
            began = float(now - ago if do == "insert" else now)
            here.append(session)
            (queue.insert if do == "insert" else queue.renew)(session, began)
            assert queue.deadline(session) == began + 10
            here.sort(key=lambda s: s.began)
        assert list(queue) == here
        assert list(reversed(queue)) == here[::-1]
        assert len(queue) == len(here)
