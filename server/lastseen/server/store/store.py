"""All reads and writes, each a transaction: what to do to the store, and nothing of how."""

from collections.abc import Callable, Container, Sequence

from sqlalchemy import func, select
from sqlalchemy.sql.schema import Table

from lastseen.server.store import clients as clients_
from lastseen.server.store import events as events_
from lastseen.server.store import finding, pending, recording, runs, settings, uptime, vacuum
from lastseen.server.store.database import CHUNK, Database, chunks
from lastseen.server.store.deliveries import DeliveryStore
from lastseen.server.store.filtering import Filter
from lastseen.server.store.model import (
    ClientUptime,
    Counts,
    Event,
    Json,
    KnownClient,
    LastSeen,
    Page,
    Run,
)
from lastseen.server.store.tables import CLIENTS, EVENTS, RUNS
from lastseen.server.store.telling import Telling

PAGE = 500
"""Items in a page, unless asked otherwise."""

UPTIME_PAGE = 100
"""Clients in a page of uptimes: each takes a query of its own."""

NOTHING = Telling()


class Store:
    """What outlives the server. May be used from any number of threads.

    Every method blocks, and may raise StoreUnavailable: then it changed nothing and may be called
    again later. Calling a write twice does what calling it once does (events by their `number`).

    Attributes:
        deliveries: What is told to whom; `record` and `tell` write it.
    """

    def __init__(self, database: Database, give_up: Callable[[], None] = lambda: None) -> None:
        """`give_up` ends the claim on the database, if there is one."""
        self.database = database
        self.deliveries = DeliveryStore(database)
        self._give_up = give_up

    def close(self) -> None:
        """Close all connections, and give up the claim."""
        self.database.close()
        self._give_up()
        self._give_up = lambda: None

    # --- clients -----------------------------------------------------------------------------

    def upsert_many(self, clients: Sequence[KnownClient]) -> None:
        """Insert or overwrite clients, a transaction for each 1,000; `first_seen` stays."""
        for chunk in chunks(sorted(clients, key=lambda client: client.client_id)):
            with self.database.writing() as connection:
                clients_.upsert(connection, chunk)

    def update_last_seen(self, seen: Sequence[LastSeen]) -> None:
        """Overwrite the last signs of life, a transaction for each 1,000; unknown clients are
        passed over. The latest call counts, even if its time is earlier: clocks are set back.
        """
        for chunk in chunks(sorted(seen, key=lambda sign: sign.client_id)):
            with self.database.writing() as connection:
                clients_.set_last_seen(connection, chunk)

    def find_all(
        self,
        *,
        after: str | None = None,
        limit: int = PAGE,
        group: str | None = None,
        search: str | None = None,
        via: str | None = None,
    ) -> Page[KnownClient]:
        """Everyone, or the members of a group, or those with a text in client_id, name, hostname
        or address, or those last heard from `via` a kind of link. With any, at most 5,000 clients
        are looked at for one page.
        """
        wanted = Filter(group, search, via)
        with self.database.reading() as connection:
            if wanted.passes_all:
                return finding.page(connection, after, limit)
            return finding.search(connection, after, limit, wanted)

    def find_online(
        self, timeout: float, now: float, *, after: str | None = None, limit: int = PAGE
    ) -> Page[KnownClient]:
        """Those whose last event left them online and who were seen within `timeout` seconds."""
        seen = CLIENTS.c.last_seen > now - timeout
        with self.database.reading() as connection:
            return finding.page(connection, after, limit, finding.WAS_ONLINE, seen)

    def find_by_id(self, client_id: str) -> KnownClient | None:
        """The client of this id."""
        with self.database.reading() as connection:
            return finding.one(connection, client_id)

    def find_by_ip(
        self, ip: str, *, after: str | None = None, limit: int = PAGE
    ) -> Page[KnownClient]:
        """Those whose last sign of life came from this address."""
        with self.database.reading() as connection:
            return finding.page(connection, after, limit, CLIENTS.c.ip == ip)

    def were_online(self, *, after: str | None = None, limit: int = PAGE) -> Page[KnownClient]:
        """Those whose last event left them online or late: who is awaited after a restart."""
        with self.database.reading() as connection:
            return finding.page(connection, after, limit, finding.WAS_ONLINE)

    def delete(self, client_id: str) -> bool:
        """Forget a client with its history and what was to be told of it, in transactions of 1,000
        events and deliveries; whether it was known.
        """
        while True:
            with self.database.writing() as connection:
                pending.hold_order(connection)
                nothing_to_tell = recording.forget(connection, client_id, CHUNK)
                if events_.remove_of(connection, client_id, CHUNK) < CHUNK and nothing_to_tell:
                    return clients_.remove(connection, client_id)

    def forget_offline_since(
        self, moment: float, keep: Container[str] = frozenset(), limit: int = CHUNK
    ) -> int:
        """Forget up to `limit` clients that were last seen before `moment`, the longest absent
        first; never one of `keep`, nor one whose last event left it online. Returns how many; fewer
        than `limit` means that there are no more. Their events stay until they are old themselves.
        """
        with self.database.writing() as connection:
            return clients_.remove_absent(connection, moment, keep, limit)

    # --- events ------------------------------------------------------------------------------

    def record(
        self,
        events: Sequence[Event],
        clients: Sequence[KnownClient] = (),
        telling: Telling = NOTHING,
    ) -> None:
        """Upsert the clients concerned, append the events in order, and keep what is to be told of
        them: all of it, or nothing.
        """
        with self.database.writing() as connection:
            if telling is not NOTHING:
                pending.hold_order(connection)  # before all rows: who has it may wait for those
            clients_.upsert(connection, clients)
            events_.append(connection, events)
            clients_.follow(connection, events)
            recording.keep(connection, telling, events[-1].at if events else None)

    def tell(self, telling: Telling) -> None:
        """Keep what is to be told of no event: all of it, or nothing."""
        self.record((), (), telling)

    def history(
        self,
        client_id: str,
        since: float | None = None,
        before_id: int | None = None,
        limit: int = PAGE,
    ) -> list[Event]:
        """A client's events, the newest first. For the next page give the `id` of the last one."""
        with self.database.reading() as connection:
            return events_.history(connection, client_id, since, before_id, limit)

    def last_events(self, client_ids: Sequence[str]) -> dict[str, Event]:
        """The last event of each of these known clients that has one."""
        with self.database.reading() as connection:
            return events_.last_of(connection, client_ids)

    def uptime(
        self,
        client_id: str | None,
        windows: Sequence[float],
        now: float,
        *,
        after: str | None = None,
        limit: int = UPTIME_PAGE,
    ) -> Page[ClientUptime]:
        """The uptime of one client, or page by page of everyone (None), over windows of so many
        seconds that end now. An unknown client has an empty page.
        """
        start = now - max(windows)
        with self.database.reading() as connection:
            page = finding.stays(connection, client_id, after, limit)
            watch = uptime.Watch(runs.since(connection, start))
            found = []
            for stay in page.items:
                began = max(start, stay.first_seen)
                events = events_.since(connection, stay.client_id, began)
                online = uptime.online(events, began, now, at_end=stay.online)
                shares = uptime.measure(online, watch, stay.first_seen, windows, now)
                found.append(ClientUptime(stay.client_id, shares))
        return Page(found, page.after)

    def forget_events_before(self, moment: float, limit: int = CHUNK) -> int:
        """Forget up to `limit` events decided before `moment`; returns how many."""
        with self.database.writing() as connection:
            return events_.remove_before(connection, moment, limit)

    # --- the server itself -------------------------------------------------------------------

    def begin_run(self, epoch: str, now: float, awake: float) -> None:
        """A run begins; or goes on after the server slept, which then counts as not watched.

        `awake` is for how many seconds the server was awake in all runs, here and below.
        """
        with self.database.writing() as connection:
            runs.begin(connection, epoch, now, awake)

    def beat(self, epoch: str, now: float, awake: float) -> None:
        """The server has been awake until now."""
        with self.database.writing() as connection:
            runs.beat(connection, epoch, now, awake, clean=False)

    def end_run(self, epoch: str, now: float, awake: float) -> None:
        """The run ends, on purpose and with everything written."""
        with self.database.writing() as connection:
            runs.beat(connection, epoch, now, awake, clean=True)

    def last_run(self) -> Run | None:
        """The run that began last; to be asked before one's own begins."""
        with self.database.reading() as connection:
            return runs.last(connection)

    def all_runs(self) -> list[Run]:
        """All runs that are remembered, in the order in which they began."""
        with self.database.reading() as connection:
            return list(runs.every(connection))

    def forget_runs_before(self, moment: float, limit: int = CHUNK) -> int:
        """Forget up to `limit` runs that ended before `moment`, not the last; returns how many."""
        with self.database.writing() as connection:
            return runs.remove_before(connection, moment, limit)

    def get_settings(self) -> dict[str, Json]:
        """What was put."""
        with self.database.reading() as connection:
            return settings.read(connection)

    def put_setting(self, key: str, value: Json) -> None:
        """Keep a setting that was changed while running."""
        with self.database.writing() as connection:
            settings.write(connection, key, value)

    def shrink(self) -> bool:
        """Give some free pages of an SQLite file back to the file system; whether there are more.

        PostgreSQL looks after its own files: returns False.
        """
        if self.database.dialect != "sqlite":
            return False
        return vacuum.give_back(self.database)

    def counts(self) -> Counts:
        """How many rows there are. Counts each: a tenth of a second at a million."""

        def count(table: Table) -> int:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()

        with self.database.reading() as connection:
            return Counts(count(CLIENTS), count(EVENTS), count(RUNS))
