"""What is due, and in which order: held to a model in Python, in both databases."""

from concurrent.futures import ThreadPoolExecutor, wait
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from lastseen.server.store import pending
from lastseen.server.store.telling import Attempt, Delivery, Telling

NOW = 1_800_000_000.0

NUMBERS = count()
"""Examples share a store: each has a channel of its own."""


def keys(deliveries):
    return [delivery.key for delivery in deliveries]


class Model:
    """The rules, said once more, of one channel and without any cleverness."""

    def __init__(self):
        self.rows = []  # in order of telling

    def pending(self):
        return [row for row in self.rows if row.state == "pending"]

    def foremost(self):
        first = {}
        for row in self.pending():
            first.setdefault(row.client_id, row)
        return [row for row in first.values() if not row.message]

    def due(self, until):
        due = [row for row in self.foremost() if row.due_at <= until]
        return keys(sorted(due, key=self.rows.index))

    def claimable(self, until):
        held_up, found = set(), []
        for row in self.pending():
            if row.due_at > until:
                held_up.add(row.client_id)
            elif not row.message and row.client_id not in held_up:
                found.append(row.key)
        return found

    def claimed(self):
        found = [row for row in self.pending() if row.message]
        return keys(row for row in found if row.message == found[0].message)

    def next_due(self):
        return min((row.due_at for row in self.foremost()), default=None)

    def change(self, changes, wanted):
        self.rows = [replace(row, **changes(row)) if wanted(row) else row for row in self.rows]


class Both:
    """The store and the model: told the same, asked the same."""

    def __init__(self, store):
        self.store, self.outbox, self.model = store, store.deliveries, Model()
        self.channel = f"channel-{next(NUMBERS)}"
        self.messages = (f"{self.channel}-message-{n}" for n in count())

    def tell(self, client, due_at):
        new = Delivery(
            key=f"{self.channel}-{len(self.model.rows)}",
            channel=self.channel,
            kind="offline",
            client_id=client,
            notice=None,
            created_at=float(len(self.model.rows)),
            due_at=due_at,
        )
        self.store.tell(Telling((new,)))
        self.model.rows.append(new)

    def withdraw(self, row):
        self.store.tell(Telling(withdrawn=(row.key,)))
        if row.state == "pending" and not row.attempts and not row.message:
            self.model.change(lambda _: {"state": "withdrawn"}, lambda r: r.key == row.key)

    def settle(self, rows, state, due_at):
        names = keys(rows)
        self.outbox.settle([Attempt(tuple(names), state, NOW, due_at, "why")])

        def changes(row):
            if state == "pending":
                if row.due_at == due_at:
                    return {}
                return {"due_at": due_at, "attempts": row.attempts + 1}
            return {"state": state, "attempts": row.attempts + 1}

        self.model.change(changes, lambda r: r.key in names and r.state == "pending")

    def claim(self, until):
        message = next(self.messages)
        claimed = keys(self.outbox.claim(self.channel, until, message))
        assert claimed == self.model.claimable(until)
        self.model.change(lambda _: {"message": message}, lambda r: r.key in claimed)

    def divide(self, rows):
        parts = [(next(self.messages), keys(rows[::2])), (next(self.messages), keys(rows[1::2]))]
        self.outbox.divide(parts)
        for message, names in parts:
            self.model.change(
                lambda _, message=message: {"message": message},
                lambda r, names=names: r.key in names and r.state == "pending",
            )

    def retry(self, row, now):
        found = self.outbox.find(row.key)
        concerned = [
            r.key
            for r in self.model.rows
            if r.state in ("pending", "failed")
            and (r.key == row.key or (row.message and r.message == row.message))
        ]
        expected = row.state in ("pending", "failed")
        assert self.outbox.retry(found.id, now) is expected
        if expected:
            changes = {"state": "pending", "due_at": now, "attempts": 0}
            self.model.change(lambda _: changes, lambda r: r.key in concerned)

    def agree(self, until):
        assert keys(self.outbox.due(self.channel, until)) == self.model.due(until)
        assert keys(self.outbox.claimed(self.channel)) == self.model.claimed()
        assert self.outbox.next_due(self.channel) == self.model.next_due()

    def agree_at_the_end(self):
        found = self.outbox.list(channel=self.channel, limit=1_000)[::-1]
        essence = [(r.key, r.state, r.attempts, r.due_at, r.message) for r in found]
        assert essence == [
            (r.key, r.state, r.attempts, r.due_at, r.message) for r in self.model.rows
        ]


moments = st.integers(0, 9).map(float)
clients = st.sampled_from(["", "a", "b"])
states = st.sampled_from(["pending", "sent", "failed"])


@settings(max_examples=30)
@given(data=st.data(), length=st.integers(1, 25))
def test_whatever_happens_in_whichever_order_store_and_model_agree(store, data, length):
    both = Both(store)
    for _ in range(length):
        rows = both.model.rows
        match data.draw(
            st.sampled_from(["tell", "withdraw", "settle", "claim", "divide", "retry"])
        ):
            case "claim":
                both.claim(data.draw(moments))
            case "withdraw" if rows:
                both.withdraw(data.draw(st.sampled_from(rows)))
            case "settle" if rows:
                some = data.draw(st.lists(st.sampled_from(rows), unique_by=lambda r: r.key))
                both.settle(some, data.draw(states), data.draw(moments))
            case "divide" if claimed := both.outbox.claimed(both.channel):
                both.divide(claimed)
            case "retry" if rows:
                both.retry(data.draw(st.sampled_from(rows)), data.draw(moments))
            case _:
                both.tell(data.draw(clients), data.draw(moments))
        both.agree(data.draw(moments))
    both.agree_at_the_end()


@settings(max_examples=25)
@given(
    told=st.lists(st.tuples(clients, moments), min_size=1, max_size=15),
    failing=st.lists(st.booleans(), max_size=20),
    limit=st.integers(1, 4),
)
def test_each_client_hears_everything_in_order_however_often_sending_fails(
    store, told, failing, limit
):
    both, now, sent, fails = Both(store), 9.0, [], list(failing)
    for client, due_at in told:
        both.tell(client, due_at)
    while (moment := both.outbox.next_due(both.channel)) is not None:
        now = max(now, moment)
        found = both.outbox.due(both.channel, now, limit)
        assert 0 < len(found) <= limit
        assert len({delivery.client_id for delivery in found}) == len(found)
        for delivery in found:
            fail = bool(fails) and fails.pop()
            both.settle([delivery], "pending" if fail else "sent", now + 1)
            sent += [] if fail else [delivery]
    assert len(sent) == len(told)
    for client in {client for client, _ in told}:
        ids = [delivery.id for delivery in sent if delivery.client_id == client]
        assert ids == sorted(ids)


def test_an_attempt_is_kept_with_what_it_said(store, delivery):
    store.tell(Telling((delivery("k"),)))
    store.deliveries.settle([Attempt(("k",), "pending", NOW + 1, NOW + 30.5, "503 \0")])
    found = store.deliveries.find("k")
    assert (found.state, found.attempts, found.due_at) == ("pending", 1, NOW + 30.5)
    assert (found.error, found.settled_at) == ("503 \N{REPLACEMENT CHARACTER}", None)
    store.deliveries.settle([Attempt(("k",), "sent", NOW + 31, 0.0)])
    found = store.deliveries.find("k")
    assert (found.state, found.attempts, found.due_at) == ("sent", 2, NOW + 30.5)
    assert (found.error, found.settled_at) == ("", NOW + 31)


@pytest.mark.parametrize("state", ["pending", "sent", "failed"])
def test_settling_a_second_time_changes_nothing(store, delivery, state):
    store.tell(Telling((delivery("k"), delivery("next"))))
    attempt = Attempt(("k",), state, NOW + 1, NOW + 30, "why")
    store.deliveries.settle([attempt])
    once = store.deliveries.list()
    store.deliveries.settle([attempt])
    assert store.deliveries.list() == once


def test_several_attempts_are_kept_all_or_none(store, delivery):
    store.tell(Telling((delivery("a", "a"), delivery("b", "b"))))
    broken = Attempt(("b",), "sent", float("nan"), 0.0)
    with pytest.raises(Exception, match="NaN"):
        store.deliveries.settle([Attempt(("a",), "sent", NOW, 0.0), broken])
    assert keys(store.deliveries.due("hook", NOW)) == ["a", "b"]


def test_nobody_is_left_waiting_in_line_who_comes_while_the_foremost_goes(store, delivery):
    store.tell(Telling((delivery("a"),)))
    with ThreadPoolExecutor() as pool:
        with store.database.writing() as connection:
            pending.hold_order(connection)
            pending.settle(connection, [Attempt(("a",), "sent", NOW, 0.0)])
            telling = pool.submit(store.tell, Telling((delivery("b"),)))
            wait([telling], timeout=0.5)  # it waits for us, and must not look before
        telling.result()
    assert keys(store.deliveries.due("hook", NOW)) == ["b"]


# --- what it costs ---------------------------------------------------------------------------


@pytest.fixture
def steps(store):
    """Counts the steps that SQLite's machine takes for a call, which no other load changes."""
    with store.database.reading() as connection:
        raw = connection.connection.driver_connection

    def counted(call):
        taken = count()
        raw.set_progress_handler(lambda: next(taken) and 0, 10)
        call()
        raw.set_progress_handler(None, 0)
        return next(taken)

    return counted


@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_was_sent_and_what_waits_behind_others_costs_nothing(store, delivery, steps):
    outbox = store.deliveries
    calls = {
        "due": lambda: outbox.due("hook", NOW),
        "next_due": lambda: outbox.next_due("hook"),
        "claimed": lambda: outbox.claimed("mail"),
        "settle": lambda: outbox.settle([Attempt(("head",), "pending", NOW, NOW + next(NUMBERS))]),
        "withdraw": lambda: store.tell(Telling(withdrawn=("tail",))),
        "list": lambda: outbox.list(state="failed"),
        "find": lambda: outbox.find("head"),
    }
    store.tell(Telling((delivery("head", due_at=NOW + 5), delivery("tail"))))
    claim_one(store, delivery("first", channel="mail"))
    before = {name: steps(call) for name, call in calls.items()}
    sent = [delivery(f"s{n}", f"c{n % 9}", state="sent") for n in range(3_000)]
    behind = [delivery(f"w{n}", due_at=NOW) for n in range(3_000)]
    mailed = [delivery(f"m{n}", channel="mail", state="sent") for n in range(3_000)]
    store.tell(Telling((*sent, *behind, *mailed)))
    outbox.settle([Attempt(("first",), "sent", NOW, 0.0)])
    claim_one(store, delivery("last", channel="mail"))
    after = {name: steps(call) for name, call in calls.items()}
    assert {name for name in calls if after[name] > 2 * before[name] + 10} == set()


def claim_one(store, told):
    store.tell(Telling((told,)))
    assert len(store.deliveries.claim(told.channel, NOW, f"message of {told.key}")) == 1
