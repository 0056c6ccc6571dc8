"""Being present from a program without trio: the same presence, run by one thread underneath.

    with blocking.connect("127.0.0.1:8080", client_id="web-01") as presence:
        serve_for_ever()

The thread is a daemon, so it never keeps a program from ending; one that ends without leaving the
block just drops the link. What goes wrong comes out in the thread that called.
"""

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Any, Literal, NoReturn, TypeVar

import trio

from lastseen.client import presence as trio_presence
from lastseen.client.errors import LinkLost
from lastseen.client.presence import DEFAULT_SERVER
from lastseen.shared.messages import (
    Availability,
    ChannelRecord,
    ClientRecord,
    ClientUptime,
    DeliveryRecord,
    DeliveryState,
    EventRecord,
    Settings,
    SilenceRecord,
    Stats,
    Via,
)

T = TypeVar("T")


@contextmanager
def connect(
    server: str = DEFAULT_SERVER,
    **options: Any,  # noqa: ANN401 (those of the trio `connect`, checked there)
) -> Iterator["Presence"]:
    """Be present while the block runs. Arguments and errors as those of `lastseen.client.connect`.

    A server that says goodbye for good cannot stop the block: the next call raises `Ended`, or the
    end of the block does. `on_event` is called in the thread underneath.
    """
    background = _Background(partial(trio_presence.connect, server, **options))
    presence = Presence(background, background.start())
    try:
        yield presence
    except BaseException:
        background.finish(leave=False)
        raise
    background.finish(leave=True)
    background.raise_unseen()


class Presence:
    """As `lastseen.client.Presence`; every call waits for its answer."""

    def __init__(self, background: "_Background", presence: trio_presence.Presence) -> None:
        self._background = background
        self._presence = presence

    @property
    def client_id(self) -> str:
        """The name it is present under."""
        return self._presence.client_id

    @property
    def session(self) -> str:
        """The server's name of the live session, or of the last one."""
        return self._presence.session

    @property
    def heartbeat_interval(self) -> float:
        """Seconds between pings, as the server last said."""
        return self._presence.heartbeat_interval

    def clients(
        self,
        *,
        status: Literal["online", "late", "offline", "all"] | None = None,
        group: str | None = None,
        search: str | None = None,
        via: Via | None = None,
    ) -> list[ClientRecord]:
        """Every client that fits, in the order of their ids."""
        wish = partial(self._presence.clients, status=status, group=group, search=search, via=via)
        return self._all(wish)

    def history(self, client_id: str, *, since: datetime | None = None) -> list[EventRecord]:
        """What happened to a client, the latest first; `since` must have a time zone."""
        return self._all(lambda: self._presence.history(client_id, since=since))

    def uptime(self, client_id: str | None = None) -> list[ClientUptime]:
        """How much of a day, a week and a month it was online; None: everyone."""
        return self._all(lambda: self._presence.uptime(client_id))

    def forget(self, client_id: str) -> None:
        """Forget a client that is offline, and its history."""
        self._background.call(partial(self._presence.forget, client_id))

    def silence(
        self,
        seconds: float,
        *,
        client: str | None = None,
        group: str | None = None,
        reason: str = "",
    ) -> SilenceRecord:
        """Have nobody told of some clients for a while, a minute to a year."""
        wish = partial(self._presence.silence, seconds, client=client, group=group, reason=reason)
        return self._background.call(wish)

    def silences(self) -> list[SilenceRecord]:
        """What is silenced now."""
        return self._all(self._presence.silences)

    def unsilence(self, silence_id: int) -> None:
        """End a silence now."""
        self._background.call(partial(self._presence.unsilence, silence_id))

    def deliveries(
        self,
        *,
        channel: str | None = None,
        client_id: str | None = None,
        state: DeliveryState | None = None,
    ) -> list[DeliveryRecord]:
        """What was told to whom or is to be, the latest first."""
        wish = {"channel": channel, "client_id": client_id}
        return self._all(lambda: self._presence.deliveries(**wish, state=state))

    def retry(self, delivery_id: int) -> DeliveryRecord:
        """Have a failed delivery tried again, now."""
        return self._background.call(partial(self._presence.retry, delivery_id))

    def channels(self) -> list[ChannelRecord]:
        """Who is told, and how that goes."""
        return self._all(self._presence.channels)

    def enable_channel(self, name: str) -> None:
        """Have a broken channel used again."""
        self._background.call(partial(self._presence.enable_channel, name))

    def set_availability(self, availability: Availability, note: str = "") -> None:
        """Say whether one may be disturbed."""
        self._background.call(partial(self._presence.set_availability, availability, note))

    def settings(self) -> Settings:
        """The server's settings that concern clients, in seconds."""
        return self._background.call(self._presence.settings)

    def update_settings(
        self,
        heartbeat_interval: float | None = None,
        connection_timeout: float | None = None,
        *,
        values: Mapping[str, float | None] | None = None,
        reset: bool = False,
    ) -> Settings:
        """Change the server's settings."""
        change = partial(
            self._presence.update_settings,
            heartbeat_interval,
            connection_timeout,
            values=values,
            reset=reset,
        )
        return self._background.call(change)

    def stats(self) -> Stats:
        """How the server is."""
        return self._background.call(self._presence.stats)

    def ping(self) -> float:
        """The round-trip time to the server, in seconds."""
        return self._background.call(self._presence.ping)

    def leave(self) -> None:
        """Say goodbye and be offline at once. The block goes on, without a link."""
        self._background.call(self._presence.leave)

    def _all(self, ask: Callable[[], AsyncIterator[T]]) -> list[T]:
        async def gather() -> list[T]:
            return [item async for item in ask()]

        return self._background.call(gather)


class _Background:
    """A thread that runs trio with one presence in it."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._ready = threading.Event()
        self._presence: trio_presence.Presence | None = None
        self._error: BaseException | None = None
        self._error_seen = False
        self._stop: trio.Event
        self._token: trio.lowlevel.TrioToken
        self._crash: trio.CancelScope
        self._thread = threading.Thread(target=self._run, name="lastseen", daemon=True)

    def start(self) -> trio_presence.Presence:
        """The presence, once registered; or the error that kept it from it."""
        self._thread.start()
        self._ready.wait()
        if self._presence is None:
            self._raise_over()
        return self._presence

    def call(self, function: Callable[[], Awaitable[T]]) -> T:
        """Run `function` in the thread underneath, and wait for what it gives."""
        try:
            return trio.from_thread.run(function, trio_token=self._token)
        except (trio.RunFinishedError, trio.Cancelled):
            self._thread.join()
            self._raise_over()

    def finish(self, *, leave: bool) -> None:
        """End the thread, with a goodbye or without, and wait for it."""
        end = self._stop.set if leave else self._crash.cancel
        with suppress(trio.RunFinishedError):  # it has ended by itself
            self._token.run_sync_soon(end)
        self._thread.join()

    def raise_unseen(self) -> None:
        """Raise what ended the presence, unless a call has raised it already."""
        if self._error is not None and not self._error_seen:
            self._raise_over()

    def _raise_over(self) -> NoReturn:
        self._error_seen = True
        raise self._error or LinkLost("the presence is over")

    def _run(self) -> None:
        try:
            trio.run(self._be_present)
        except BaseException as error:  # noqa: BLE001 (it comes out in the caller's thread)
            self._error = error
        self._ready.set()

    async def _be_present(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._stop = trio.Event()
        with trio.CancelScope() as self._crash:
            async with self._connect() as self._presence:
                self._ready.set()
                await self._stop.wait()
