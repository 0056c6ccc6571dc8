"""Be present from a program without an event loop: every call waits for its answer.

    with blocking.connect("127.0.0.1:8080", client_id="web-01") as presence:
        serve_for_ever()

One daemon thread keeps the connection (`background`). An error is raised in the thread that called.
"""

from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, Unpack

from lastseen.client import presence as trio_presence
from lastseen.client.background import Background
from lastseen.client.event_loops import require_no_loop
from lastseen.client.forking import NotPickled
from lastseen.client.pages import Pages
from lastseen.client.presence import DEFAULT_SERVER, ConnectOptions

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def connect(
    server: str = DEFAULT_SERVER, *, client_id: str, **options: Unpack[ConnectOptions]
) -> Iterator["Presence"]:
    """Be present while the block runs. Arguments and errors as those of `lastseen.client.connect`.

    A server that says goodbye for good cannot stop the block: the next call raises `Ended`, or the
    end of the block does. `on_event` is called in the thread that keeps the connection, so it must
    neither block nor call the presence.

    Raises:
        RuntimeError: An event loop runs in this thread, and would stop until the server answers.
    """
    require_no_loop()
    connect = partial(trio_presence.connect, server, client_id=client_id, **options)
    background = Background(connect)
    try:
        yield Presence(background, _wait(background.start()))
        background.finish(leave=True).result()
    except BaseException:
        background.finish(leave=False).result()
        raise
    finally:
        background.join()
    background.raise_unseen()


def _wait(call: "Future[T]") -> T:
    try:
        return call.result()
    except BaseException:
        call.cancel()  # Ctrl-C: the answer is not wanted any more
        raise


Call = Callable[Concatenate["Presence", P], T]
"""A method of `Presence` below."""


def _waiting(method: Callable[Concatenate[Any, P], Awaitable[T]]) -> Call[P, T]:
    """Turn a method of the trio presence into one that waits for its answer."""

    @wraps(method)
    def call(self: "Presence", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._wait_for(partial(method, self._presence, *args, **kwargs))

    return call


def _listing(method: Callable[Concatenate[Any, P], Pages[Any, T]]) -> Call[P, list[T]]:
    """Turn a method that gives pages into one that gives everything they hold in a list."""

    @wraps(method)
    def call(self: "Presence", /, *args: P.args, **kwargs: P.kwargs) -> list[T]:
        pages = method(self._presence, *args, **kwargs)

        async def gather() -> list[T]:
            return [item async for item in pages]

        return self._wait_for(gather)

    return call


class Presence(NotPickled):
    """As `lastseen.client.Presence`; every call waits for its answer.

    A call from a forked child, from `on_event`, or while the interpreter exits would wait for ever.
    It raises `RuntimeError` instead.
    """

    def __init__(
        self,
        background: Background[trio_presence.Presence],
        presence: trio_presence.Presence,
    ) -> None:
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

    clients = _listing(trio_presence.Presence.clients)
    history = _listing(trio_presence.Presence.history)
    uptime = _listing(trio_presence.Presence.uptime)
    silences = _listing(trio_presence.Presence.silences)
    deliveries = _listing(trio_presence.Presence.deliveries)
    channels = _listing(trio_presence.Presence.channels)

    forget = _waiting(trio_presence.Presence.forget)
    silence = _waiting(trio_presence.Presence.silence)
    unsilence = _waiting(trio_presence.Presence.unsilence)
    retry = _waiting(trio_presence.Presence.retry)
    enable_channel = _waiting(trio_presence.Presence.enable_channel)
    set_availability = _waiting(trio_presence.Presence.set_availability)
    settings = _waiting(trio_presence.Presence.settings)
    update_settings = _waiting(trio_presence.Presence.update_settings)
    stats = _waiting(trio_presence.Presence.stats)
    ping = _waiting(trio_presence.Presence.ping)
    leave = _waiting(trio_presence.Presence.leave)

    def _wait_for(self, function: Callable[[], Awaitable[T]]) -> T:
        return _wait(self._background.submit(function))
