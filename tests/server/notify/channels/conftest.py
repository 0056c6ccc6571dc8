"""Receivers on loopback: an HTTP server that answers by script, and a mail server."""

import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from email.message import Message as Mail
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MailHandler
from msgspec import Struct, field

from lastseen.server.notify.channels.making import new_http

PATIENCE = 30.0
"""Seconds for what takes milliseconds: only a fault reaches it."""


class Request(Struct):
    """What was sent, and the status of our answer: 0 until there is one."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 0


class Answer(Struct):
    status: int = 200
    body: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    endless: bool = False


class Receiver:
    """An HTTP server that notes what it is sent.

    Attributes:
        answers: What it says next.
        usual: What it says when there is nothing left of those.
        on_request: Called with each request before it is answered, and `on_answer` afterwards; in
            the thread of its connection.
        released: Once set, nobody hangs any more.
    """

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Request] = []
        self.answers: deque[Answer] = deque()
        self.usual = Answer()
        self.on_request: Callable[[Request], object] = lambda _request: None
        self.on_answer: Callable[[Request], object] = lambda _request: None
        self.released = threading.Event()
        self._links: list[socket.socket] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet: two would wait for each other, 40 ms

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:  # the sender ended in the midst of it
                    self.close_connection = True
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, self.path, headers, body)
                receiver.requests.append(request)
                receiver.on_request(request)
                answer = receiver.answers.popleft() if receiver.answers else receiver.usual
                if answer.hang:
                    receiver.released.wait(PATIENCE)
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                length = 10**15 if answer.endless else len(answer.body)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(answer.body)
                while answer.endless:  # until the other side has had enough
                    self.wfile.write(answer.body)
                self.wfile.flush()
                request.status = answer.status
                receiver.on_answer(request)

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def process_request(self, request: Any, client_address: Any) -> None:
                receiver._links.append(request)
                super().process_request(request, client_address)

            def handle_error(self, *_: Any) -> None:
                pass  # a client that has had enough

        self._server = Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, status: int = 200, body: bytes = b"ok", **rest: Any) -> None:
        """Say this next."""
        self.answers.append(Answer(status, body, **rest))

    def close(self) -> None:
        """Be gone, to those who are connected too."""
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for link in self._links:
            with suppress(OSError):  # it has gone by itself
                link.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server on loopback."""
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def tls_receiver(tmp_path: Path) -> Iterator[str]:
    """The address of a TLS server whose certificate nobody signed but itself."""
    if not shutil.which("openssl"):
        assert not os.environ.get("CI"), "install openssl"
        pytest.skip("install openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2"
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """The client that channels share."""
    async with new_http() as client:
        yield client


class _Keeping(MailHandler):
    """Keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Mail] = []
        self.port = 0

    def handle_message(self, message: Mail) -> None:
        self.mails.append(message)


@pytest.fixture
def mailbox() -> Iterator[Any]:
    """A mail server on loopback: `mails` that came, and its `port`."""
    handler = _Keeping()
    with socket.socket() as free:  # the controller cannot be told to take any
        free.bind(("127.0.0.1", 0))
        handler.port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    yield handler
    controller.stop()
