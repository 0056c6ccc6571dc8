"""Keeps one session alive after another: dials, opens, sees the end, comes back when it may."""

from collections.abc import Callable
from contextlib import suppress

import trio

from lastseen.client.arguments import checked
from lastseen.client.backoff import LONGEST_CEILING, full_jitter
from lastseen.client.ending import End, error_of, pause_after
from lastseen.client.errors import ConnectFailed, LastseenError, LinkLost
from lastseen.client.events import (
    Connected,
    Disconnected,
    Event,
    IntervalChanged,
    IntervalLowered,
    Unreachable,
)
from lastseen.client.idle_cuts import IdleCuts
from lastseen.client.link import Dial, open_link
from lastseen.client.session import A, Session
from lastseen.shared.address import format_address
from lastseen.shared.messages import Registered, Request, SetAvailability

LEAVE_DEADLINE = 2.0
"""Seconds that leaving may take: the server answers at once, or it will miss our pings anyway."""

STEADY = LONGEST_CEILING
"""Seconds that a session must have stood for the pauses to start anew. A server or proxy that drops
every link at once, or a second process with our instance, would else be met without a pause that
grows; one that holds links for longer than any pause costs no more than the pauses would."""


class Supervisor:
    """One server, and the live session with it, if any.

    Attributes:
        opening: What each session begins with: the same `register` every time, or `get_settings`.
        availability: What the client said of itself, said again in each new session.
        session: The live session; None while there is none.
        latest: The session that last stood, live or not.
        failure: Why it is over, where that is an error.
    """

    def __init__(
        self,
        address: tuple[str, int],
        opening: Request,
        *,
        wait: bool,
        on_event: Callable[[Event], None],
        dial: Dial,
        jitter: Callable[[], float],
        pong_deadline: float,
    ) -> None:
        self.opening = opening
        self.availability: SetAvailability | None = None
        self.session: Session | None = None
        self.latest: Session | None = None
        self.failure: LastseenError | None = None
        self._address = address
        self._server = format_address(*address)
        self._wait = wait
        self._tell = on_event
        self._dial = dial
        self._jitter = jitter
        self._pong_deadline = pong_deadline
        self._cuts = IdleCuts()
        self._scope = trio.CancelScope()
        self._stopped = False
        self._opened_at: float | None = None
        self._changed = trio.lowlevel.ParkingLot()

    async def run(self, body: trio.CancelScope) -> None:
        """Keep a session alive until stopped; where there can be none any more, cancel `body`."""
        with self._scope:
            self.failure = await self._keep()
        self._stopped = True
        self._changed.unpark_all()
        if self.failure is not None:
            body.cancel()

    async def live(self) -> Session | None:
        """The live session, waiting for one if need be; None when there will be none."""
        while self.session is None and not self._stopped:
            await self._changed.park()
        return self.session

    def current(self) -> Session:
        """The live session.

        Raises:
            LinkLost: There is none just now.
        """
        if self.session is None:
            raise LinkLost(f"there is no link to {self._server} just now")
        return self.session

    async def request(self, message: Request, kind: type[A]) -> A:
        """Return the answer to a message, by the live session.

        Raises:
            ValueError: The message breaks the rules of the protocol, link or no link.
            Refused, LinkLost: As `Session.request`.
        """
        message = checked(message)
        return await self.current().request(message, kind)

    async def leave(self) -> None:
        """Say goodbye if there is anybody to say it to, and do not come back."""
        self._stopped = True
        try:
            with trio.move_on_after(LEAVE_DEADLINE), suppress(LinkLost):  # gone is gone
                await self.current().leave()
        finally:
            self._scope.cancel()

    async def _keep(self) -> LastseenError | None:
        """Return only when nothing more should be tried: with the reason, None if we left."""
        pauses = full_jitter(self._jitter)
        while True:
            self._opened_at = None
            end = await self._one_session()
            if self._stopped:
                return None
            stood = self._opened_at is not None
            if self._was_steady():
                pauses = full_jitter(self._jitter)
            reached = self.latest is not None
            final = not end.reconnect or not (reached or self._wait)
            pause = None if final else pause_after(end, pauses)
            self._tell((Disconnected if stood else Unreachable)(end.reason, pause))
            if pause is None:
                return error_of(end, self._server, reached=reached)
            await trio.sleep(pause)

    def _was_steady(self) -> bool:
        return self._opened_at is not None and trio.current_time() - self._opened_at >= STEADY

    async def _one_session(self) -> End:
        """Dial, and live until the link ends; how it did."""
        try:
            link = await open_link(self._dial, *self._address)
        except ConnectFailed as failed:
            return End(str(failed), absent=failed.absent)
        session = Session(
            link, pong_deadline=self._pong_deadline, on_interval=self._interval_changed
        )
        try:
            await session.run(self.opening, self._opened)
        finally:
            self.session = None
        self._cuts.ended(session.cut_after)
        return session.end or End("the link was closed")

    async def _opened(self, session: Session) -> None:
        self.session = self.latest = session
        self._opened_at = trio.current_time()
        if self.availability is not None:
            await session.send(self.availability)
        self._changed.unpark_all()
        registered = session.opened if isinstance(session.opened, Registered) else None
        cut_after = self._cuts.opened(registered.epoch if registered else "")
        session.limit_interval(self._cuts.longest)
        self._tell(Connected(self._server, registered))
        if cut_after is not None:
            self._tell(IntervalLowered(session.heartbeat_interval, cut_after))

    def _interval_changed(self, interval: float) -> None:
        self._tell(IntervalChanged(interval))
