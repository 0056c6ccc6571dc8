"""Where connections come in: opened together or not at all."""

import socket

import pytest
import trio
import trio.testing

from lastseen.server.doors import Doors
from lastseen.server.errors import StartFailed


async def test_each_door_lets_in_whoever_comes_to_it(nursery: trio.Nursery):
    doors, admitted = Doors(), []
    came = trio.Event()

    def admit(sock: socket.socket, _peer: tuple[str, int]) -> None:
        admitted.append("second")
        sock.close()
        came.set()

    doors.open("first", ("127.0.0.1",), 0, lambda *_: admitted.append("first"))
    port = doors.open("second", ("127.0.0.1",), 0, admit)
    assert doors.addresses("second") == f"127.0.0.1:{port}"
    assert doors.addresses("third") == ""
    with pytest.raises(OSError, match="all attempts to connect"):
        await trio.open_tcp_stream("127.0.0.1", port)  # reserved, and not open yet
    doors.listen()
    scope = await nursery.start(doors.accept)
    with trio.fail_after(10):
        (await trio.open_tcp_stream("127.0.0.1", port)).socket.close()
        await came.wait()
    assert admitted == ["second"]
    scope.cancel()
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(OSError, match="all attempts to connect"):
        await trio.open_tcp_stream("127.0.0.1", port)


async def test_if_one_cannot_be_opened_none_is_left_open():
    doors = Doors()
    port = doors.open("first", ("127.0.0.1",), 0, lambda *_: None)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(StartFailed, match="cannot listen on"):
            doors.open("second", ("127.0.0.1",), taken, lambda *_: None)
    assert doors.addresses("first") == ""
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_a_port_that_is_taken_between_reserving_and_listening_is_a_sentence():
    doors = Doors()
    port = doors.open("first", ("127.0.0.1",), 0, lambda *_: None)
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(StartFailed, match=f"^cannot listen on 127.0.0.1:{port}: address already"),
    ):
        doors.listen()
    assert doors.addresses("first") == ""


async def test_one_listens_on_several_addresses_with_one_port():
    doors = Doors()
    port = doors.open("first", ("127.0.0.1", "127.0.0.2"), 0, lambda *_: None)
    assert doors.addresses("first") == f"127.0.0.1:{port}, 127.0.0.2:{port}"
    assert doors.found == {"first": [("127.0.0.1", port), ("127.0.0.2", port)]}
    doors.close()
