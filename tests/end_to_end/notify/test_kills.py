"""A server that is killed again and again, between any two steps of telling: nothing is lost, and
what is repeated bears the name that it had.
"""

import json
import random
import signal
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

ROUNDS = 30

CLIENTS = 6

EVENTS = "SELECT id, client_id, after FROM events ORDER BY id"
DELIVERIES = "SELECT count(*) FROM deliveries WHERE state = ?"

DETECTOR = {"reconnect_grace": 0.1, "reap_interval": 0.1}
"""A link that breaks is soon an outage."""


class Killer:
    """Kills one server after the other, at a moment that chance chooses."""

    def __init__(self, receiver: Any, outbox: Any, chance: random.Random) -> None:
        self._receiver = receiver
        self._outbox = outbox
        self._chance = chance
        self._moments: list[Callable[[], None]] = [
            self._before_an_answer,
            self._after_an_answer,
            self._when_decided,
            self._when_settled,
            self._soon,
        ]

    def begin(self, server: Any, number: int) -> None:
        """Kill this server in a while; each kind of moment has its turn."""
        self.killed = threading.Event()
        self._server = server
        self._receiver.on_request = self._receiver.on_answer = lambda _request: None
        self._until = self._chance.randrange(1, 9)
        self._moments[number % len(self._moments)]()

    def _kill(self) -> None:
        self._server.signal(signal.SIGKILL)
        self.killed.set()

    def _count_down(self, _request: Any) -> None:
        self._until -= 1
        if self._until == 0:
            self._kill()

    def _before_an_answer(self) -> None:
        """It was sent; whether it was taken, the server never hears."""
        self._receiver.on_request = self._count_down

    def _after_an_answer(self) -> None:
        """It was taken; the server may have heard, and may not have noted it."""
        self._receiver.on_answer = self._count_down

    def _when_decided(self) -> None:
        """Some more deliveries are in the database."""
        self._watch("pending")

    def _when_settled(self) -> None:
        """Some more were noted as sent."""
        self._watch("sent")

    def _soon(self) -> None:
        """Wherever it is."""
        threading.Timer(self._until * 0.02, self._kill).start()

    def _watch(self, state: str) -> None:
        threading.Thread(target=self._kill_when, args=(state,)).start()

    def _kill_when(self, state: str) -> None:
        before = self._count(state)
        while self._server.process.poll() is None:
            if abs(self._count(state) - before) >= self._until:
                self._kill()

    def _count(self, state: str) -> int:
        [(count,)] = self._outbox.query(DELIVERIES, state)
        return int(count)


@pytest.fixture
def busy(come: Any) -> Callable[[Any, random.Random, threading.Event], None]:
    """Has clients come and go at a server, by goodbyes and broken links, until it is killed."""

    def busy(server: Any, chance: random.Random, killed: threading.Event) -> None:
        while not killed.is_set():
            try:
                guest = come(server, f"web-{chance.randrange(CLIENTS)}")
                guest.leave() if chance.random() < 0.7 else guest.vanish()
            except OSError:
                killed.wait(0.01)  # it is gone, or will be
            except AssertionError:
                pass  # its link ended in the midst of a word

    return busy


def test_killed_between_any_two_steps_it_tells_every_event_and_repeats_by_the_same_name(
    start_telling, receiver, ops, outbox, busy
):
    chance = random.Random(11)
    killer = Killer(receiver, outbox, chance)
    for number in range(ROUNDS):
        server = start_telling(server=DETECTOR, webhook=[ops])
        killer.begin(server, number)
        busy(server, chance, killer.killed)
        server.wait()
    receiver.on_request = receiver.on_answer = lambda _request: None
    start_telling(server=DETECTOR, webhook=[ops])
    outbox.wait_for_nothing_pending()
    told = _told(receiver.requests)
    assert sorted(told) == _to_be_told(outbox.query(EVENTS))
    assert len(receiver.requests) > len(told), "nobody was killed in the midst of telling"
    for client_id in {client_id for _, client_id, _ in told}:
        events = [event_id for event_id, of, _ in told if of == client_id]
        assert events == sorted(events)


def _to_be_told(events: Iterable[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """The truth: each outage that history knows, and each return from one."""
    offline: dict[str, bool] = {}
    told = []
    for event_id, client_id, after in events:
        is_offline = after == "offline"
        if is_offline != offline.get(client_id, False):
            told.append((event_id, client_id, f"client.{after}"))
        offline[client_id] = is_offline
    return told


def _told(requests: Iterable[Any]) -> list[tuple[int, str, str]]:
    """What was sent, each event once, in the order in which they came: one event has one name."""
    names: dict[str, tuple[int, str, str]] = {}
    for request in requests:
        body = json.loads(request.body)
        about = (body["data"]["event_id"], body["data"]["client"]["client_id"], body["type"])
        assert names.setdefault(request.headers["webhook-id"], about) == about
    assert len(set(names.values())) == len(names), "an event was told by two names"
    return list(names.values())
