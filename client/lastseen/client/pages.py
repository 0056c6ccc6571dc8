"""What is longer than one answer, read page by page as it is consumed."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, Literal, TypeVar

from msgspec import structs

from lastseen.client.arguments import checked
from lastseen.client.supervisor import Supervisor
from lastseen.shared.messages import Answer, Request

A = TypeVar("A", bound=Answer)
T = TypeVar("T")


class Pages(Generic[A, T]):
    """The items of many answers, one request at a time."""

    def __init__(
        self,
        supervisor: Supervisor,
        request: Request,
        kind: type[A],
        items: Callable[[A], Iterable[T]],
        cursor: Literal["after", "before"] = "after",
    ) -> None:
        """`request` asks for the first page; each is a `kind`, and `items` are what it holds.

        `cursor` is the field of an answer that says where the next page begins (None: nowhere), and
        of the request that asks for it.

        Raises:
            ValueError: The request breaks the rules of the protocol.
        """
        self._supervisor = supervisor
        self._next: Request | None = checked(request)
        self._kind = kind
        self._items = items
        self._cursor = cursor
        self._page: deque[T] = deque()

    def __aiter__(self) -> "Pages[A, T]":
        return self

    async def __anext__(self) -> T:
        while not self._page:
            page = await self.next_page()
            if page is None:
                raise StopAsyncIteration
            self._page.extend(page)
        return self._page.popleft()

    async def next_page(self) -> list[T] | None:
        """Return the items of the next page, which may be empty; None after the last page."""
        if self._next is None:
            return None
        answer = await self._supervisor.request(self._next, self._kind)
        place = getattr(answer, self._cursor)
        cursor = {self._cursor: place}
        self._next = None if place is None else structs.replace(self._next, **cursor)
        return list(self._items(answer))
