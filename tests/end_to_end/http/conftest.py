"""A real server that serves HTTP, and readers of its stream over real sockets."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

SOON = 60.0


class Api(httpx.Client):
    """Asks a server."""

    def __init__(self, page: str) -> None:
        super().__init__(base_url=page, timeout=SOON)


class Stream:
    """One reader of the stream, which reads only when it is told to."""

    def __init__(self, page: str, last_id: str = "", receive_buffer: int | None = None) -> None:
        url = httpx.URL(page)
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(SOON)
        self.socket.connect((url.host, url.port))
        resume = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        request = f"GET {url.path}api/events HTTP/1.1\r\nHost: localhost\r\n{resume}\r\n"
        self.socket.sendall(request.encode())
        self.last_id = last_id
        self.view: dict[str, Any] = {}
        self._file = self.socket.makefile("rb")
        status = self._file.readline()
        assert status.startswith(b"HTTP/1.1 200"), status
        while self._file.readline().strip():
            pass
        self._lines = self._read_lines()

    def _read_lines(self) -> Iterator[str]:
        """Lines of the body, put together again from its chunks."""
        rest = b""
        while size := int(self._file.readline() or b"0", 16):
            rest += self._file.read(size)
            self._file.readline()
            *lines, rest = rest.split(b"\n")
            yield from (line.decode() for line in lines)

    def event(self) -> tuple[str, Any] | None:
        """The next event: its name and data; None at the end of the stream."""
        name, data = "", None
        for line in self._lines:
            field, _, value = line.partition(": ")
            if field == "id":
                self.last_id = value
            elif field == "event":
                name = value
            elif field == "data":
                data = json.loads(value)
            elif not line and name:
                self._apply(name, data)
                return name, data
        return None

    def _apply(self, name: str, data: Any) -> None:
        if data.get("first"):
            self.view.clear()
        for kind in ("clients", "joins", "updates"):
            if name in ("clients", "diff"):
                self.view |= {record["client_id"]: record for record in data.get(kind, [])}
        for record in data.get("leaves", []):
            self.view.pop(record["client_id"], None)

    def until(self, condition: Callable[[dict[str, Any]], Any]) -> None:
        """Read until the view is so."""
        while not condition(self.view):
            assert self.event() is not None, "the stream ended"

    def close(self) -> None:
        self._file.close()
        self.socket.close()


@pytest.fixture
def stream() -> Iterator[Callable[..., Stream]]:
    """Opens streams."""
    opened: list[Stream] = []

    def stream(page: str, **options: Any) -> Stream:
        opened.append(Stream(page, **options))
        return opened[-1]

    yield stream
    for one in opened:
        with suppress(OSError):
            one.close()


@pytest.fixture
def api() -> Iterator[Callable[[str], Api]]:
    """Asks servers."""
    opened: list[Api] = []

    def api(page: str) -> Api:
        opened.append(Api(page))
        return opened[-1]

    yield api
    for one in opened:
        one.close()


@pytest.fixture
def page_of() -> Callable[[Any], str]:
    """The address of a server's page, from its log."""
    return lambda server: str(server.logged("listening")["page"])
