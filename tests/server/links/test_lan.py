# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
"""The server among the members of a LAN: what it says when, and what becomes of those it hears."""

import errno
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trio
import trio.testing
from msgspec.structs import replace

from lastseen.server.config.sections.lan import Lan as Settings
from lastseen.server.links.lan import LOOK, Lan
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.model import Policy, Registration
from lastseen.server.presence.presence import Presence
from lastseen.server.presence.reaper import reap
from lastseen.shared.ipmsg import entry
from lastseen.shared.ipmsg.entry import Entry
from lastseen.shared.ipmsg.packet import (
    ANSENTRY,
    BR_ABSENCE,
    BR_ENTRY,
    BR_EXIT,
    PORT,
    Packet,
    build,
    parse,
)
from lastseen.shared.lan.conduct import PROBES
from lastseen.shared.lan.post import Post
from lastseen.shared.messages import List, Register
from lastseen.shared.wire import to_frame

Clock = trio.testing.MockClock

OWN = "10.0.0.1"
ANN = ("10.0.0.2", PORT)
INTERVAL, TIMEOUT = 60.0, 180.0


class FakePost:
    """Remembers what was sent, and when.

    Attributes:
        letters: Moment, packet and address (None: to everyone).
        problem: Why nothing can leave now.
        moved: Whether there are other networks at the next look.
    """

    def __init__(self) -> None:
        self.sockets: list[socket.socket] = []
        self.own = frozenset({OWN})
        self.address: str | None = OWN
        self.to: tuple[str, ...] = ()
        self.letters: list[tuple[float, Packet, Any]] = []
        self.problem: OSError | None = None
        self.moved = False
        self.closed = False

    def look_around(self) -> bool:
        moved, self.moved = self.moved, False
        return moved

    def reached(self) -> list[str]:
        return ["10.0.0.255"]

    def send_to_all(self, data: bytes) -> int:
        self._send(data, None)
        return 1

    def send(self, data: bytes, to: Any) -> None:
        self._send(data, to)

    def _send(self, data: bytes, to: Any) -> None:
        if self.problem is not None:
            raise self.problem
        packet = parse(data)
        assert packet is not None
        self.letters.append((trio.current_time(), packet, to))

    def close(self) -> None:
        self.closed = True


class Street:
    """A server that is a member, with its presence, on a simulated clock.

    Attributes:
        settings: Those in force; may be exchanged.
        began: When it became a member.
    """

    def __init__(self, **policy: Any) -> None:
        self.settings = Settings(nickname="hub", user="u", host="hub", group="servers")
        self.post: Any = FakePost()
        clock = AwakeClock(trio.current_time, lambda: 1_800_000_000 + trio.current_time())
        policy = {"mass_loss_ratio": 1.0, **policy}
        self.presence = Presence(Policy(**policy), clock, {"msgpack": to_frame})
        self.lan = Lan(self.presence, lambda: self.settings, self.post)
        self.began = trio.current_time()
        self._number = 0

    def hear(self, user: str, command: int = BR_ENTRY, sender: Any = ANN, **said: Any) -> None:
        """A packet of this user comes in."""
        self._number += 1
        one = Entry(user, **{"host": "pc", "nickname": user.title(), **said})
        self.lan.take(build(entry.write(one, command, self._number, "cp932")), sender)

    def sent(self, command: int, to: Any = ...) -> list[float]:
        """When each packet of a command was sent, in seconds since the beginning."""
        return [
            moment - self.began
            for moment, packet, where in self.post.letters
            if packet.command == command and to in (..., where)
        ]

    def record(self, client_id: str) -> Any:
        found = self.presence.list(List(status="all", search=client_id)).clients
        return next((record for record in found if record.client_id == client_id), None)

    def status(self, client_id: str = f"lan:{ANN[0]}") -> Any:
        record = self.record(client_id)
        return None if record is None else (record.status, record.reason)


@pytest.fixture
def build_street(nursery: trio.Nursery, autojump_clock: Clock) -> Callable[..., Street]:
    """A street with its clock, its reaper and its member running."""

    def begin(**policy: Any) -> Street:
        street = Street(**policy)
        nursery.start_soon(street.presence.clock.run)
        nursery.start_soon(reap, street.presence, lambda: 1.0)
        nursery.start_soon(street.lan.run)
        return street

    return begin


@pytest.fixture
def street(build_street: Callable[..., Street]) -> Street:
    return build_street()


# --- the heartbeat ------------------------------------------------------------------------------


async def test_it_announces_itself_at_once_and_every_interval(street, autojump_clock):
    await trio.sleep(2.5 * INTERVAL)
    assert street.sent(BR_ENTRY) == [0, INTERVAL, 2 * INTERVAL]
    stats = street.lan.stats()
    assert (stats.heartbeats, stats.sent, stats.failed) == (3, 3, 0)
    assert stats.last_heartbeat.timestamp() == 1_800_000_000 + street.began + 2 * INTERVAL


async def test_a_new_interval_is_followed_while_running(street, autojump_clock):
    await trio.sleep(25)
    street.settings = replace(street.settings, announce_interval=20.0)
    await trio.sleep(30)
    first, second, third, *_ = street.sent(BR_ENTRY)
    assert first == 0
    assert 25 <= second <= 25 + LOOK
    assert third == second + 20


async def test_a_new_timeout_is_told_to_everyone_by_having_them_answer(street, autojump_clock):
    street.hear("ann")
    await trio.sleep(10)
    street.settings = replace(street.settings, peer_timeout=90.0)
    await trio.sleep(2 * LOOK)
    assert len(street.sent(BR_ENTRY, to=None)) == 2
    street.hear("ann", ANSENTRY)
    assert street.record(f"lan:{ANN[0]}").timeout == 90


async def test_it_announces_itself_at_once_where_a_network_has_come(street, autojump_clock):
    await trio.sleep(10)
    street.post.moved = True
    await trio.sleep(2 * LOOK)
    assert len(street.sent(BR_ENTRY)) == 2


async def test_an_outage_is_told_once_counted_and_gets_over_by_itself(
    street, autojump_clock, capsys
):
    await trio.sleep(10)
    street.post.problem = OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
    await trio.sleep(3 * INTERVAL)
    assert street.lan.stats().heartbeats == 1
    assert street.lan.stats().failed >= 3
    street.post.problem = None
    await trio.sleep(INTERVAL)
    assert street.lan.stats().heartbeats == 2
    told = capsys.readouterr().err
    assert told.count("cannot announce on the LAN now") == 1
    assert "network is unreachable" in told
    assert told.count("announcing on the LAN again") == 1


async def test_what_it_calls_itself_can_change_while_it_runs(street, autojump_clock):
    await trio.sleep(10)
    street.settings = replace(street.settings, nickname="Nabe", group="")
    await trio.sleep(2 * LOOK)
    assert len(street.sent(BR_ABSENCE)) == 1
    assert street.record(f"lan:{OWN}").name == "Nabe"
    assert street.record(f"lan:{OWN}").groups == ()


async def test_it_says_goodbye_once_and_nothing_after_it(street, autojump_clock):
    street.hear("ann", dialup=True)
    await trio.sleep(10)
    street.lan.finish()
    await trio.sleep(2 * INTERVAL)
    assert street.sent(BR_EXIT, to=None) == [10]
    assert street.sent(BR_EXIT, to=ANN) == [10]
    assert max(moment for moment, *_ in street.post.letters) == street.began + 10
    assert street.post.closed


# --- members as clients -------------------------------------------------------------------------


async def test_who_announces_itself_is_a_client_by_its_address(street, autojump_clock):
    street.hear("ann", group="Lab", nickname="王小明")
    record = street.record("lan:10.0.0.2")
    assert (record.status, record.reason, record.via) == ("online", "registered", "lan")
    assert (record.name, record.hostname, record.groups) == ("王小明", "pc", ("Lab",))
    assert (record.address, record.timeout) == ("10.0.0.2:2425", TIMEOUT)
    assert record.meta["user"] == "ann"
    assert street.sent(ANSENTRY, to=ANN) == [0]


async def test_who_is_away_says_so_and_comes_back(street, autojump_clock):
    street.hear("ann")
    street.hear("ann", BR_ABSENCE, away=True, note="at lunch")
    record = street.record("lan:10.0.0.2")
    assert (record.name, record.availability, record.note) == ("Ann", "away", "at lunch")
    street.hear("ann", BR_ABSENCE)
    assert street.record("lan:10.0.0.2").availability == "available"


async def test_a_goodbye_is_left_at_once_and_a_return_is_one(street, autojump_clock):
    street.hear("ann")
    street.hear("ann", BR_EXIT)
    assert street.status() == ("offline", "left")
    street.hear("ann")
    assert street.status() == ("online", "returned")


async def test_a_member_without_a_nickname_goes_by_its_user_and_without_a_group_is_in_none(
    street, autojump_clock
):
    street.hear("ann", nickname="", group="")
    assert (street.record("lan:10.0.0.2").name, street.record("lan:10.0.0.2").groups) == ("ann", ())


async def test_two_addresses_of_one_machine_are_one_client(street, autojump_clock):
    street.hear("ann")
    street.hear("ann", sender=("10.1.0.9", PORT))
    assert street.record("lan:10.1.0.9") is None
    assert street.record("lan:10.0.0.2").address == "10.0.0.2:2425"
    street.hear("ann", BR_EXIT, sender=("10.1.0.9", PORT))
    assert street.status() == ("offline", "left")


# --- the silent ---------------------------------------------------------------------------------


async def test_the_silent_are_asked_for_themselves_in_the_second_half_and_then_given_up_on(
    street, autojump_clock
):
    street.hear("ann")
    await trio.sleep(TIMEOUT / 2 - 1)
    assert street.sent(BR_ENTRY, to=ANN) == []
    await trio.sleep(TIMEOUT / 2)
    assert len(street.sent(BR_ENTRY, to=ANN)) == PROBES
    assert street.status() == ("online", "registered")
    await trio.sleep(2)
    assert street.status() == ("offline", "timeout")
    await trio.sleep(TIMEOUT)
    assert len(street.sent(BR_ENTRY, to=ANN)) <= PROBES + 1


async def test_one_that_answers_the_last_probe_stays(street, autojump_clock):
    street.hear("ann")
    await trio.sleep(TIMEOUT - 1)
    street.hear("ann", ANSENTRY)
    await trio.sleep(TIMEOUT - 1)
    assert street.status() == ("online", "registered")
    assert street.presence.transitions["timeout"] == 0


async def test_one_who_answers_every_other_announcement_is_never_offline(street, autojump_clock):
    street.hear("ann")
    for _ in range(10):
        await trio.sleep(2 * INTERVAL)
        street.hear("ann", ANSENTRY)
    assert street.presence.transitions["timeout"] == 0


# --- ourselves ----------------------------------------------------------------------------------


async def test_the_servers_own_entry_is_there_whatever_becomes_of_its_packets(
    street, autojump_clock
):
    await trio.sleep(1)
    own = f"lan:{OWN}"
    assert street.record(own).name == "hub"
    street.post.problem = OSError(errno.ENETDOWN, "down")
    street.hear("u", BR_EXIT, sender=(OWN, PORT), host="hub")
    street.hear("u", BR_EXIT, sender=("10.0.0.66", PORT), host="hub")
    await trio.sleep(3 * TIMEOUT)
    assert street.status(own) == ("online", "registered")
    assert street.sent(BR_ENTRY, to=(OWN, PORT)) == []


async def test_it_does_not_ask_for_itself(street, autojump_clock):
    street.settings = replace(street.settings, announce_interval=170.0)
    await trio.sleep(3 * TIMEOUT)
    assert street.sent(BR_ENTRY, to=(OWN, PORT)) == []
    assert street.presence.transitions["timeout"] == 0


async def test_when_its_address_changes_the_old_entry_leaves(street, autojump_clock):
    await trio.sleep(1)
    street.post.own, street.post.address = frozenset({"10.0.0.50"}), "10.0.0.50"
    street.post.moved = True
    await trio.sleep(2 * LOOK)
    assert street.status(f"lan:{OWN}") == ("offline", "left")
    assert street.status("lan:10.0.0.50") == ("online", "registered")


async def test_an_own_address_that_is_not_the_first_any_more_stays_its_entry(
    street, autojump_clock
):
    await trio.sleep(1)
    street.post.own, street.post.address = frozenset({OWN, "10.9.0.1"}), "10.9.0.1"
    street.post.moved = True
    await trio.sleep(2 * LOOK)
    assert street.status(f"lan:{OWN}") == ("online", "registered")
    assert street.status("lan:10.9.0.1") is None


async def test_its_own_announcement_makes_nobody(street, autojump_clock):
    await trio.sleep(1)
    (_, announcement, _), *_ = street.post.letters
    street.lan.take(build(announcement), (OWN, PORT))
    street.lan.take(build(announcement), ("10.3.0.1", PORT))
    assert len(street.presence.registry) == 1


# --- those who cannot be trusted ----------------------------------------------------------------


async def test_udp_touches_no_client_of_another_kind(street, autojump_clock):
    await trio.sleep(1)
    now = street.presence.clock.now()
    for client_id in ("web", "ann"):
        registration = Registration(Register(client_id, name="mine"), "tcp", "10.0.0.2:5")
        street.presence.register(registration, None, now)  # type: ignore[arg-type]  # no link needed
    before = [street.record(client_id) for client_id in ("web", "ann")]
    street.hear("ann", host="web", nickname="web")
    street.hear("ann", BR_EXIT, host="web", nickname="web")
    assert [street.record(client_id) for client_id in ("web", "ann")] == before
    assert street.record("lan:10.0.0.2").reason == "left"


async def test_invented_members_are_bounded_and_counted(street, autojump_clock):
    street.settings = replace(street.settings, max_peers=50)
    await trio.sleep(2 * LOOK)
    for n in range(2000):
        street.hear("x", host=f"h{n}", sender=(f"10.7.{n // 250}.{n % 250}", PORT))
    assert len(street.presence.registry) == 51
    assert (street.lan.stats().members, street.lan.stats().refused) == (50, 1950)


async def test_a_full_server_refuses_members_and_counts_them(build_street, autojump_clock):
    street = build_street(max_clients=2)
    await trio.sleep(1)
    street.hear("ann")
    street.hear("bob", sender=("10.0.0.3", PORT))
    assert street.status("lan:10.0.0.3") is None
    assert street.lan.stats().refused == 1


async def test_any_bytes_may_come(street, autojump_clock):
    for data in (b"", b"\0" * 1000, b"1:1:a:b:1", b"1:2:\xff:\xfe:1:\xff\0\xfe", b"GET / HTTP/1.1"):
        street.lan.take(data, ANN)
    stats = street.lan.stats()
    assert (stats.received, stats.unreadable, stats.members) == (5, 3, 1)


async def test_a_fault_of_ours_over_one_datagram_is_logged_and_the_next_is_heard(
    street, autojump_clock, capsys
):
    waiting = [(b"boom", ANN), (b"1:1:ann:pc:1:Ann", ANN), None]
    receive = street.lan.conduct.receive

    def fail_once(data: bytes, *rest: Any, **more: Any) -> Any:
        if data == b"boom":
            raise ZeroDivisionError
        return receive(data, *rest, **more)

    street.lan.conduct.receive = fail_once
    street.post.receive = lambda _: waiting.pop(0)
    street.lan._take_some(None)
    assert street.status() == ("online", "registered")
    assert "a datagram crashed" in capsys.readouterr().err


# --- answers ------------------------------------------------------------------------------------


async def test_on_a_large_lan_answers_wait_and_one_that_waits_will_do(street, autojump_clock):
    await trio.sleep(1)
    for n in range(60):
        street.hear("x", ANSENTRY, host=f"h{n}", sender=(f"10.7.0.{n}", PORT))
    for _ in range(5):
        street.hear("ann")
    await trio.sleep(3)
    (answered,) = street.sent(ANSENTRY, to=ANN)
    assert 1 < answered <= 1 + 2 * street.settings.answer_delay


# --- real sockets -------------------------------------------------------------------------------


async def until(condition: Callable[[], Any]) -> None:
    while not condition():  # noqa: ASYNC110 - what real sockets bring sets no event
        await trio.sleep(0.01)


@contextmanager
def free_port() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.4", 0))
        yield sock.getsockname()[1]


async def test_two_servers_on_real_sockets_see_each_other_and_see_one_go(nursery):
    with free_port() as port:
        members = []
        for own, other in (("127.0.0.2", "127.0.0.3"), ("127.0.0.3", "127.0.0.2")):
            street = Street()
            street.settings = Settings(
                bind=own, port=port, broadcast=(other,), host=own, announce_interval=0.1
            )
            street.post = Post(own, port, (other,))
            street.lan = Lan(street.presence, lambda street=street: street.settings, street.post)  # type: ignore[misc]  # its own
            nursery.start_soon(street.lan.run)
            members.append(street)
        one, two = members
        with trio.fail_after(10):
            await until(lambda: one.status("lan:127.0.0.3") and two.status("lan:127.0.0.2"))
            one.lan.finish()
            await until(lambda: two.status("lan:127.0.0.2") == ("offline", "left"))
        assert two.lan.stats().heartbeats >= 1
        two.lan.finish()
