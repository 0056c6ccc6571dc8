"""How many are present: by status, by group, by way, counted as it changes. Pure.

A question costs O(1). Pings cost nothing: only a change of status or of what is known of a client
is counted.
"""

from typing import TypeVar

from lastseen.shared.messages import Status, Via

T = TypeVar("T")

Tally = dict[Status, int]
"""How many are `online`, and how many `late`."""


class Census:
    """Counts of present clients. Groups and ways in which nobody is present are not held.

    Attributes:
        statuses: Everyone.
        groups: The members of each group.
        ways: Those of each `via`.
    """

    def __init__(self) -> None:
        self.statuses: Tally = _nobody()
        self.groups: dict[str, Tally] = {}
        self.ways: dict[Via, Tally] = {}

    def add(self, status: Status, groups: tuple[str, ...], via: Via) -> None:
        """A client is there now, unless it is offline."""
        if status == "offline":
            return
        self.statuses[status] += 1
        self.ways.setdefault(via, _nobody())[status] += 1
        for group in set(groups):
            self.groups.setdefault(group, _nobody())[status] += 1

    def remove(self, status: Status, groups: tuple[str, ...], via: Via) -> None:
        """A client is not there any more, unless it was offline: as it was added."""
        if status == "offline":
            return
        self.statuses[status] -= 1
        _take(self.ways, via, status)
        for group in set(groups):
            _take(self.groups, group, status)


def _nobody() -> Tally:
    return {"online": 0, "late": 0}


def _take(tallies: dict[T, Tally], key: T, status: Status) -> None:
    tallies[key][status] -= 1
    if not any(tallies[key].values()):
        del tallies[key]
