"""A list that is longer than one answer, read page by page as it is consumed."""

from collections import deque

from msgspec import structs

from lastseen.client.link import check
from lastseen.client.supervisor import Supervisor
from lastseen.shared.messages import ClientList, ClientRecord, List


class Pages:
    """The records of a list, one request at a time."""

    def __init__(self, supervisor: Supervisor, request: List) -> None:
        check(request)
        self._supervisor = supervisor
        self._next: List | None = request
        self._page: deque[ClientRecord] = deque()

    def __aiter__(self) -> "Pages":
        return self

    async def __anext__(self) -> ClientRecord:
        while not self._page:
            if self._next is None:
                raise StopAsyncIteration
            await self._turn(self._next)
        return self._page.popleft()

    async def _turn(self, request: List) -> None:
        answer = await self._supervisor.current().request(request, ClientList)
        self._page.extend(answer.clients)
        after = answer.after
        self._next = None if after is None else structs.replace(request, after=after)
