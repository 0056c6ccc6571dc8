"""The pump serves who is ready; whoever raises ends alone."""

import socket
from collections.abc import Callable, Iterator

import pytest
import trio
import trio.testing

from lastseen.server.links.poller import READ, WRITE, Poller, SelectorPoller
from lastseen.server.links.pump import BATCH, PORTION, TURN, Pump
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.model import Moment

Pair = tuple[socket.socket, socket.socket]


class Guest:
    """Notes how it is served."""

    def __init__(self, sock: socket.socket | None = None) -> None:
        self.socket = sock
        self.served: list[str] = []
        self.moments: list[Moment] = []
        self.then: Callable[[], None] = lambda: None

    def on_readable(self, now: Moment) -> None:
        self.served.append("read")
        self.moments.append(now)
        if self.socket is not None:
            self.socket.recv(65536)
        self.then()

    def on_writable(self, _now: Moment) -> None:
        self.served.append("write")

    def crashed(self) -> None:
        self.served.append("crashed")


class Script:
    """A poller that says what a test wrote down."""

    def __init__(self, *turns: list[tuple[int, int]]) -> None:
        self.turns = list(turns)
        self.registered: set[int] = set()

    def fileno(self) -> int:
        raise NotImplementedError

    def register(self, fd: int, _events: int) -> None:
        self.registered.add(fd)

    def modify(self, fd: int, _events: int) -> None:
        assert fd in self.registered

    def unregister(self, fd: int) -> None:
        self.registered.remove(fd)

    def poll(self, _timeout: float, _maxevents: int) -> list[tuple[int, int]]:
        return self.turns.pop(0)

    def close(self) -> None:
        pass


def fail() -> None:
    raise RuntimeError("a fault of ours")


@pytest.fixture
def clock() -> AwakeClock:
    return AwakeClock(lambda: 100.0, lambda: 1_000_000.0)


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    pairs = [socket.socketpair() for _ in range(3)]
    yield pairs
    for sock in (sock for pair in pairs for sock in pair):
        sock.close()


def test_who_is_ready_is_served_and_nobody_else(
    clock: AwakeClock, poller: Poller, pairs: list[Pair]
):
    pump = Pump(clock, poller)
    guests = [Guest(ours) for ours, _ in pairs]
    for guest, (ours, _) in zip(guests, pairs, strict=True):
        pump.add(ours.fileno(), guest)
    pairs[0][1].send(b"x")
    pairs[2][1].send(b"x")
    pump.turn()
    assert [guest.served for guest in guests] == [["read"], [], ["read"]]


def test_all_of_a_turn_share_one_reading_of_the_clock(
    clock: AwakeClock, poller: Poller, pairs: list[Pair]
):
    pump = Pump(clock, poller)
    guests = [Guest(ours) for ours, _ in pairs]
    for guest, (ours, theirs) in zip(guests, pairs, strict=True):
        pump.add(ours.fileno(), guest)
        theirs.send(b"x")
    pump.turn()
    moments = [moment for guest in guests for moment in guest.moments]
    assert len(moments) == 3
    assert all(moment is moments[0] for moment in moments)
    assert moments[0] == Moment(100.0, 1_000_000.0)


def test_who_asked_to_write_is_served_so_after_reading(
    clock: AwakeClock, poller: Poller, pairs: list[Pair]
):
    pump = Pump(clock, poller)
    ours, theirs = pairs[0]
    guest = Guest(ours)
    pump.add(ours.fileno(), guest)
    pump.want(ours.fileno(), READ | WRITE)
    theirs.send(b"x")
    pump.turn()
    assert guest.served == ["read", "write"]


def test_who_was_removed_is_served_no_more(clock: AwakeClock, poller: Poller, pairs: list[Pair]):
    pump = Pump(clock, poller)
    ours, theirs = pairs[0]
    guest = Guest(ours)
    pump.add(ours.fileno(), guest)
    assert list(pump) == [guest]
    pump.remove(ours.fileno())
    theirs.send(b"x")
    pump.turn()
    assert guest.served == []
    assert len(pump) == 0


def test_who_is_ended_by_another_in_the_same_turn_is_not_served(clock: AwakeClock):
    pump = Pump(clock, Script([(1, READ), (2, READ | WRITE)]))
    first, second = Guest(), Guest()
    pump.add(1, first)
    pump.add(2, second)
    first.then = lambda: pump.remove(2)
    pump.turn()
    assert second.served == []


def test_who_ends_while_reading_is_not_asked_to_write(clock: AwakeClock):
    pump = Pump(clock, Script([(1, READ | WRITE)]))
    guest = Guest()
    pump.add(1, guest)
    guest.then = lambda: pump.remove(1)
    pump.turn()
    assert guest.served == ["read"]


def test_a_newcomer_with_the_descriptor_of_one_that_just_ended_is_not_taken_for_it(
    clock: AwakeClock,
):
    pump = Pump(clock, Script([(1, READ | WRITE)]))
    old, new = Guest(), Guest()
    pump.add(1, old)

    def replace_it() -> None:
        pump.remove(1)
        pump.add(1, new)

    old.then = replace_it
    pump.turn()
    assert old.served == ["read"]
    assert new.served == []
    assert list(pump) == [new]


@pytest.mark.parametrize("bits", [0x8, 0x10, 0x2000, 0x8 | 0x10])
def test_whatever_else_the_system_reports_a_read_finds_out(clock: AwakeClock, bits: int):
    pump = Pump(clock, Script([(1, bits)]))
    guest = Guest()
    pump.add(1, guest)
    pump.turn()
    assert guest.served == ["read"]


def test_one_that_raises_ends_alone_with_a_log_line(
    clock: AwakeClock, poller: Poller, pairs: list[Pair], capsys: pytest.CaptureFixture[str]
):
    pump = Pump(clock, poller)
    guests = [Guest(ours) for ours, _ in pairs]
    for guest, (ours, theirs) in zip(guests, pairs, strict=True):
        pump.add(ours.fileno(), guest)
        theirs.send(b"x")
    guests[1].then = fail
    pump.turn()
    assert [guest.served for guest in guests] == [["read"], ["read", "crashed"], ["read"]]
    logged = capsys.readouterr().err
    assert "a connection crashed" in logged
    assert "a fault of ours" in logged


def test_one_that_cannot_even_be_ended_is_served_no_more_and_others_are(
    clock: AwakeClock, capsys: pytest.CaptureFixture[str]
):
    pump = Pump(clock, Script([(1, READ), (2, READ)], [(2, READ)]))
    broken, well = Guest(), Guest()
    broken.then = broken.crashed = fail  # type: ignore[method-assign]
    pump.add(1, broken)
    pump.add(2, well)
    pump.turn()
    pump.turn()
    assert broken.served == ["read"]
    assert well.served == ["read", "read"]
    assert list(pump) == [well]
    assert "could not be ended" in capsys.readouterr().err


def test_one_turn_serves_a_bounded_number(clock: AwakeClock):
    class Curious(Script):
        def poll(self, timeout: float, maxevents: int) -> list[tuple[int, int]]:
            asked.append((timeout, maxevents))
            return []

    asked: list[tuple[float, int]] = []
    Pump(clock, Curious()).turn()
    assert asked == [(0, BATCH)]


async def test_it_runs_for_ever_waits_only_while_nobody_is_ready_and_gives_the_set_back(
    clock: AwakeClock, pairs: list[Pair]
):
    poller = SelectorPoller()
    pump = Pump(clock, poller)
    ours, theirs = pairs[0]
    served = trio.Event()
    guest = Guest(ours)
    guest.then = served.set
    pump.add(ours.fileno(), guest)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pump.run)
        await trio.testing.wait_all_tasks_blocked()
        theirs.send(b"x")
        with trio.fail_after(5):
            await served.wait()
        nursery.cancel_scope.cancel()
    with pytest.raises(ValueError, match="closed"):
        poller.fileno()


def test_a_turn_ends_when_its_time_is_over_and_the_next_begins_where_it_ended(clock: AwakeClock):
    served: list[int] = []
    seconds = 0.0

    class Slow:
        def __init__(self, fd: int) -> None:
            self.fd = fd

        def on_readable(self, _now: Moment) -> None:
            nonlocal seconds
            served.append(self.fd)
            seconds += TURN / PORTION * 1.5

        def on_writable(self, _now: Moment) -> None:
            raise NotImplementedError

        def crashed(self) -> None:
            raise NotImplementedError

    everyone = list(range(4 * PORTION))
    pump = Pump(clock, Script([(fd, READ) for fd in everyone]), lambda: seconds)
    for fd in everyone:
        pump.add(fd, Slow(fd))
    for turn in range(1, 5):
        pump.turn()
        assert served == everyone[: turn * PORTION]
