"""A watch that outlives its links: it resumes where it was, or compares with a new snapshot."""

from collections import deque

import trio

from lastseen.client.errors import LinkLost, Refused
from lastseen.client.patience import patiently
from lastseen.client.receiver import Watched
from lastseen.client.session import REQUEST_DEADLINE, Session
from lastseen.client.supervisor import Supervisor
from lastseen.client.view import Change, Gap, View
from lastseen.shared.messages import Error, Watch

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
        self._answered = False
        self._inbox: deque[Watched] = deque()
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
                await self._wait()

    def deliver(self, message: Watched) -> None:
        """Called by the session's listener."""
        if self._request_id is None or message.request_id not in (None, self._request_id):
            return
        if message.request_id is None and not self._answered:
            return  # a diff for another watch on this link, from before our position
        if len(self._inbox) >= BACKLOG:
            self._inbox.clear()
            self.lapse()
            return
        self._answered = True
        self._inbox.append(message)
        self._news.set()

    def lapse(self) -> None:
        """The session is over, or we fell behind: ask again once the inbox is digested."""
        self._session = self._request_id = None
        self._news.set()

    def _digest(self) -> Change | None:
        while self._inbox:
            message = self._inbox.popleft()
            if isinstance(message, Error):
                self.lapse()
                raise Refused(message.code, message.message, message.retry_after)
            try:
                change = self.view.apply(message)
            except Gap:
                self._start_anew()
                return None
            if change is not None:
                return change
        return None

    def _start_anew(self) -> None:
        self.view.forget_position()
        self._inbox.clear()
        self.lapse()

    async def _ask(self) -> None:
        session = await self._supervisor.live()
        if session is None:
            raise StopAsyncIteration
        self.view.abandon_snapshot()
        self._answered = False
        self._session, self._request_id = session, session.enlist(self)
        try:
            await session.send(self._request())
        except BaseException as error:
            self.lapse()
            if not isinstance(error, LinkLost):
                raise
            await session.over.wait()  # then there is a new one to ask

    def _request(self) -> Watch:
        view = self.view
        return Watch(epoch=view.epoch, revision=view.revision, request_id=self._request_id)

    async def _wait(self) -> None:
        self._news = trio.Event()
        if self._answered:
            await self._news.wait()
        else:
            await patiently(self._news, REQUEST_DEADLINE, "answer to watch")
