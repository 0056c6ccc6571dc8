"""What is told to whom, each call a transaction: the part of the store that notifications use.

`Store.record` and `tell` write what is to be told; from here it is sent, settled, looked at and
forgotten.
"""

from collections.abc import Mapping, Sequence

from lastseen.server.store import (
    ledger,
    pending,
    sending,
    silences,
    standings,
    takeover,
    waiting,
)
from lastseen.server.store.database import CHUNK, Database
from lastseen.server.store.telling import (
    Attempt,
    BrokenChannel,
    Delivery,
    DeliveryState,
    Silence,
    Standing,
    Waiting,
)

PAGE = 500
"""Deliveries in a page, unless asked otherwise."""


class DeliveryStore:
    """Deliveries, standings, silences and broken channels. May be used from any number of threads.

    Every method blocks, and may raise StoreUnavailable: then it changed nothing and may be called
    again later. Calling a write twice does what calling it once does, save `add_silence`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- sending -----------------------------------------------------------------------------

    def due(self, channel: str, until: float, limit: int = CHUNK) -> list[Delivery]:
        """Those to be sent one by one: pending, due by `until`, and in no message; of each client
        at most one, which no earlier pending one precedes. (Those about the server, whose client_id
        is "", are as those of one client.) In the order of their ids; of more than `limit`, those
        due the longest.
        """
        with self._database.reading() as connection:
            return sending.due(connection, channel, until, limit)

    def claim(self, channel: str, until: float, message: str, limit: int = CHUNK) -> list[Delivery]:
        """Those to be sent together: pending, due by `until`, and in no message so far; from now on
        in `message`, a name that was never used. In the order of their ids. None comes before an
        earlier one of its client.

        Ask `claimed` before: a call whose answer was lost may have claimed them.
        """
        with self._database.writing() as connection:
            pending.hold_order(connection)
            ids = sending.claim(connection, channel, until, limit)
            return sending.put_into(connection, message, ids)

    def claimed(self, channel: str) -> list[Delivery]:
        """Those of the message that was claimed first and is pending still, whenever it is due; in
        the order of their ids. It is to be sent before another is claimed, and before what is
        `due`: a channel that sends one by one now may have sent digests before.
        """
        with self._database.reading() as connection:
            return sending.claimed(connection, channel)

    def next_due(self, channel: str) -> float | None:
        """When there will be something to send or claim, as far as is known: when the first of
        those is due that are in no message and behind no other of their client. None: nothing.
        """
        with self._database.reading() as connection:
            return sending.next_due(connection, channel)

    def settle(self, attempts: Sequence[Attempt]) -> None:
        """Keep what became of attempts: all of it, or nothing. What is not pending any more stays
        as it is, and so does one to be tried again whose `due_at` would not change: it was kept
        before.
        """
        with self._database.writing() as connection:
            pending.hold_order(connection)
            pending.settle(connection, attempts)

    def divide(self, parts: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Have messages of these names, which were never used, tell deliveries of these keys in
        place of the message that told them so far: those that are pending.
        """
        with self._database.writing() as connection:
            pending.hold_order(connection)
            sending.divide(connection, parts)

    def hasten(self, channel: str, now: float) -> None:
        """What a channel did not take, and is to be tried again later, is due now: it takes
        messages again.
        """
        with self._database.writing() as connection:
            pending.hold_order(connection)
            pending.hasten(connection, channel, now)

    def retry(self, delivery_id: int, now: float) -> bool:
        """Have a failed or pending delivery sent again, due now, as if it had never been tried;
        with all that was told in its message and still is to be. False: there is none, or it was
        sent or withdrawn.
        """
        with self._database.writing() as connection:
            pending.hold_order(connection)
            delivery = ledger.one(connection, delivery_id)
            if delivery is None or delivery.state not in ("pending", "failed"):
                return False
            ledger.retry(connection, delivery, now)
            return True

    # --- what waits --------------------------------------------------------------------------

    def waiting_clients(self, channel: str) -> list[str]:
        """The client_ids of all that is pending, each once; "" for what is about the server."""
        with self._database.reading() as connection:
            return waiting.clients(connection, channel)

    def waiting(self, channel: str, client_ids: Sequence[str]) -> list[Waiting]:
        """What is pending of each of these clients, of at most CHUNK, and what the channel was last
        told of it. `Store.tell` has it given up.
        """
        with self._database.reading() as connection:
            return waiting.of_clients(connection, channel, client_ids)

    # --- standings ---------------------------------------------------------------------------

    def standings(self, after: Standing | None = None, limit: int = CHUNK) -> list[Standing]:
        """Where channels stand with clients, in the order of client_ids. For the next page give
        the last one; a page that is not full is the last.
        """
        with self._database.reading() as connection:
            return standings.page(connection, after, limit)

    # --- from run to run ---------------------------------------------------------------------

    def ended(self, epoch: str) -> float | None:
        """When the run before that of `epoch` ended, as far as is known, by the clock that it
        scheduled with; None: there was none.
        """
        with self._database.reading() as connection:
            return takeover.ended(connection, epoch)

    def set_ahead(self, epoch: str, seconds: float) -> None:
        """Keep by how much the wall clock was set forward since the run of `epoch` began."""
        with self._database.writing() as connection:
            takeover.set_ahead(connection, epoch, seconds)

    def set_back(self, now: float, moved: Sequence[Silence]) -> None:
        """The clock was set back since the last run: pending deliveries are due by `now` at the
        latest, and silences are as they are given.
        """
        with self._database.writing() as connection:
            pending.hold_order(connection)
            takeover.make_due(connection, now)
            silences.move(connection, moved)

    def postpone(self, due: Mapping[str, float]) -> None:
        """Have pending deliveries, by their keys, be due at these moments: those of them that were
        never tried.
        """
        with self._database.writing() as connection:
            pending.hold_order(connection)
            takeover.postpone(connection, due)

    # --- quiet -------------------------------------------------------------------------------

    def silences(self) -> list[Silence]:
        """All silences in the order of their ids, expired ones too until they are forgotten."""
        with self._database.reading() as connection:
            return silences.every(connection)

    def add_silence(self, silence: Silence) -> Silence:
        """Keep a silence; returns it with its id."""
        with self._database.writing() as connection:
            return silences.add(connection, silence)

    def remove_silence(self, silence_id: int) -> bool:
        """Forget a silence; False: there was none."""
        with self._database.writing() as connection:
            return silences.remove(connection, silence_id)

    def broken(self) -> list[BrokenChannel]:
        """The channels that refused for good, by name."""
        with self._database.reading() as connection:
            return silences.broken(connection)

    def mark_broken(self, channel: BrokenChannel) -> None:
        """Keep that a channel refused for good."""
        with self._database.writing() as connection:
            silences.mark_broken(connection, channel)

    def mend(self, channel: str) -> bool:
        """A channel is to be tried again; False: it was not broken."""
        with self._database.writing() as connection:
            return silences.mend(connection, channel)

    # --- forgetting --------------------------------------------------------------------------

    def forget_before(self, moment: float, limit: int = CHUNK) -> int:
        """Forget up to `limit` deliveries decided before `moment`, the oldest first, whether they
        were ever sent or not; returns how many. Fewer than `limit`: there are no more.
        """
        with self._database.writing() as connection:
            pending.hold_order(connection)
            return ledger.remove_before(connection, moment, limit)

    def forget_standings_before(self, moment: float, limit: int = CHUNK) -> int:
        """Forget up to `limit` standings with clients that went offline before `moment` and are
        so still; returns how many.
        """
        with self._database.writing() as connection:
            pending.hold_order(connection)
            return standings.remove_before(connection, moment, limit)

    def forget_silences_before(self, moment: float, limit: int = CHUNK) -> int:
        """Forget up to `limit` silences that ended before `moment`; returns how many."""
        with self._database.writing() as connection:
            return silences.remove_before(connection, moment, limit)

    # --- looking (last: in a class that has a `list`, annotations mean that one) -------------

    def list(
        self,
        *,
        channel: str | None = None,
        client_id: str | None = None,
        state: DeliveryState | None = None,
        before_id: int | None = None,
        limit: int = PAGE,
    ) -> list[Delivery]:
        """Deliveries, the newest first. For the next page give the `id` of the last one."""
        with self._database.reading() as connection:
            return ledger.page(connection, channel, client_id, state, before_id, limit)

    def find(self, name: str | int) -> Delivery | None:
        """The delivery of this key (text) or id (a number)."""
        with self._database.reading() as connection:
            return ledger.one(connection, name)

    def counts(self) -> dict[tuple[str, DeliveryState], int]:
        """How many deliveries are pending and how many failed, by channel and state; none where
        there are none. Counts them: a tenth of a second at a million of those, whatever there is
        of others.
        """
        with self._database.reading() as connection:
            return ledger.counts(connection)
