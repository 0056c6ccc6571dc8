"""What all sections share: a strict table, and the bounds that several use.

Durations are seconds. Each number has a lower and an upper bound: what lies beyond is a slip of
the hand, and is better refused at the start than met at night.
"""

from msgspec import Struct

HOUR, DAY = 3600, 86400
CENTURY = 36_500
"""In days."""
FASTEST = 0.05
"""Shortest interval in seconds: one tick of merged diffs, and enough for any demonstration."""
MANY = 10_000_000
"""More clients than one server can hold: a count beyond is a slip."""

NEEDS_RESTART = {"restart": True}
"""Marks a setting that is read once, when the server opens its sockets and its log."""

STEERABLE = {"steerable": True}
"""Marks a setting that may be changed over the wire and HTTP while the server runs."""


class Section(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file. Unknown keys are errors, so that no misspelt one is overlooked."""
