"""The same faults for longer, at random and all at once: what takes too long for every day."""

import random
import socket
import time
from typing import Any
from urllib.request import urlopen

import pytest

from lastseen.server.http.serving import PATIENCE
from lastseen.shared.messages import Ping, Pong

pytestmark = pytest.mark.slow

CLIENTS = 30
ROUNDS = 400
SEED = 8

ASKED = 1_000
"""Answers that are asked for: several times what the kernel takes for a socket."""

STORM = (
    "recvfrom:error=ECONNRESET:when=29+31",
    "sendto:error=EPIPE:when=23+37",
    "sendto:error=ENOBUFS:when=17+41",
    "accept4:error=EMFILE:when=5+7",
    "accept4:error=ECONNABORTED:when=3+11",
    "epoll_wait:error=EINTR:when=13+13",
)


@pytest.mark.parametrize("fault", STORM)
def test_clients_come_and_go_while_a_call_fails_again_and_again(
    steady: Any, wire: Any, inject: Any, faultless: Any, fault: str
):
    chance = random.Random(SEED)
    injection = inject(steady, fault)
    links: dict[str, Any] = {}
    for _ in range(ROUNDS):
        client_id = f"storm-{chance.randrange(CLIENTS)}"
        try:
            if client_id not in links:
                links[client_id] = wire(steady)
                links[client_id].register(client_id, instance=client_id)
            elif chance.random() < 0.3:
                links.pop(client_id).close()
            else:
                links[client_id].say(Ping())
                assert links[client_id].hear() in (Pong(), None)
        except OSError:
            links.pop(client_id).close()
    assert len(injection.wait(5)) >= 5
    injection.end()
    for number in range(CLIENTS):
        link = wire(steady)
        assert link.register(f"storm-{number}", instance=f"storm-{number}").client_id
    records = wire(steady).list_all()
    assert {records[f"storm-{number}"].status for number in range(CLIENTS)} == {"online"}
    faultless(steady)


def test_who_takes_nothing_of_a_long_answer_is_gone_after_the_time_that_http_gives(
    steady: Any, faultless: Any
):
    page = steady.logged("listening")["page"]
    port = int(page.rpartition(":")[2].strip("/"))
    with urlopen(f"{page}schema/openapi.json", timeout=60) as answer:  # noqa: S310 - loopback
        size = len(answer.read())
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", port))
        request = b"GET /schema/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
        deaf.sendall(request * ASKED)
        time.sleep(PATIENCE + 5)  # its patience itself
        deaf.settimeout(60)
        heard = 0
        try:
            while data := deaf.recv(1 << 16):
                heard += len(data)
        except ConnectionError:
            pass
        assert heard < ASKED * size / 2  # it was cut off, not served on
    faultless(steady)
