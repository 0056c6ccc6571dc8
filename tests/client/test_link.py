# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
import pytest
import trio
from trio.testing import memory_stream_pair, wait_all_tasks_blocked

from lastseen.client import ConnectFailed, LinkLost
from lastseen.client.link import Link, dial_tcp, open_link
from lastseen.shared.framing import frame
from lastseen.shared.messages import Error, Ping, Pong, Register
from lastseen.shared.wire import from_client, pack, to_frame


@pytest.fixture
async def ends():
    ours, theirs = memory_stream_pair()
    return Link(ours), theirs


async def test_messages_go_out_as_whole_frames(ends):
    link, server = ends
    await link.send(Ping())
    assert await server.receive_some() == to_frame(Ping())


async def test_messages_come_in_whatever_the_cut(ends, nursery):
    link, server = ends
    sent = [Error("c", "x" * 300), Pong(), Error("c", "y")]

    async def trickle():
        for byte in b"".join(map(to_frame, sent)):
            await server.send_all(bytes([byte]))

    nursery.start_soon(trickle)
    assert [await link.receive() for _ in sent] == sent


async def test_a_message_of_a_newer_server_is_passed_over(ends):
    link, server = ends
    await server.send_all(frame(pack({"type": "weather", "sun": True})) + to_frame(Pong()))
    assert await link.receive() == Pong()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"GARBAGE 400 Bad Request\r\n\r\n", "announces"),
        (frame(b"\xc1"), "not a readable message"),
        (frame(pack({"type": "diff", "epoch": 7})), "diff: "),
    ],
)
async def test_what_is_not_our_protocol_ends_the_link(ends, data, sentence):
    link, server = ends
    await server.send_all(data)
    with pytest.raises(LinkLost, match=f"cannot read: .*{sentence}"):
        await link.receive()


async def test_a_closed_connection_says_who_closed_it(ends):
    link, server = ends
    await server.aclose()
    with pytest.raises(LinkLost, match="the server closed the connection"):
        await link.receive()


async def test_after_closing_nothing_can_be_sent_or_received(ends):
    link, _ = ends
    await link.aclose()
    with pytest.raises(LinkLost):
        await link.send(Ping())
    with pytest.raises(LinkLost):
        await link.receive()


class Narrow(trio.abc.Stream):
    """A connection whose other side reads a few bytes and no more."""

    def __init__(self):
        self.taken = b""
        self.closed = False

    async def send_all(self, data):
        self.taken += bytes(data[:5])
        await trio.sleep_forever()

    async def wait_send_all_might_not_block(self):
        raise NotImplementedError

    async def receive_some(self, max_bytes=None):
        raise NotImplementedError

    async def aclose(self):
        self.closed = True
        await trio.lowlevel.checkpoint()


async def test_a_server_that_stops_reading_is_lost(autojump_clock):
    stream = Narrow()
    with pytest.raises(LinkLost, match="read nothing for 10 s"):
        await Link(stream).send(Ping())
    assert stream.closed


async def test_a_send_cut_short_by_cancellation_closes_the_link(autojump_clock):
    """Half a frame has gone out: whatever followed would be read as the rest of it."""
    stream = Narrow()
    link = Link(stream)
    with trio.move_on_after(1) as scope:
        await link.send(Register("web-01"))
    assert scope.cancelled_caught
    assert stream.closed


async def test_a_send_cancelled_before_its_turn_leaves_the_link_alone(autojump_clock, nursery):
    stream = Narrow()
    link = Link(stream)
    with trio.CancelScope() as scope:
        scope.cancel()
        await link.send(Ping())
    assert (stream.taken, stream.closed) == (b"", False)


async def test_sends_of_many_tasks_do_not_mix(ends, nursery):
    link, server = ends
    for n in range(20):
        nursery.start_soon(link.send, Register(f"client-{n}"))
    await wait_all_tasks_blocked()
    received = await server.receive_some()
    names = set()
    while received:
        length = int.from_bytes(received[:4], "big")
        names.add(from_client.decode(bytes(received[4 : 4 + length])).client_id)
        received = received[4 + length :]
    assert names == {f"client-{n}" for n in range(20)}


# --- making one


async def test_nobody_listening_is_said_in_plain_words():
    with pytest.raises(ConnectFailed, match=r"^connection refused$") as caught:
        await open_link(dial_tcp, "127.0.0.1", 1)
    assert caught.value.absent


async def test_a_host_that_does_not_answer_is_given_up_on(autojump_clock):
    async def black_hole(_host, _port):
        await trio.sleep_forever()

    with pytest.raises(ConnectFailed, match="no answer within 10 s") as caught:
        await open_link(black_hole, "h", 1)
    assert not caught.value.absent
    assert trio.current_time() == pytest.approx(10)


async def test_an_unknown_host_is_said_so():
    async def unknown(_host, _port):
        import socket

        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(ConnectFailed, match="the host is unknown") as caught:
        await open_link(unknown, "h", 1)
    assert caught.value.absent


# --- after which silence a connection ended


async def test_a_connection_that_the_other_end_closes_was_cut_after_the_silence_before(
    ends, autojump_clock
):
    link, server = ends
    await trio.sleep(5)
    await server.send_all(to_frame(Pong()))
    await link.receive()
    await trio.sleep(30)
    await link.send(Ping())
    await trio.sleep(50)
    await server.aclose()
    assert link.cut_after is None
    with pytest.raises(LinkLost):
        await link.receive()
    assert link.cut_after == 50


class Resetting(trio.abc.Stream):
    """A connection that a router has forgotten: what is sent is answered by a reset."""

    def __init__(self):
        self.sent = trio.Event()

    async def send_all(self, _data):
        self.sent.set()

    async def receive_some(self, _most=None):
        await self.sent.wait()
        raise trio.BrokenResourceError

    async def wait_send_all_might_not_block(self): ...

    async def aclose(self): ...


async def test_of_a_reset_that_answers_a_message_the_silence_before_the_message_counts(
    autojump_clock,
):
    link = Link(Resetting())
    await trio.sleep(60)
    await link.send(Ping())
    with pytest.raises(LinkLost):
        await link.receive()
    assert link.cut_after == 60


@pytest.mark.parametrize(
    ("said", "who"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH server"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "an HTTP server"),
        (b"\x15\x03\x03\x00\x02\x02\x46", "a TLS server"),
    ],
)
async def test_another_server_at_the_port_is_named(said: bytes, who: str):
    ours, theirs = trio.testing.memory_stream_pair()
    await theirs.send_all(said)
    with pytest.raises(LinkLost, match=f"^{who} answers there, not lastseen"):
        await Link(ours).receive()
