"""Watchers that read nothing, by each wire: they are given up on before they cost much, and others
are told as ever.
"""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import connect

from lastseen.shared.messages import ClientList, Diff, GetStats, SetAvailability, Stats, Watch

CLIENTS = 100
NOTE = "{:04}" + 200 * "n"

MOST_ROUNDS = 500
"""Changes of everyone, of some 30 KB each: several times what the kernel takes for a socket."""

MOST_MEMORY = 24 * 2**20
"""Bytes that three deaf watchers may cost in all: the bounds of what is kept for each, and what
Python keeps of it for the next time.
"""

SMALL = 8192
"""Bytes of a socket's buffer: what is not read soon fills it."""

SOON = 60


class Notes:
    """What a watcher has been told: the note of each client."""

    def __init__(self) -> None:
        self.notes: dict[str, str] = {}

    def told(self, message: Any) -> None:
        if isinstance(message, ClientList):
            self._set(message.clients)
        elif isinstance(message, Diff):
            self._set([*message.joins, *message.updates])

    def _set(self, records: list[Any]) -> None:
        for record in records:
            self.notes[record.client_id] = record.note

    def are(self, note: str) -> bool:
        return len(self.notes) == CLIENTS and set(self.notes.values()) == {note}


@pytest.fixture
def reader(steady: Any) -> Iterator[socket.socket]:
    """One that asks for the event stream, and reads nothing of it."""
    port = int(steady.logged("listening")["page"].rpartition(":")[2].strip("/"))
    with socket.socket() as reader:
        reader.settimeout(SOON)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        reader.connect(("127.0.0.1", port))
        reader.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield reader


@pytest.fixture
def page(steady: Any) -> Iterator[Any]:
    """A WebSocket of which nothing is read beyond what a queue of one message takes."""
    url = f"ws://127.0.0.1:{steady.websocket_port}/ws"
    with connect(
        url, max_queue=1, compression=None, ping_interval=None, max_size=None, close_timeout=0.1
    ) as page:
        yield page


@pytest.mark.usefixtures("reader")
def test_they_are_given_up_on_and_others_are_told_as_ever(
    steady: Any, wire: Any, page: Any, faultless: Any
):
    deaf, good = wire(steady, receive_buffer=SMALL), wire(steady)
    clients = [wire(steady) for _ in range(CLIENTS)]
    for number, client in enumerate(clients):
        client.register(f"web-{number}")
    for watcher in (deaf, good):
        watcher.say(Watch())
    page.send('{"type":"watch"}')
    view = Notes()
    while not view.are(""):
        view.told(good.hear())
    stats = before = stats_of(good, view)
    assert before.watchers == 4
    for number in range(1, MOST_ROUNDS):
        note = NOTE.format(number)
        for client in clients:
            client.say(SetAvailability("busy", note))
        while not view.are(note):
            view.told(good.hear())
        stats = stats_of(good, view)
        assert stats.memory - before.memory < MOST_MEMORY
        if stats.watchers == 1:
            break
    assert stats.watchers == 1
    assert stats.slow_closes - before.slow_closes >= 2
    assert has_ended(deaf)
    faultless(steady)


def stats_of(watcher: Any, view: Notes) -> Stats:
    watcher.say(GetStats())
    while not isinstance(said := watcher.hear(), Stats):
        view.told(said)
    return said


def has_ended(deaf: Any) -> bool:
    """After what it was told and had not read, nothing more comes."""
    try:
        while deaf.hear() is not None:
            pass
    except ConnectionError:
        pass
    return True
