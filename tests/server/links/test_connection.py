"""One socket: what comes is acted upon in portions, what cannot be sent is kept within bounds."""

import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from lastseen.server.links.connection import RECEIVE, UNSENT_LIMIT, Connection
from lastseen.server.links.frames import FORMAT, FrameProtocol
from lastseen.server.links.pump import Pump
from lastseen.server.links.roles import Ended
from lastseen.server.presence.model import Moment
from lastseen.shared.errors import WireError
from lastseen.shared.framing import FRAME_LIMIT
from lastseen.shared.messages import (
    Error,
    GetSettings,
    Goodbye,
    List,
    Message,
    Ping,
    Pong,
    Register,
    ToServer,
)
from lastseen.shared.wire import PING_FRAME, PONG_FRAME, to_frame

GOODBYE = Goodbye("idle", reconnect=True)
CHUNK = Error("padding", "x" * 1000)  # about a kilobyte
MANY = 4 * UNSENT_LIMIT // 1000  # of them: more than is kept


class Talk:
    """A conversation that notes all, answers pings, and does what a test says.

    Attributes:
        heard: Every message; `words`: what else it was told.
        costly: The types after which others should have a turn.
        on: What to do on a message of a type.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.heard: list[ToServer | WireError] = []
        self.words: list[Any] = []
        self.costly: set[type] = set()
        self.on: dict[type, Callable[[], None]] = {Ping: connection.send_pong}
        self.when_idle: Callable[[], None] = lambda: None

    def handle(self, message: ToServer | WireError, _now: Moment) -> bool:
        self.heard.append(message)
        self.on.get(type(message), lambda: None)()
        return type(message) in self.costly

    def pinged(self, now: Moment) -> None:
        self.handle(Ping(), now)

    def lives(self, _now: Moment) -> None:
        self.words.append("lives")

    def ended(self, end: Ended, _now: Moment) -> None:
        self.words.append(end)

    def idle(self) -> None:
        self.words.append("idle")
        self.when_idle()

    def dismissed(self, goodbye: Goodbye) -> None:
        self.words.append(goodbye)

    def closed(self) -> None:
        self.words.append("closed")


class Wire:
    """A connection, its conversation and its peer."""

    def __init__(self, house: Any, peer: Any, sock: socket.socket) -> None:
        self._house = house
        self.peer = peer
        self.pump: Pump = house.pump
        self.link = Connection(sock, "192.0.2.7:4000", FrameProtocol(), house.pump, self._converse)

    def _converse(self, connection: Connection) -> Talk:
        self.talk = Talk(connection)
        return self.talk

    def settle(self, *, reading: bool = True) -> None:
        self._house.settle([self.peer] if reading else [])

    def flood(self, message: Message = CHUNK, times: int = MANY) -> None:
        for _ in range(times):
            self.link.send(message)


@pytest.fixture
def wires(house: Any, peer_of: Callable[[socket.socket], Any]) -> Callable[[], Wire]:
    """Makes a connection over a socket pair."""

    def wires() -> Wire:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        return Wire(house, peer_of(theirs), ours)

    return wires


@pytest.fixture
def wire(wires: Callable[[], Wire]) -> Wire:
    return wires()


@pytest.fixture
def tcp_wire(house: Any, peer_of: Callable[[socket.socket], Any]) -> Iterator[Wire]:
    """The same over TCP, where closing with something unread answers with a reset."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    ours.setblocking(False)
    ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Wire(house, peer_of(theirs), ours)


def pump_until(wire: Wire, condition: Callable[[], bool]) -> None:
    """Over TCP even loopback takes its time."""
    import select

    for _ in range(1000):
        wire.settle()
        if condition():
            return
        select.select([wire.peer.socket], [], [], 0.01)
    raise AssertionError("it never came")


# --- in ------------------------------------------------------------------------------------------


def test_messages_are_acted_upon_in_order(wire: Wire):
    said = [Register("web-01"), Ping(), List(), Ping()]
    wire.peer.say(*said)
    wire.settle()
    assert wire.talk.heard == said


def test_the_answers_to_all_that_came_at_once_leave_in_one_piece(wire: Wire):
    wire.peer.say_bytes(PING_FRAME * 100)
    wire.pump.turn()
    assert wire.peer.socket.recv(1 << 20) == PONG_FRAME * 100


def test_one_turn_reads_a_bounded_amount_so_that_a_flood_leaves_others_their_turn(
    wires: Callable[[], Wire],
):
    flood, other = wires(), wires()
    flood.peer.say_bytes(PING_FRAME * 5000)
    other.peer.say(Ping())
    flood.pump.turn()
    assert 0 < len(flood.talk.heard) <= RECEIVE // len(PING_FRAME)
    assert other.talk.heard == [Ping()]
    flood.settle()
    assert len(flood.talk.heard) == 5000


def test_of_costly_messages_one_is_acted_upon_in_a_turn(wires: Callable[[], Wire]):
    flood, other = wires(), wires()
    flood.talk.costly = {List}
    flood.peer.say(*[List()] * 50)
    for turn in range(1, 51):
        other.peer.say(Ping())
        flood.pump.turn()
        assert len(flood.talk.heard) == turn
        assert len(other.talk.heard) == turn


def test_what_follows_a_costly_message_keeps_its_order(wire: Wire):
    wire.talk.costly = {List}
    said = [Ping(), List(limit=1), Ping(), Ping(), List(limit=2), GetSettings(), List(limit=3)]
    wire.peer.say(*said)
    wire.settle()
    assert wire.talk.heard == said


def test_nothing_more_is_read_while_messages_wait(wire: Wire):
    wire.talk.costly = {List}
    wire.peer.say(List(), List(), List())
    wire.pump.turn()
    wire.peer.say(Ping())
    wire.pump.turn()
    wire.pump.turn()
    assert wire.talk.heard == [List()] * 3
    assert wire.link.has_unread()
    wire.settle()
    assert wire.talk.heard == [List(), List(), List(), Ping()]


def test_no_costly_message_is_acted_upon_before_the_answer_to_the_last_has_left(wire: Wire):
    wire.talk.costly = {List}
    wire.talk.on[List] = partial(wire.flood, times=200)  # 200 KB, more than a socket pair takes
    wire.peer.say(*[List()] * 5)
    wire.settle(reading=False)
    assert len(wire.talk.heard) == 1
    wire.settle()
    assert len(wire.talk.heard) == 5
    assert len(wire.peer.heard) == 1000
    assert wire.peer.goodbye is None


def test_when_the_peer_hangs_up_the_conversation_is_told_once(wire: Wire):
    wire.peer.hang_up()
    wire.settle(reading=False)
    assert wire.talk.words == ["closed"]
    assert len(wire.pump) == 0


def test_what_came_before_a_hang_up_still_counts(wire: Wire):
    wire.peer.say(Register("web-01"))
    wire.peer.hang_up()
    wire.settle(reading=False)
    assert wire.talk.heard == [Register("web-01")]
    assert wire.talk.words == ["idle", "closed"]


def test_a_hang_up_is_noticed_while_messages_wait(wire: Wire):
    wire.talk.costly = {List}
    wire.talk.on[List] = partial(wire.flood, times=250)
    wire.peer.say(List(), List())
    wire.settle(reading=False)
    wire.peer.hang_up()
    wire.settle(reading=False)
    assert wire.talk.words[-1] == "closed"
    assert len(wire.pump) == 0


def test_nothing_is_acted_upon_out_of_order_when_the_peer_hangs_up(wire: Wire):
    wire.talk.costly = {List}
    said = [List(limit=1), List(limit=2), List(limit=3), Ping()]
    wire.peer.say(*said[:3])
    wire.pump.turn()
    wire.peer.say(said[3])
    wire.peer.hang_up()
    wire.settle(reading=False)
    assert wire.talk.heard == said[: len(wire.talk.heard)]
    assert wire.talk.words[-1] == "closed"


def test_a_reset_is_a_hang_up(tcp_wire: Wire):
    tcp_wire.peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    tcp_wire.peer.hang_up()
    for _ in range(1000):
        tcp_wire.settle(reading=False)
        if tcp_wire.talk.words:
            break
    assert tcp_wire.talk.words == ["closed"]


def test_a_read_that_finds_nothing_changes_nothing(wire: Wire):
    wire.link.on_readable(Moment(0.0, 0.0))
    wire.link.on_writable(Moment(0.0, 0.0))
    wire.peer.say(Ping())
    wire.settle()
    assert wire.peer.heard == [Pong()]


# --- unread --------------------------------------------------------------------------------------


def test_bytes_that_lie_in_the_kernel_are_unread_and_stay_there(wire: Wire):
    assert not wire.link.has_unread()
    wire.peer.say(Ping())
    assert wire.link.has_unread()
    assert wire.link.has_unread()
    wire.settle()
    assert not wire.link.has_unread()
    assert wire.talk.heard == [Ping()]


def test_a_hang_up_is_nothing_unread(wire: Wire):
    wire.peer.hang_up()
    assert not wire.link.has_unread()


def test_what_waits_for_a_peer_that_does_not_read_is_nothing_that_is_up_to_us(wire: Wire):
    wire.talk.costly = {List}
    wire.talk.on[List] = partial(wire.flood, times=240)
    wire.peer.say(List(), List(), Ping())
    wire.pump.turn()
    assert not wire.link.has_unread()
    wire.talk.on[List] = lambda: None
    wire.settle()
    assert wire.talk.heard == [List(), List(), Ping()]


def test_what_a_dismissed_peer_says_is_nothing_unread(wire: Wire):
    wire.link.dismiss(GOODBYE)
    wire.peer.say(Ping())
    assert not wire.link.has_unread()
    wire.link.close()
    assert not wire.link.has_unread()


# --- out -----------------------------------------------------------------------------------------


def test_what_the_socket_does_not_take_is_sent_when_it_does(wire: Wire):
    wire.flood(times=240)
    assert not wire.link.idle
    wire.settle()
    assert wire.peer.heard == [CHUNK] * 240
    assert wire.link.idle
    assert wire.talk.words == ["idle"]


def test_who_asks_to_be_called_when_idle_is_called_in_a_later_turn(wire: Wire):
    wire.link.call_when_idle()
    assert wire.talk.words == []
    assert not wire.link.idle
    wire.settle()
    assert wire.talk.words == ["idle"]
    assert wire.link.idle


def test_one_who_goes_on_whenever_idle_leaves_others_their_turn(wires: Callable[[], Wire]):
    endless, other = wires(), wires()
    endless.talk.when_idle = endless.link.call_when_idle
    endless.link.call_when_idle()
    for turn in range(1, 20):
        other.peer.say(Ping())
        endless.pump.turn()
        assert len(endless.talk.words) == turn
        assert len(other.talk.heard) == turn


def test_a_peer_that_never_reads_is_dismissed_as_slow_and_costs_bounded_memory(wire: Wire):
    most = 0
    for _ in range(MANY):
        wire.link.send(CHUNK)
        most = max(most, len(wire.link._unsent or b""))
    assert wire.talk.words == [Goodbye("slow", reconnect=True)]
    assert most <= UNSENT_LIMIT + FRAME_LIMIT
    wire.settle()
    assert wire.peer.goodbye == Goodbye("slow", reconnect=True)
    assert all(message == CHUNK for message in wire.peer.heard[:-1])  # none cut, none torn


def test_a_peer_that_asks_and_never_reads_is_dismissed_as_slow(wire: Wire):
    wire.talk.on[Ping] = partial(wire.flood, times=1)
    for _ in range(MANY):
        wire.peer.say_bytes(PING_FRAME)
        wire.settle(reading=False)
    assert Goodbye("slow", reconnect=True) in wire.talk.words
    assert len(wire.link._unsent or b"") <= UNSENT_LIMIT + FRAME_LIMIT


def test_much_at_once_is_not_slow_if_it_is_read(wire: Wire):
    for _ in range(20):
        wire.flood(times=240)
        wire.settle()
    assert len(wire.peer.heard) == 20 * 240
    assert wire.talk.words == ["idle"] * 20


def test_a_peer_that_does_not_read_keeps_nobody_waiting(wires: Callable[[], Wire]):
    deaf, other = wires(), wires()
    deaf.flood(times=240)
    for _ in range(50):
        other.peer.say(Ping())
        other.settle()
    assert other.peer.heard == [Pong()] * 50
    assert not deaf.link.idle


def test_a_peer_that_is_gone_when_something_is_sent_is_closed(wire: Wire):
    wire.peer.hang_up()
    wire.link.send(CHUNK)
    assert wire.talk.words == ["closed"]
    wire.link.send(CHUNK)
    wire.link.dismiss(GOODBYE)
    wire.link.close()
    assert wire.talk.words == ["closed"]


# --- goodbye -------------------------------------------------------------------------------------


def test_goodbye_is_the_last_message_and_then_the_link_ends(wire: Wire):
    wire.link.send(Pong())
    wire.link.dismiss(GOODBYE)
    wire.link.send(Pong())
    wire.link.dismiss(Goodbye("slow", reconnect=True))
    wire.settle()
    assert wire.peer.heard == [Pong(), GOODBYE]
    assert wire.peer.ended
    assert wire.talk.words == [GOODBYE]


def test_goodbye_follows_the_answers_of_the_message_that_caused_it(wire: Wire):
    def refuse() -> None:
        wire.link.send(CHUNK)
        wire.link.dismiss(GOODBYE)

    wire.talk.on[List] = refuse
    wire.peer.say(Ping(), List(), Ping(), Ping())
    wire.settle()
    assert wire.talk.heard == [Ping(), List()]
    assert wire.peer.heard == [Pong(), CHUNK, GOODBYE]
    assert wire.peer.ended


def test_goodbye_to_a_peer_with_messages_waiting_drops_them(wire: Wire):
    wire.talk.costly = {List}
    wire.peer.say(List(), List(), List())
    wire.pump.turn()
    wire.link.dismiss(GOODBYE)
    wire.settle()
    assert wire.talk.heard == [List()]
    assert wire.peer.goodbye == GOODBYE


def test_what_a_dismissed_peer_still_says_is_read_and_dropped(wire: Wire):
    wire.link.dismiss(GOODBYE)
    wire.peer.say_bytes(PING_FRAME * 2000)
    wire.settle()
    assert wire.talk.heard == []
    assert not wire.link.has_unread()
    wire.peer.hang_up()
    wire.settle(reading=False)
    assert wire.talk.words == [GOODBYE, "closed"]
    assert len(wire.pump) == 0


def test_goodbye_reaches_a_peer_whose_words_are_still_unread(tcp_wire: Wire):
    tcp_wire.peer.say_bytes(PING_FRAME * 3000)
    tcp_wire.link.dismiss(GOODBYE)
    tcp_wire.peer.say_bytes(PING_FRAME * 3000)
    pump_until(tcp_wire, lambda: tcp_wire.peer.goodbye is not None)
    assert tcp_wire.peer.heard == [GOODBYE]


def test_goodbye_waits_for_a_peer_that_reads_late(wire: Wire):
    wire.flood(times=240)
    wire.link.dismiss(GOODBYE)
    wire.settle()
    assert wire.peer.heard == [*[CHUNK] * 240, GOODBYE]
    assert wire.peer.ended
    assert "idle" not in wire.talk.words  # nobody is asked for more


def test_close_is_told_once_and_gives_the_socket_back(wire: Wire):
    wire.link.close()
    wire.link.close()
    assert wire.talk.words == ["closed"]
    assert len(wire.pump) == 0
    wire.peer.read()
    assert wire.peer.ended


# --- faults --------------------------------------------------------------------------------------


def fail() -> None:
    raise RuntimeError("a fault of ours")


def test_one_whose_handling_raises_ends_alone_with_its_answers_so_far_and_goodbye(
    wires: Callable[[], Wire], capsys: pytest.CaptureFixture[str]
):
    broken, well = wires(), wires()
    broken.talk.on[List] = fail
    broken.peer.say(Ping(), List(), Ping())
    well.peer.say(Ping())
    broken.settle()
    well.settle()
    assert broken.peer.heard == [Pong(), Goodbye("internal_error", reconnect=True)]
    assert broken.peer.ended
    assert broken.talk.heard == [Ping(), List()]
    assert well.peer.heard == [Pong()]
    assert "a fault of ours" in capsys.readouterr().err


def test_one_whose_going_on_raises_ends_alone_too(wire: Wire, capsys: pytest.CaptureFixture[str]):
    wire.talk.when_idle = fail
    wire.link.call_when_idle()
    wire.settle()
    assert wire.peer.goodbye == Goodbye("internal_error", reconnect=True)
    assert "a fault of ours" in capsys.readouterr().err


def test_one_that_raises_while_it_is_being_ended_is_closed(
    wire: Wire, capsys: pytest.CaptureFixture[str]
):
    wire.talk.on[List] = fail
    wire.talk.dismissed = lambda _: fail()  # type: ignore[method-assign]
    wire.peer.say(List())
    wire.settle()
    wire.settle()
    assert len(wire.pump) == 0
    wire.peer.read()
    assert wire.peer.ended
    assert "a fault of ours" in capsys.readouterr().err


# --- the rest ------------------------------------------------------------------------------------


def test_a_trusted_peer_may_send_longer_frames_at_once(wire: Wire):
    long = Register("web-01", meta={f"k{n}": "x" * 256 for n in range(16)})
    assert len(to_frame(long)) > 4096
    wire.talk.on[Ping] = wire.link.trust
    wire.peer.say(Ping(), long)
    wire.settle()
    assert wire.talk.heard == [Ping(), long]


def test_its_wire_format_is_its_protocols(wire: Wire):
    assert wire.link.wire_format == FORMAT


def test_one_dismissed_in_the_midst_of_a_snapshot_keeps_nobody_busy(wire: Wire):
    wire.link.call_when_idle()
    wire.link.dismiss(GOODBYE)
    wire.settle(reading=False)
    assert wire.pump._poller.poll(0, 10) == []  # nothing to serve until the peer closes too


def test_who_waits_for_the_link_to_be_idle_is_called_though_other_messages_cleared_it(wire: Wire):
    wire.flood(times=MANY // 4)  # more than the socket takes at once
    assert not wire.link.idle
    wire.peer.read()
    wire.link.send(CHUNK)  # takes what was left along with it
    wire.settle()
    assert wire.talk.words[-1] == "idle"
    assert wire.link.idle


def test_what_was_asked_along_with_other_messages_is_not_left_waiting_for_their_answers(
    wire: Wire,
):
    sent: list[bool] = []
    wire.talk.when_idle = lambda: sent.append(wire.link.idle)
    wire.peer.say(Ping(), List())
    wire.settle()
    assert sent == [True]
