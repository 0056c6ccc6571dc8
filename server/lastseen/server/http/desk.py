"""What handlers need of the server, in one place."""

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from lastseen.server.http.asking import Asker, Asking
from lastseen.server.http.problems import Problem
from lastseen.server.presence.presence import Presence
from lastseen.server.steering import Steering
from lastseen.server.store import viewing
from lastseen.server.store.filtering import Filter
from lastseen.server.store.timelines import Timelines
from lastseen.shared.messages import ClientRecord, Error, NotifyQuestion, Question, Stats

Groups = tuple[str, ...]


class Past(Asker[Question], Protocol):
    """Who knows what was. Every method may raise StoreUnavailable."""

    async def find(self, client_id: str) -> ClientRecord | None:
        """A client that is not present; None if it is not known."""

    async def timelines(self, client_ids: list[str], since: float, until: float) -> Timelines:
        """What each of these was when, between two moments in Unix time."""

    async def in_order(
        self, order: viewing.Order, after: viewing.Key | None, limit: int, wanted: Filter
    ) -> tuple[list[ClientRecord], ClientRecord | None]:
        """Some in another order than that of the ids, and the last that was looked at if there may
        be more; `after` is what the last of the page before went by.
        """

    async def offline(self) -> Mapping[Groups, int]:
        """How many are offline, by the groups that they are in: now, or not long ago."""


class ChannelTester(Protocol):
    """Sends test messages through channels of notifications."""

    async def test(self, name: str, by: str = "") -> Error | None:
        """Send one through the channel `name`; return None if it was delivered."""


class Desk(Struct, frozen=True):
    """Where handlers turn to.

    Attributes:
        stats: How the server is.
        past: None where nothing is remembered.
        telling: Who answers questions about notifications; None where nothing is remembered.
        tester: Sends test messages through channels; None where nothing is remembered.
    """

    presence: Presence
    steering: Steering
    stats: Callable[[], Stats]
    past: Past | None
    asking: Asking
    telling: Asker[NotifyQuestion] | None = None
    tester: ChannelTester | None = None

    def remembered(self) -> Past:
        """The past.

        Raises:
            Problem: Nothing is remembered.
        """
        if self.past is None:
            raise _no_store()
        return self.past

    def teller(self) -> Asker[NotifyQuestion]:
        """Who answers questions about notifications.

        Raises:
            Problem: Nothing is remembered, so nobody is told.
        """
        if self.telling is None:
            raise _no_store()
        return self.telling

    def channel_tester(self) -> ChannelTester:
        """Return the sender of test messages.

        Raises:
            Problem: Nothing is remembered, so there are no channels.
        """
        if self.tester is None:
            raise _no_store()
        return self.tester


def _no_store() -> Problem:
    return Problem("no_store", 'this server remembers nothing (store.url is "none")')
