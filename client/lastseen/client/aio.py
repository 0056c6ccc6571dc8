"""Be present from an asyncio program.

    async with aio.connect("127.0.0.1:8080", client_id="web-01") as presence:
        await serve_for_ever()

The connection lives in a daemon thread of its own (`background`), and a call waits for that thread
without blocking the event loop. So the loop may be of any kind, its end or a cancelled task leaves
the connection in order, and a loop that is busy for a while is not taken for a dead client.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from functools import partial, wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, Unpack

import trio

from lastseen.client import observer as trio_observer
from lastseen.client import presence as trio_presence
from lastseen.client.arguments import require_callback
from lastseen.client.background import Background, Connect
from lastseen.client.event_loops import require_asyncio
from lastseen.client.events import Event
from lastseen.client.forking import NotPickled
from lastseen.client.pages import Pages
from lastseen.client.presence import DEFAULT_SERVER, ConnectOptions, LinkOptions
from lastseen.client.view import Change, View
from lastseen.client.watching import Watching

Inner = TypeVar("Inner", bound=trio_observer.Observer)
P = ParamSpec("P")
T = TypeVar("T")


@asynccontextmanager
async def connect(
    server: str = DEFAULT_SERVER, *, client_id: str, **options: Unpack[ConnectOptions]
) -> AsyncIterator["Presence"]:
    """Be present while the block runs. Arguments and errors as those of `lastseen.client.connect`.

    Unlike there, a server that says goodbye for good does not cancel the block, which may be the
    lifespan of a whole web application: the next call raises `Ended`, or the end of the block does.
    `Presence.ended` waits for it. `on_event` is called in the event loop.
    """
    _call_in_loop(options)
    block = partial(trio_presence.connect, server, client_id=client_id, **options)
    async with _running(block) as (background, presence):
        yield Presence(background, presence)


@asynccontextmanager
async def observe(
    server: str = DEFAULT_SERVER, **options: Unpack[LinkOptions]
) -> AsyncIterator["Observer"]:
    """Look on without being present. Arguments and errors as those of `connect`."""
    _call_in_loop(options)
    async with _running(partial(trio_presence.observe, server, **options)) as (
        background,
        observer,
    ):
        yield Observer(background, observer)


def _call_in_loop(options: LinkOptions) -> None:
    """Have `on_event` called in the event loop that runs now."""
    require_asyncio()
    on_event = options.get("on_event")
    require_callback("on_event", on_event)
    if on_event is not None:
        options["on_event"] = partial(_call_soon, asyncio.get_running_loop(), on_event)


def _call_soon(
    loop: asyncio.AbstractEventLoop, on_event: Callable[[Event], None], event: Event
) -> None:
    with suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(on_event, event)


@asynccontextmanager
async def _running(connect: Connect[Inner]) -> AsyncIterator[tuple[Background[Inner], Inner]]:
    """Run a presence in a thread while the block runs."""
    background = Background(connect)
    try:
        yield background, await _answer(background.start())
        await _until_done(background.finish(leave=True))
    except BaseException:
        await _until_done(background.finish(leave=False))
        background.join()
        raise
    background.join()
    background.raise_unseen()


async def _answer(call: "Future[T]") -> T:
    """Return what a call in the thread gives. If this is cancelled, the call is, too."""
    try:
        await _until_done(call)
    except asyncio.CancelledError:
        call.cancel()
        raise
    return call.result()


async def _until_done(call: "Future[Any]") -> None:
    """Wait for a call in the thread. It goes on if this is cancelled."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def wake(_call: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nothing waits there any more
            loop.call_soon_threadsafe(done.set)

    call.add_done_callback(wake)
    await done.wait()


class _Steps(Generic[T]):
    """What a function in the thread gives, call after call.

    A step that was begun is not lost if the task that waits for it is cancelled, by `wait_for`
    say: the next one takes it up.
    """

    def __init__(self, background: Background[Any], step: Callable[[], Awaitable[T]]) -> None:
        self._background = background
        self._step = step
        self._begun: Future[T] | None = None

    async def next(self) -> T:
        """Return the result of the next step. One task at a time may wait for it."""
        if self._begun is None:
            self._begun = self._background.submit(self._step)
        await _until_done(self._begun)
        done, self._begun = self._begun, None
        return done.result()


class Items(Generic[T]):
    """An async iterator over answers of many pages, fetched page by page as it is consumed."""

    def __init__(self, background: Background[Any], pages: Pages[Any, T]) -> None:
        self._steps = _Steps(background, pages.next_page)
        self._page: deque[T] = deque()
        self._turn = asyncio.Lock()

    def __aiter__(self) -> "Items[T]":
        return self

    async def __anext__(self) -> T:
        async with self._turn:
            while not self._page:
                page = await self._steps.next()
                if page is None:
                    raise StopAsyncIteration
                self._page.extend(page)
            return self._page.popleft()


class Watch:
    """An async iterator of changes. It ends when the presence does.

    Attributes:
        view: What is known. It is this loop's own: the thread has another one.
    """

    def __init__(self, background: Background[Any], watching: Watching) -> None:
        self.view = View()
        self._steps = _Steps(background, partial(anext, watching, None))
        self._turn = asyncio.Lock()

    def __aiter__(self) -> "Watch":
        return self

    async def __anext__(self) -> Change:
        async with self._turn:
            change = await self._steps.next()
            if change is None:
                raise StopAsyncIteration
            return self.view.follow(change)


Method = Callable[Concatenate["Observer", P], T]
"""A method of `Observer` or `Presence` below."""


def _awaiting(
    method: Callable[Concatenate[Any, P], Awaitable[T]],
) -> Method[P, Coroutine[Any, Any, T]]:
    """Turn a method of the trio presence into one for asyncio."""

    @wraps(method)
    async def call(self: "Observer", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._ask(partial(method, self._observer, *args, **kwargs))

    return call


def _listing(method: Callable[Concatenate[Any, P], Pages[Any, T]]) -> Method[P, Items[T]]:
    """Turn a method that gives pages for trio into one that gives them for asyncio."""

    @wraps(method)
    def call(self: "Observer", /, *args: P.args, **kwargs: P.kwargs) -> Items[T]:
        return Items(self._background, method(self._observer, *args, **kwargs))

    return call


class Observer(NotPickled):
    """As `lastseen.client.Observer`, for asyncio.

    A call from a forked child, or while the interpreter exits, raises `RuntimeError`.
    """

    def __init__(self, background: Background[Any], observer: trio_observer.Observer) -> None:
        self._background = background
        self._observer = observer

    @property
    def heartbeat_interval(self) -> float:
        """Seconds between pings, as the server last said."""
        return self._observer.heartbeat_interval

    clients = _listing(trio_observer.Observer.clients)
    history = _listing(trio_observer.Observer.history)
    uptime = _listing(trio_observer.Observer.uptime)
    silences = _listing(trio_observer.Observer.silences)
    deliveries = _listing(trio_observer.Observer.deliveries)
    channels = _listing(trio_observer.Observer.channels)

    forget = _awaiting(trio_observer.Observer.forget)
    silence = _awaiting(trio_observer.Observer.silence)
    unsilence = _awaiting(trio_observer.Observer.unsilence)
    retry = _awaiting(trio_observer.Observer.retry)
    enable_channel = _awaiting(trio_observer.Observer.enable_channel)
    settings = _awaiting(trio_observer.Observer.settings)
    update_settings = _awaiting(trio_observer.Observer.update_settings)
    stats = _awaiting(trio_observer.Observer.stats)
    ping = _awaiting(trio_observer.Observer.ping)

    def watch(self) -> Watch:
        """Return the changes of everyone's presence, without end; the first is a snapshot.

        After a reconnect it goes on where it was.
        """
        return Watch(self._background, self._observer.watch())

    async def wait_ended(self) -> None:
        """Wait until the server ends the presence for good, and raise why.

        Raises:
            Ended, Refused: What the server said.
            LinkLost: The block was left meanwhile.
        """
        await self._ask(trio.sleep_forever)

    async def _ask(self, function: Callable[[], Awaitable[T]]) -> T:
        return await _answer(self._background.submit(function))


class Presence(Observer):
    """As `lastseen.client.Presence`, for asyncio."""

    def __init__(
        self, background: Background[trio_presence.Presence], presence: trio_presence.Presence
    ) -> None:
        super().__init__(background, presence)
        self._presence = presence

    @property
    def client_id(self) -> str:
        """The name it is present under."""
        return self._presence.client_id

    @property
    def session(self) -> str:
        """The server's name of the live session, or of the last one."""
        return self._presence.session

    set_availability = _awaiting(trio_presence.Presence.set_availability)
    leave = _awaiting(trio_presence.Presence.leave)
