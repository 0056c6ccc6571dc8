"""What a benchmark finds: a quantity, for each peer a spread, and what is required of ours."""

from collections.abc import Callable

from benchmarks.measure import Spread
from msgspec import Struct

OURS = "lastseen"
"""The name of the peer that the requirements are about."""

Found = dict[str, list[dict[str, float]]]
"""For each peer, what the load reported in each repeat."""


class Limit(Struct, frozen=True):
    """Ours must be at most `most`: times what `peer` has, or outright where `peer` is None."""

    most: float
    peer: str | None = None


class Figure(Struct, frozen=True):
    """One quantity.

    Attributes:
        unit: Of the values and of a limit without a peer.
        values: By the name of the peer.
    """

    quantity: str
    unit: str
    values: dict[str, Spread]
    limits: tuple[Limit, ...] = ()

    @classmethod
    def of(
        cls,
        quantity: str,
        unit: str,
        found: Found,
        value: Callable[[dict[str, float]], float],
        *limits: Limit,
    ) -> "Figure":
        """The figure whose value in one repeat is what `value` makes of the load's report."""
        values = {
            peer: Spread.of([value(report) for report in reports])
            for peer, reports in found.items()
            if reports
        }
        return cls(quantity, unit, values, limits)

    def ratio(self, peer: str) -> float | None:
        """Our median divided by a peer's; None where one is missing, theirs is 0, or it is ours in
        another setting.
        """
        ours, theirs = self.values.get(OURS), self.values.get(peer)
        if peer.startswith(OURS) or ours is None or theirs is None or theirs.median == 0:
            return None
        return ours.median / theirs.median


class Verdict(Struct, frozen=True):
    """How ours compares with one limit; `measured` and `most` are ratios where there is a peer."""

    quantity: str
    beside: str
    measured: float
    most: float
    unit: str

    @property
    def met(self) -> bool:
        """Whether the requirement is met."""
        return self.measured <= self.most


def verdicts(figure: Figure) -> list[Verdict]:
    """One verdict for each limit for which both sides were measured."""
    found = []
    for limit in figure.limits:
        ours = figure.values.get(OURS)
        theirs = figure.values.get(limit.peer) if limit.peer else Spread(1, 1, 1)
        if ours and theirs:
            unit = "\N{MULTIPLICATION SIGN}" if limit.peer else figure.unit
            beside = limit.peer or "outright"
            ratio = ours.median / theirs.median
            found.append(Verdict(figure.quantity, beside, ratio, limit.most, unit))
    return found
