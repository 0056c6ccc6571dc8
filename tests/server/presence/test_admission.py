"""Who may come in, and who makes way for a session with a link."""

import pytest

from lastseen.server.presence.admission import (
    RegistrationRefused,
    check_id,
    check_room,
    check_sessions,
    sessions_to_take_over,
)
from lastseen.server.presence.model import (
    Client,
    LinklessSession,
    Moment,
    Policy,
    Registration,
    Session,
    State,
)
from lastseen.shared.messages import Register

NOW = Moment(0.0, 0.0)


class Somewhere:
    """The way back to a client."""

    send = dismiss = has_unread = crashed = lambda *_: None


def linked(client: Client, instance: str | None, state: State = State.FRESH) -> Session:
    session = Session(client, instance, None, NOW, state)
    client.sessions = (*client.sessions, session)
    return session


def linkless(client: Client, instance: str | None) -> Session:
    session = LinklessSession(client, instance, None, NOW, State.FRESH, via="http", timeout=90.0)
    client.sessions = (*client.sessions, session)
    return session


@pytest.fixture
def client() -> Client:
    return Client("a", 0.0)


def test_its_own_makes_way_and_no_other_where_it_comes_back(client: Client):
    mine, _ = linked(client, "i1"), linked(client, "i2")
    assert list(sessions_to_take_over(client, "i1", Policy())) == [mine]


@pytest.mark.parametrize(("duplicate", "taken"), [("replace", 1), ("share", 0)])
def test_another_with_a_link_makes_way_as_the_policy_says(client: Client, duplicate, taken):
    linked(client, "i2")
    found = sessions_to_take_over(client, "i1", Policy(duplicate=duplicate))
    assert len(found) == taken


def test_another_that_is_online_is_not_replaced_where_that_is_rejected(client: Client):
    linked(client, "i2")
    with pytest.raises(RegistrationRefused, match="'a' is in use by another instance") as refusal:
        sessions_to_take_over(client, "i1", Policy(duplicate="reject"))
    assert refusal.value.code == "duplicate_client"


def registration(*, may_share: bool = True) -> Registration:
    return Registration(Register("a", instance="i9"), "tcp", "192.0.2.7:1", may_share)


def test_sessions_beside_others_are_bounded_and_those_taken_over_do_not_count(client: Client):
    policy = Policy(duplicate="share", max_sessions_per_client=2)
    sessions = [linked(client, f"i{n}") for n in range(2)]
    for session in sessions:
        session.link = Somewhere()
    with pytest.raises(RegistrationRefused, match="has 2 sessions") as refusal:
        check_sessions(client, [], registration(), policy)
    assert refusal.value.code == "too_many_sessions"
    check_sessions(client, sessions[:1], registration(), policy)
    sessions[0].link = None  # it broke
    check_sessions(client, [], registration(), policy)


def test_a_session_beside_others_needs_room_and_the_first_does_not(client: Client):
    check_sessions(client, [], registration(may_share=False), Policy())
    linked(client, "i1").link = Somewhere()
    with pytest.raises(RegistrationRefused, match="no room for another session") as refusal:
        check_sessions(client, [], registration(may_share=False), Policy(duplicate="share"))
    assert refusal.value.code == "too_many_connections"


@pytest.mark.parametrize("duplicate", ["replace", "reject", "share"])
def test_who_has_no_link_is_in_nobody_s_way(client: Client, duplicate):
    linkless(client, "i2")
    linkless(client, "")
    assert list(sessions_to_take_over(client, "i1", Policy(duplicate=duplicate))) == []


@pytest.mark.parametrize("duplicate", ["replace", "reject", "share"])
def test_a_process_that_could_only_beat_takes_over_from_itself(client: Client, duplicate):
    beating = linkless(client, "i1")
    assert list(sessions_to_take_over(client, "i1", Policy(duplicate=duplicate))) == [beating]


def test_a_process_that_beat_before_is_a_second_one_beside_another_s_link(client: Client):
    other, beating = linked(client, "i2"), linkless(client, "i1")
    assert set(sessions_to_take_over(client, "i1", Policy())) == {other, beating}


@pytest.mark.parametrize("make", [linked, linkless])
def test_one_of_the_run_before_makes_way_for_any(client: Client, make):
    before = make(client, None)
    assert list(sessions_to_take_over(client, "i1", Policy(duplicate="reject"))) == [before]


def test_those_that_name_no_instance_are_never_the_same(client: Client):
    other = linked(client, "")
    assert list(sessions_to_take_over(client, "", Policy())) == [other]
    assert list(sessions_to_take_over(client, "", Policy(duplicate="share"))) == []


def test_there_is_room_up_to_max_clients():
    check_room(1, Policy(max_clients=2))
    with pytest.raises(RegistrationRefused, match=r"2 clients .* server.max_clients is 2") as full:
        check_room(2, Policy(max_clients=2))
    assert full.value.code == "server_full"


@pytest.mark.parametrize("via", ["tcp", "websocket", "http"])
def test_nobody_else_may_be_called_as_a_member_of_the_lan_is(via):
    with pytest.raises(RegistrationRefused, match=r"got 'lan:10\.0\.0\.7'") as refused:
        check_id("lan:10.0.0.7", via)
    assert refused.value.code == "reserved_id"
    check_id("lan:10.0.0.7", "lan")
    check_id("plan:b", via)
