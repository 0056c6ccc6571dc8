"""A watch that outlives its links: it resumes where it was, or compares with a new snapshot.

The server keeps one watch a link, and the latest one replaces those before it. So those that share
a link ask one after the other (`turn`), and all follow the diffs that come of the latest. The
answer to another's says from where on these are; who has not got so far has missed something, and
asks for just that.
"""

from collections import deque

import trio

from lastseen.client.errors import LinkLost, Refused
from lastseen.client.patience import patiently
from lastseen.client.receiver import Watched, ends_answer
from lastseen.client.session import REQUEST_DEADLINE, Session
from lastseen.client.supervisor import Supervisor
from lastseen.client.view import Change, Gap, Position, View
from lastseen.shared.messages import ClientList, Diff, Error, Watch

BACKLOG = 1000
"""Messages held for a program that is busy with an earlier change: at 20 diffs a second, 50 s of
them. One that falls further behind asks again, so that its memory stays bounded."""


class Watching:
    """An async iterator of changes. It ends when the presence does.

    Attributes:
        view: What is known; exact whenever a change is given out.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self.view = View()
        self._supervisor = supervisor
        self._session: Session | None = None
        self._request_id: int | None = None
        self._answered = self._whole = False
        self._mended: int | None = None
        self._inbox: deque[Watched | Position] = deque()
        self._news = trio.Event()

    def __aiter__(self) -> "Watching":
        return self

    async def __anext__(self) -> Change:
        """The next change.

        Raises:
            Refused: The server does not let us watch.
            LinkLost: It does not answer, though the link stands.
        """
        await trio.lowlevel.checkpoint()
        while True:
            change = self._digest()
            if change is not None:
                return change
            if self._session is None:
                await self._ask()
            else:
                await self._wait(self._session)

    def deliver(self, message: Watched) -> None:
        """Called by the session's listener."""
        if self._request_id is None:
            return
        if message.request_id == self._request_id:
            self._answered, self._whole = True, ends_answer(message)
            self._keep(message)
        elif self._answered:  # what comes before our answer is from before our position
            self._keep(message if message.request_id is None else _position(message))

    def lapse(self) -> None:
        """The session is over, or we fell behind: ask again once the inbox is digested."""
        self._session = self._request_id = None
        self._news.set()

    def _keep(self, news: Watched | Position | None) -> None:
        if news is None:
            return
        if len(self._inbox) >= BACKLOG:
            self._inbox.clear()
            self.lapse()
            return
        self._inbox.append(news)
        self._news.set()

    def _digest(self) -> Change | None:
        while self._inbox:
            message = self._inbox.popleft()
            if isinstance(message, Error):
                self.lapse()
                raise Refused(message.code, message.message, message.retry_after)
            try:
                change = self._take(message)
            except Gap:
                self._mend()
                return None
            if change is not None:
                return change
        return None

    def _take(self, message: ClientList | Diff | Position) -> Change | None:
        if isinstance(message, Position):
            self.view.hold_to(message)
            return None
        return self.view.apply(message)

    def _mend(self) -> None:
        """Ask for what was missed; where that did not help the last time, for everything."""
        if self.view.revision == self._mended:
            self.view.forget_position()
        self._mended = self.view.revision
        self._inbox.clear()
        self.lapse()

    async def _ask(self) -> None:
        session = await self._supervisor.live()
        if session is None:
            raise StopAsyncIteration
        number = session.enlist(self)
        await session.turn.take(number)
        self.view.abandon_snapshot()
        self._answered = self._whole = False
        self._session, self._request_id = session, number
        try:
            await session.send(Watch(self.view.epoch, self.view.revision, request_id=number))
        except BaseException as error:
            self._give_up(session)
            if not isinstance(error, LinkLost):
                raise
            await session.over.wait()  # then there is a new one to ask

    async def _wait(self, session: Session) -> None:
        self._news = trio.Event()
        if self._whole:
            await self._news.wait()
            return
        try:
            await patiently(self._news, REQUEST_DEADLINE, "answer to watch")
        except LinkLost:
            self._give_up(session)
            raise

    def _give_up(self, session: Session) -> None:
        """Ask again at the next step, and let others ask meanwhile."""
        session.turn.end(self._request_id)
        self.lapse()


def _position(message: Watched) -> Position | None:
    """Where the answer to another's watch stands; a refusal of it says nothing about us."""
    return None if isinstance(message, Error) else Position(message.epoch, message.revision)
