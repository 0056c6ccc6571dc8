"""Reads what the store remembers for whoever asks: answered later, while nobody waits."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import trio
from msgspec.structs import replace

from lastseen.server.asking import Asking
from lastseen.server.keeping.shared_runs import SharedRuns
from lastseen.server.keeping.threads import InThread, in_thread
from lastseen.server.keeping.translation import client_uptime, event_record, offline
from lastseen.server.presence.listing import Stored
from lastseen.server.presence.presence import Presence
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.model import ClientUptime, Page
from lastseen.server.store.store import Store
from lastseen.shared.fitting import that_fit
from lastseen.shared.messages import (
    Answer,
    ClientList,
    Error,
    Forget,
    Forgotten,
    GetHistory,
    GetUptime,
    History,
    List,
    Question,
    Uptime,
)

WINDOWS = (86_400.0, 7 * 86_400.0, 30 * 86_400.0)
"""Uptime is told over a day, a week and a month, in seconds."""

UPTIMES = 200
"""Clients looked at for one answer at most: some 30 KB, and each takes a query of its own."""

CATCHING_UP = 5.0
"""Seconds that forgetting waits at most for the writer behind presence."""

T = TypeVar("T")


class Archive:
    """Answers questions about the past."""

    def __init__(
        self,
        store: Store,
        presence: Presence,
        caught_up: Callable[[], Awaitable[None]],
        in_thread: InThread = in_thread,
    ) -> None:
        """`caught_up` waits until all that was decided so far is in the store; `in_thread` is where
        calls of the store block.
        """
        self._store = store
        self._caught_up = caught_up
        self._presence = presence
        self._in_thread = in_thread
        self._asking = Asking(self._answer)
        self._uptimes: SharedRuns[GetUptime, Page[ClientUptime]] = SharedRuns()

    async def run(self) -> None:
        """Answer for ever."""
        await self._asking.run()

    def ask(
        self, question: Question, reply: Callable[[Answer], None], wanted: Callable[[], bool]
    ) -> None:
        """Have `reply` called with the answer, later, as `Asking.ask`."""
        self._asking.ask(question, reply, wanted)

    async def _answer(self, question: Question) -> Answer:
        match question:
            case List():
                return await self._list(question)
            case GetHistory():
                return await self._history(question)
            case GetUptime():
                return await self._uptime(question)
            case Forget():
                return await self._forget(question)

    async def _list(self, request: List) -> ClientList:
        page = await self._read(
            lambda: self._store.find_all(
                after=request.after,
                limit=request.limit,
                group=request.group,
                search=request.search,
                via=request.via,
            )
        )
        last = await self._read(self._store.last_events, [c.client_id for c in page.items])
        records = [offline(client, last.get(client.client_id)) for client in page.items]
        return self._presence.list(request, Stored(records, page.after))

    async def _history(self, request: GetHistory) -> Answer:
        since = None if request.since is None else request.since.timestamp()
        events = await self._read(
            self._store.history, request.client_id, since, request.before, request.limit
        )
        # A client may be forgotten before its events are: only the first page tells nobody from
        # somebody without events.
        if not events and request.before is None and not await self._is_known(request.client_id):
            return _unknown(request)
        told = that_fit(map(event_record, events))
        is_last = len(told) == len(events) < request.limit
        before = None if is_last else events[len(told) - 1].id
        return History(request.client_id, told, before, request_id=request.request_id)

    async def _uptime(self, request: GetUptime) -> Answer:
        now, limit = self._presence.clock.now().wall, min(request.limit, UPTIMES)
        page = await self._uptimes.get(
            replace(request, request_id=None),
            lambda: self._read(
                lambda: self._store.uptime(
                    request.client_id, WINDOWS, now, after=request.after, limit=limit
                )
            ),
        )
        if not page.items and request.client_id is not None:
            return _unknown(request)
        told = that_fit(map(client_uptime, page.items))
        after = page.after if len(told) == len(page.items) else told[-1].client_id
        return Uptime(told, after, request_id=request.request_id)

    async def _forget(self, request: Forget) -> Answer:
        client_id = request.client_id
        if client_id not in self._presence.registry:
            await self._wait_for_the_writer(client_id)
        if client_id in self._presence.registry:  # from the start, or back meanwhile
            sentence = f"{client_id!r} is present: only a client that is offline can be forgotten"
            return Error("client_present", sentence, request_id=request.request_id)
        deleted = await self._read(self._store.delete, client_id)
        known = self._presence.registry.record(client_id) is not None
        self._presence.forget(client_id)
        if not deleted and not known:
            return _unknown(request)
        return Forgotten(client_id, request_id=request.request_id)

    async def _wait_for_the_writer(self, client_id: str) -> None:
        """What is written after a client was forgotten would bring it back."""
        with trio.move_on_after(CATCHING_UP):
            await self._caught_up()
            return
        raise StoreUnavailable(f"what happened to {client_id!r} is not written yet")

    async def _is_known(self, client_id: str) -> bool:
        return (
            self._presence.registry.record(client_id) is not None
            or await self._read(self._store.find_by_id, client_id) is not None
        )

    async def _read(self, read: Callable[..., T], *what: Any) -> T:  # noqa: ANN401 - handed on
        found: T = await self._in_thread(read, *what)
        return found


def _unknown(request: GetHistory | GetUptime | Forget) -> Error:
    sentence = f"no client {request.client_id!r} is known"
    return Error("unknown_client", sentence, request_id=request.request_id)
