"""What a watcher knows: everyone present, kept exact by a snapshot and the diffs after it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from lastseen.shared.messages import ClientList, ClientRecord, Diff


class Gap(Exception):
    """What has come does not follow what the view holds: something was missed."""


class Position(NamedTuple):
    """A place in the order of diffs: whoever is past it has seen all of them up to it."""

    epoch: str
    revision: int


@dataclass(frozen=True, slots=True)
class Change:
    """What the last step did to the view.

    Attributes:
        kind: `diff`, or `snapshot` where the view was made anew. Then joins, leaves and updates are
            the differences to what it was before: the first time everyone joins.
        joins: The records as they are now, like `updates`.
        leaves: The last records. After a diff they say why and when last seen; after a snapshot
            they are what was known before.
        view: The view, after this change and until the next one is asked for.
    """

    kind: Literal["snapshot", "diff"]
    joins: list[ClientRecord]
    leaves: list[ClientRecord]
    updates: list[ClientRecord]
    view: "View"


class View(Mapping[str, ClientRecord]):
    """Records by `client_id`, as of a revision of an epoch.

    A snapshot comes in pages, with diffs between them; until its last page is in, the view stays
    what it was before.
    """

    def __init__(self) -> None:
        self.epoch: str | None = None
        self.revision: int | None = None
        self._records: dict[str, ClientRecord] = {}
        self._coming: dict[str, ClientRecord] | None = None
        self._coming_revision = 0

    def __getitem__(self, client_id: str) -> ClientRecord:
        return self._records[client_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __repr__(self) -> str:
        return f"<View of {len(self)} clients, {self.epoch}:{self.revision}>"

    def apply(self, message: ClientList | Diff) -> Change | None:
        """Take in the next message of a watch; what it changed, None where nothing can be said yet.

        Raises:
            Gap: A diff of another epoch, or one that skips a revision.
        """
        if isinstance(message, ClientList):
            return self._apply_page(message)
        if self._coming is not None:
            _apply_to(self._coming, message)
            self._coming_revision = max(self._coming_revision, message.revision)
            return None
        return self._apply_diff(message)

    def follow(self, change: Change) -> Change:
        """Take over the change of another view; return it as one of this view.

        So a view that another thread goes on to change can have a copy here.
        """
        for record in change.joins + change.updates:
            self._records[record.client_id] = record
        for record in change.leaves:
            self._records.pop(record.client_id, None)
        self.epoch, self.revision = change.view.epoch, change.view.revision
        return replace(change, view=self)

    def hold_to(self, position: Position) -> None:
        """See that nothing before `position` was missed.

        Raises:
            Gap: The view is of another epoch, or of an earlier revision.
        """
        if self._coming is None and (
            self.revision is None
            or self.epoch != position.epoch
            or self.revision < position.revision
        ):
            raise Gap(f"{position.epoch}:{position.revision} for {self!r}")

    def abandon_snapshot(self) -> None:
        """Forget the pages of a snapshot whose last one will not come."""
        self._coming = None

    def forget_position(self) -> None:
        """Make the next watch ask for a snapshot; the records stay, to compare with."""
        self.epoch = self.revision = None

    def _apply_page(self, page: ClientList) -> Change | None:
        if self._coming is None:
            self._coming, self._coming_revision = {}, 0
        self._coming.update((record.client_id, record) for record in page.clients)
        self._coming_revision = max(self._coming_revision, page.revision)
        if page.after is not None:
            return None
        before, self._records, self._coming = self._records, self._coming, None
        self.epoch, self.revision = page.epoch, self._coming_revision
        return self._compare(before)

    def _compare(self, before: dict[str, ClientRecord]) -> Change:
        now = self._records
        return Change(
            "snapshot",
            joins=[record for name, record in now.items() if name not in before],
            leaves=[record for name, record in before.items() if name not in now],
            updates=[r for name, r in now.items() if name in before and before[name] != r],
            view=self,
        )

    def _apply_diff(self, diff: Diff) -> Change | None:
        if self.revision is None or diff.epoch != self.epoch:
            raise Gap(f"a diff of {diff.epoch}:{diff.revision} for {self!r}")
        if diff.revision <= self.revision:
            return None
        if diff.revision > self.revision + 1:
            raise Gap(f"a diff of {diff.epoch}:{diff.revision} for {self!r}")
        _apply_to(self._records, diff)
        self.revision = diff.revision
        return Change("diff", diff.joins, diff.leaves, diff.updates, self)


def _apply_to(records: dict[str, ClientRecord], diff: Diff) -> None:
    for record in diff.joins + diff.updates:
        records[record.client_id] = record
    for record in diff.leaves:
        records.pop(record.client_id, None)
