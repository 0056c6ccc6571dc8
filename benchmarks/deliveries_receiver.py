"""A receiver that does as little as it can: it takes every POST, and says when it had them all.

`python -m benchmarks.deliveries_receiver COUNT` prints its port, and when COUNT messages have come
a line of JSON: `ended` (by the machine's monotonic clock) and how many came more than once.
"""

import re
import select
import socket
import sys
import time

import msgspec

TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
END = b"\r\n\r\n"

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_NAME = re.compile(rb"\r\nwebhook-id: ([^\r]+)\r\n", re.IGNORECASE)


class Receiver:
    """Its links, and the messages that came by them."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.names: set[bytes] = set()
        self.repeats = 0
        self._poll = select.epoll()
        self._poll.register(self.listener, select.EPOLLIN)
        self._links: dict[int, tuple[socket.socket, bytearray]] = {}

    def turn(self) -> None:
        """Take what has come."""
        for fd, _ in self._poll.poll():
            if fd == self.listener.fileno():
                link, _ = self.listener.accept()
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._links[link.fileno()] = (link, bytearray())
                self._poll.register(link, select.EPOLLIN)
            else:
                self._read(fd)

    def _read(self, fd: int) -> None:
        link, data = self._links[fd]
        more = link.recv(65536)
        if not more:
            self._poll.unregister(fd)
            del self._links[fd]
            link.close()
            return
        data += more
        while (size := _size(data)) and len(data) >= size:
            self._take(bytes(data[:size]))
            del data[:size]
            link.send(TAKEN)

    def _take(self, request: bytes) -> None:
        found = _NAME.search(request)
        name = found[1] if found else b""
        self.repeats += name in self.names
        self.names.add(name)


def _size(data: bytearray) -> int:
    """Bytes of the first request; 0 while that is not known."""
    end = data.find(END)
    length = _LENGTH.search(data, 0, end + 2) if end >= 0 else None
    return end + len(END) + int(length[1]) if length else 0


def main() -> None:
    """Take messages until there were as many as the argument says."""
    expected = int(sys.argv[1])
    receiver = Receiver()
    print(receiver.listener.getsockname()[1], flush=True)
    while len(receiver.names) < expected:
        receiver.turn()
    found = {"ended": time.monotonic(), "repeats": receiver.repeats}
    print(msgspec.json.encode(found).decode(), flush=True)
    while True:  # until killed: who has told everything may still be answered
        receiver.turn()


if __name__ == "__main__":
    main()
