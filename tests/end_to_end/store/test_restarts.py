"""Servers that end, well and badly: what they knew is known again, and nobody was ever gone."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from lastseen.server.store.model import Event, KnownClient
from lastseen.server.store.opening import open_store
from lastseen.shared.messages import (
    GetHistory,
    Goodbye,
    History,
    Leave,
    List,
    Register,
    SetAvailability,
)

PATIENT = {"heartbeat_interval": 60, "connection_timeout": 120}

CROWD = 2000
ROUNDS = 30


# --- a crowd across a restart -----------------------------------------------------------------


@pytest.fixture
def crowd(wire: Any) -> Callable[[Any], list[Any]]:
    """Has everyone come to a server, each as the same process as the last time."""

    def come(server: Any) -> list[Any]:
        wires = [wire(server) for _ in range(CROWD)]
        for number, one in enumerate(wires):
            one.say(Register(f"web-{number:04}", instance=f"process-{number}"))
        for one in wires:
            one.hear()
        return wires

    return come


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_takes_none_of_two_thousand_offline(
    start, wire, database, crowd, stats, number: signal.Signals
):
    server = start(server=PATIENT, store=database.settings)
    before = crowd(server)
    one = wire(server)
    _until(lambda: stats(one).store_queued == 0)
    server.signal(number)
    if number == signal.SIGTERM:
        for each in before:
            each.hear_only(Goodbye)
    for each in (*before, one):
        each.close()
    server.wait()
    server = start(server=PATIENT, store=database.settings)
    [restored] = server.events("clients restored")
    assert (restored["late"], restored["last_run"]) == (
        CROWD,
        "clean" if number == signal.SIGTERM else "killed",
    )
    one = wire(server)
    assert {r.status for r in one.list_all(None).values()} == {"late"}
    crowd(server)
    records = one.list_all("all")
    assert len(records) == CROWD
    assert {r.status for r in records.values()} == {"online"}
    _until(lambda: stats(one).store_queued == 0)
    reasons = database.query('SELECT reason, "after", count(*) FROM events GROUP BY 1, 2')
    assert sorted(reasons) == [("registered", "online", CROWD), ("returned", "online", CROWD)]
    database.check()


def test_who_does_not_come_back_is_given_up_once_the_grace_of_this_run_is_over(
    start, wire, database
):
    fast = {"heartbeat_interval": 0.5, "connection_timeout": 1, "reconnect_grace": 0.5}
    server = start(server=fast, store=database.settings)
    one = wire(server)
    one.register("web-01")
    _until(lambda: len(database.steps()) == 1)
    server.signal(signal.SIGKILL)
    server.wait()
    time.sleep(1.6)  # the server's own absence is nobody's silence
    server = start(server=fast, store=database.settings)
    one = wire(server)
    assert one.list_all()["web-01"].status == "late"
    _until(lambda: len(database.steps()) == 2)
    assert database.steps()[1] == ("web-01", "offline", "closed")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_restarts_do_not_hide_a_job_that_is_dead(start, database, number: signal.Signals):
    """Its timeout and the grace, 3 s, are longer than any run."""
    settings = {
        "server": {"reconnect_grace": 1},
        "store": database.settings,
        "http": {"enabled": True},
    }
    server = start(**settings)
    page = server.logged("listening")["page"]
    httpx.post(f"{page}api/clients/job/heartbeat", params={"timeout": 2}).raise_for_status()
    steps = [("job", "online", "registered")]
    for _ in range(6):
        time.sleep(1.5)
        if database.steps() != steps:
            break
        server.signal(number)
        server.wait()
        server = start(**settings)
    assert database.steps() == [*steps, ("job", "offline", "timeout")]


# --- killed in a loop -------------------------------------------------------------------------


class Guests:
    """Clients of one round, who do what chance says, and what the server has told them of it."""

    def __init__(self, connect: Callable[[], Any], chance: random.Random) -> None:
        self._connect = connect
        self._chance = chance
        self._wires: dict[str, Any] = {}
        self._observer = connect()
        self.acknowledged: list[tuple[Any, ...]] = []

    def act(self) -> None:
        client_id = f"web-{self._chance.randrange(12):02}"
        wire = self._wires.get(client_id)
        if wire is None:
            self._wires[client_id] = self._connect()
            self._wires[client_id].register(client_id, instance=str(self._chance.random()))
        elif self._chance.random() < 0.3:
            wire.say(SetAvailability("busy", "…"))
        else:
            if self._chance.random() < 0.5:
                wire.say(Leave())
            del self._wires[client_id]
            wire.close()

    def ask(self) -> None:
        """What the history of a client says now has been acknowledged."""
        client_id = f"web-{self._chance.randrange(12):02}"
        self._observer.say(GetHistory(client_id))
        answer = self._observer.hear()
        for event in answer.events if isinstance(answer, History) else ():
            step = (client_id, event.before, event.after, event.reason, event.epoch)
            self.acknowledged.append((*step, event.at.timestamp()))


def _lines(database: Any) -> list[tuple[Any, ...]]:
    rows = database.query(
        'SELECT client_id, "before", "after", reason, epoch, at FROM events ORDER BY id'
    )
    return [(*row[:-1], row[-1] / 1e6) for row in rows]


def test_killed_again_and_again_it_loses_nothing_that_was_acknowledged(start, wire, database):
    chance = random.Random(7)
    settings = PATIENT | {"reconnect_grace": 0.1, "reap_interval": 0.1}
    before: list[tuple[Any, ...]] = []
    told = 0
    for _ in range(ROUNDS):
        server = start(server=settings, store=database.settings)
        guests = Guests(lambda s=server: wire(s), chance)
        for _ in range(chance.randrange(5, 60)):
            guests.act()
            if chance.random() < 0.3:
                guests.ask()
        server.signal(signal.SIGKILL)
        server.wait()
        after = _lines(database)
        assert after[: len(before)] == before  # what was committed stays
        assert set(guests.acknowledged) <= set(after)
        told += len(guests.acknowledged)
        before = after
        database.check()
    assert told > 100
    assert len(before) > 5 * ROUNDS


# --- many who were here -----------------------------------------------------------------------


def _pages(wire: Any) -> Iterator[Any]:
    after = None
    while True:
        wire.say(List(status="all", limit=1000, after=after))
        page = wire.hear()
        yield page
        after = page.after
        if after is None:
            return


def test_many_who_were_here_are_listed_once_each_in_order(start, wire, database):
    ids = [f"web-{number:05}" for number in range(20_000)]
    moment = time.time() - 3_600
    store = open_store(database.url)
    store.upsert_many([_known(client_id, moment) for client_id in ids])
    present = ids[::20]
    store.record(
        [
            Event(
                i, "offline", "online", "registered", moment, moment, None, "before", "", number=n
            )
            for n, i in enumerate(present, 1)
        ]
    )
    store.begin_run("before", moment, 0.0)
    store.close()
    server = start(server=PATIENT | {"max_clients": 5_000}, store=database.settings)
    [restored] = server.events("clients restored")
    assert restored["late"] == len(present)
    newcomer = wire(server)
    newcomer.register("web-10000+")
    listed = [record for page in _pages(wire(server)) for record in page.clients]
    assert [record.client_id for record in listed] == sorted([*ids, "web-10000+"])
    assert [r.client_id for r in listed if r.status == "late"] == present


def _known(client_id: str, moment: float) -> KnownClient:
    texts: Any = {
        "name": "",
        "hostname": "",
        "ip": "",
        "user_name": "",
        "nickname": "",
        "avatar": "",
    }
    times = {"last_seen": moment, "first_seen": moment, "updated_at": moment}
    said: Any = {"groups": (), "meta": {}, "availability": "available", "note": ""}
    return KnownClient(client_id=client_id, port=0, via="tcp", **texts, **times, **said)


def _until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
