"""Ids in order, for paging, at the price of a change only when somebody looks."""

from bisect import bisect_right
from collections.abc import Iterator


class OrderedIds:
    """A set of ids that can be walked in order from any point.

    Changes are gathered and merged into the order by the next walk: adding costs O(1), a walk after
    changes one pass over all ids (sorting two sorted runs is a merge).
    """

    def __init__(self) -> None:
        self._order: list[str] = []
        self._added: list[str] = []
        self._removed: set[str] = set()

    def add(self, id_: str) -> None:
        """Add an id that is not in the set."""
        if id_ in self._removed:  # it still stands where it stood
            self._removed.remove(id_)
        else:
            self._added.append(id_)

    def remove(self, id_: str) -> None:
        """Remove an id that is in the set."""
        self._removed.add(id_)

    def after(self, cursor: str | None) -> Iterator[str]:
        """The ids greater than `cursor`, in order; all of them without one."""
        self._merge()
        start = 0 if cursor is None else bisect_right(self._order, cursor)
        for index in range(start, len(self._order)):
            yield self._order[index]

    def _merge(self) -> None:
        if self._added:
            self._order += sorted(self._added)
            self._order.sort()
            self._added = []
        if self._removed:
            self._order = [i for i in self._order if i not in self._removed]
            self._removed = set()
