"""Fifty readers of the stream under a thousand changes a second: everyone gets everything, and the
server's memory stays bounded though some of them do not read.
"""

import selectors
import threading
import time
from typing import Any

from lastseen.shared.messages import SetAvailability

CLIENTS, READERS, STUCK = 200, 50, 10
CHANGES = 1_000
"""A second, of all clients together."""
BATCH = 20
"""Clients that change in one breath."""
TURNS = 20
"""Changes of each client: four seconds of them."""

MOST_GROWTH = 60 * 2**20
"""Bytes: each reader may have 256 KiB unsent, and the allocator keeps some."""


class Draining(threading.Thread):
    """Reads all that comes on some sockets."""

    def __init__(self, sockets: list[Any]) -> None:
        super().__init__(daemon=True)
        self.received = dict.fromkeys(sockets, 0)
        self.ending = False

    def run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for sock in self.received:
                selector.register(sock, selectors.EVENT_READ)
            while not self.ending:
                for key, _ in selector.select(0.1):
                    self.received[key.fileobj] += len(key.fileobj.recv(1 << 18))  # type: ignore[union-attr,index]


def test_fifty_readers_of_a_thousand_changes_a_second(
    start: Any, page_of: Any, api: Any, stream: Any, wire: Any
):
    unhurried = {"connection_timeout": 60, "heartbeat_interval": 30}
    server = start(http={"enabled": True, "port": 0}, server=unhurried)
    page = page_of(server)
    asking = api(page)
    clients = [wire(server) for _ in range(CLIENTS)]
    for number, client in enumerate(clients):
        client.register(f"client-{number:03}")
    stuck = [stream(page, receive_buffer=4096) for _ in range(STUCK)]
    reading = [stream(page) for _ in range(READERS - STUCK)]
    draining = Draining([reader.socket for reader in reading[1:]])
    draining.start()
    before = largest = asking.get("/api/stats").json()["memory"]
    last = f"turn {TURNS - 1} "

    def watch() -> None:
        reading[0].until(
            lambda view: view and all(r.get("note", "").startswith(last) for r in view.values())
        )

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    for turn in range(TURNS):
        for batch in range(0, CLIENTS, BATCH):
            due = time.monotonic() + BATCH / CHANGES
            for client in clients[batch : batch + BATCH]:
                client.say(SetAvailability("busy", f"turn {turn} " + "x" * 200))
            time.sleep(max(0.0, due - time.monotonic()))
        largest = max(largest, asking.get("/api/stats").json()["memory"])
    watching.join(30)
    assert not watching.is_alive(), "not everyone's last change was told"
    assert len(reading[0].view) == CLIENTS
    assert largest - before < MOST_GROWTH
    draining.ending = True
    draining.join()
    received = sorted(draining.received.values())
    assert received[0] > 0.5 * received[-1], "some were told much less than others"
    assert len(stuck) == STUCK
