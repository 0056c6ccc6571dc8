"""Who is known: coming, departing and being forgotten, without a clock or a link."""

import pytest

from lastseen.server.presence.model import Client, Moment
from lastseen.server.presence.roll import Roll


@pytest.fixture
def roll() -> Roll:
    """`a` and `c` are present; `b` departed, and then `d`."""
    roll = Roll()
    for moment, client_id in enumerate("dbca"):
        roll._enter(Client(client_id, float(moment)))
    for moment, client_id in ((10.0, "b"), (20.0, "d")):
        client = roll._clients[client_id]
        client.since, client.last_word = moment, Moment(moment, moment)
        roll._depart(client)
    return roll


def known(roll: Roll) -> str:
    return "".join(roll.ids_after(None))


def test_all_who_are_known_stand_in_order_whether_they_are_present_or_not(roll: Roll):
    assert known(roll) == "abcd"
    assert list(roll.ids_after("b")) == ["c", "d"]
    assert [client_id in roll for client_id in "abcd"] == [True, False, True, False]
    assert (len(roll), roll.remembered) == (2, 2)


def test_one_that_departed_is_known_by_its_last_record(roll: Roll):
    assert roll.find("b") is roll.record("b")
    assert roll.record("b").status == "offline"
    assert isinstance(roll.find("a"), Client)
    assert roll.find("z") is roll.record("z") is None


def test_one_that_comes_again_stands_once_and_its_last_record_counts_until_it_returns(roll: Roll):
    roll._enter(Client("b", 30.0))
    assert known(roll) == "abcd"
    assert [roll._returns("b"), roll._returns("b"), roll._returns("a")] == [True, False, False]
    assert (known(roll), len(roll), roll.remembered) == ("abcd", 3, 1)


def test_who_departed_first_is_found_first_and_forgotten_first(roll: Roll):
    assert roll.departed_before(20.0) == ["b"]
    assert roll.departed_last().client_id == "d"
    roll._forget_first(beyond=1)
    assert (known(roll), roll.departed_before(99.0)) == ("acd", ["d"])
    roll._forget_first(beyond=0)
    assert (known(roll), roll.departed_last()) == ("ac", None)


def test_only_one_that_departed_is_forgotten(roll: Roll):
    for client_id in "abz":
        roll.forget(client_id)
    assert known(roll) == "acd"
