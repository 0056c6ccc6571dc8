"""The form in which values are kept: the same in both databases, and exact.

What makes values of what is read is handed to SQLAlchemy as it is (`result_processor`), not by its
`process_result_value`, which puts one function of Python around another for each value: a tenth of
what a page of clients costs. Drivers give integers and texts as they are, so nothing is lost.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Dialect, Integer, Text, TypeDecorator

MICROSECONDS = 1_000_000
"""A second's worth of what is kept. Integers compare and subtract alike everywhere; a Unix time as
a float is exact to less than a microsecond until the year 2255 (2^53 µs)."""

KEY = BigInteger().with_variant(Integer, "sqlite")  # SQLite's own row number is an INTEGER
TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Compared by code points, as Python and SQLite (BINARY) do, whatever the database's locale."""


class Moment(TypeDecorator[float]):
    """Unix seconds as integer microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: float | None, _: Dialect) -> int | None:
        """To the database."""
        return None if value is None else round(value * MICROSECONDS)

    def result_processor(self, _: Dialect, __: object) -> Callable[[int | None], float | None]:
        """From the database."""
        return seconds


class Words(TypeDecorator[str]):
    """Text, without what PostgreSQL cannot keep: NUL, and surrogates that stand alone."""

    impl = TEXT
    cache_ok = True

    def process_bind_param(self, value: str | None, _: Dialect) -> str | None:
        """To the database."""
        return None if value is None else storable(value)


class Json(TypeDecorator[Any]):
    """A value as JSON text. It is never NULL: `None` is the JSON `null`."""

    impl = Text
    cache_ok = True

    def __init__(self, shape: Any = Any) -> None:  # noqa: ANN401  # a type expression
        super().__init__()
        self.shape = shape
        self._decode = msgspec.json.Decoder(shape).decode

    def process_bind_param(self, value: object, _: Dialect) -> str:
        """To the database."""
        return msgspec.json.encode(value).decode()

    def result_processor(self, _: Dialect, __: object) -> Callable[[str], Any]:
        """From the database."""
        return self._decode


def seconds(microseconds: int | None) -> float | None:
    """A time that was kept, in Unix seconds."""
    return None if microseconds is None else microseconds / MICROSECONDS


def storable(text: str) -> str:
    """The text with U+FFFD in place of each character that no database can be trusted with."""
    if "\0" in text:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
