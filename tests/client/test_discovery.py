"""Finding servers: who answers, what of them is taken, and what is not one."""

import socket
from collections.abc import Callable
from typing import Any

import pytest
import trio

from lastseen.client import discovery
from lastseen.client.discovery import discover, one_of
from lastseen.client.errors import ConnectFailed
from lastseen.shared.ipmsg.beacon import Beacon
from lastseen.shared.ipmsg.entry import Entry
from lastseen.shared.lan.conduct import Conduct, Habits

SOON = 10.0


class Members:
    """Members at one UDP port of loopback, each with a beacon of its own."""

    def __init__(self, sock: Any, *beacons: Beacon, deaf_to: int = 0) -> None:
        self.port = sock.getsockname()[1]
        self.asked = 0
        self._sock, self._deaf_to = sock, deaf_to
        self._members = [Conduct(Entry("u", "h"), b, Habits(), 1, lambda: 0.0) for b in beacons]

    async def run(self) -> None:
        with self._sock:
            while True:
                data, sender = await self._sock.recvfrom(65536)
                self.asked += 1
                if self.asked > self._deaf_to:
                    await self._answer(data, sender)

    async def _answer(self, data: bytes, sender: Any) -> None:
        for member in self._members:
            outcome = member.receive(data, sender, trio.current_time(), own=True)
            if outcome.answer is not None:
                await self._sock.sendto(outcome.answer.data, outcome.answer.to)


@pytest.fixture
async def members(nursery: trio.Nursery) -> Callable[..., Any]:
    async def start(*beacons: Beacon, **options: Any) -> Members:
        sock = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        await sock.bind(("127.0.0.1", 0))
        found = Members(sock, *beacons, **options)
        nursery.start_soon(found.run)
        return found

    return start


@pytest.fixture(autouse=True)
def _ask_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "networks", list)


async def test_a_server_is_found_where_its_answer_came_from(members):
    there = await members(Beacon("m", {"tcp": "*:8080"}))
    assert await discover(there.port, SOON) == ["127.0.0.1:8080"]


async def test_a_question_that_was_lost_is_asked_again(members):
    there = await members(Beacon("m", {"tcp": "*:8080"}), deaf_to=1)
    assert await discover(there.port, SOON) == ["127.0.0.1:8080"]
    assert there.asked >= 2


async def test_of_several_the_lowest_address_comes_first_by_number(members):
    there = await members(
        Beacon("m1", {"tcp": "10.0.0.10:8080"}),
        Beacon("m2", {"tcp": "10.0.0.9:8080"}),
        Beacon("m3", {"tcp": "hub.example:8080"}),
        Beacon("m4", {"tcp": "*:8080"}),
    )
    assert await discover(there.port, SOON) == [
        "10.0.0.9:8080",
        "10.0.0.10:8080",
        "127.0.0.1:8080",
        "hub.example:8080",
    ]


async def test_one_that_answers_from_several_addresses_is_one(members):
    there = await members(
        Beacon("m", {"tcp": "10.0.0.9:8080"}), Beacon("m", {"tcp": "10.1.0.9:8080"})
    )
    assert await discover(there.port, SOON) == ["10.0.0.9:8080"]


async def test_who_serves_no_tcp_is_not_found(members):
    there = await members(Beacon("m", {"http": "*:8082"}), Beacon("n"))
    assert await discover(there.port, 0.2) == []


def test_none_is_a_sentence_that_says_what_to_do():
    with pytest.raises(ConnectFailed, match=r"no server answered on the local network.*--server"):
        one_of([])
    assert one_of(["a:1", "b:2"]) == "a:1"
