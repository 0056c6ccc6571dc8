"""Text that is not to be seen: tokens, keys, and URLs that have one in them.

A `Secret` is the text itself wherever it is used, and stands for nothing in every sentence, repr
and log line that somebody might put it into. msgspec does not write it unless told to by `reveal`.
"""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import force_setattr

UNSHOWN = "(not shown)"
"""What a secret is shown as."""

IS_SECRET = {"secret": True}
"""Marks a setting whose value is not to be seen."""


class Secret(str):
    """Text that does not show itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{UNSHOWN}'"

    def __str__(self) -> str:
        return UNSHOWN

    def __format__(self, _: str) -> str:
        return UNSHOWN


def reveal(text: object) -> str:
    """The text of a secret as a plain `str`; an `enc_hook` for msgspec.

    Raises:
        NotImplementedError: It is no text. msgspec tells of it by the type alone.
    """
    if isinstance(text, str):
        return text[:]  # a slice is a plain `str`
    raise NotImplementedError(type(text))


def hide(settings: object, *names: str) -> None:
    """Make secrets of the text in these attributes of a Struct that is being made."""
    for name in names:
        force_setattr(settings, name, _hidden(getattr(settings, name)))  # type: ignore[arg-type] # a Struct


def _hidden(value: Any) -> Any:  # noqa: ANN401 - text, or several, or by name
    if isinstance(value, Mapping):
        return {key: Secret(text[:]) for key, text in value.items()}
    if isinstance(value, tuple):
        return tuple(Secret(text[:]) for text in value)
    # A slice is the plain text: made of a secret as it is, another one would hold what it shows.
    return value if value is None else Secret(value[:])
