"""The form in which values are kept: the same in both databases, and exact."""

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

    def process_result_value(self, value: int | None, _: Dialect) -> float | None:
        """From the database."""
        return None if value is None else value / MICROSECONDS


class Words(TypeDecorator[str]):
    """Text, without what PostgreSQL cannot keep: NUL, and surrogates that stand alone."""

    impl = TEXT
    cache_ok = True

    def process_bind_param(self, value: str | None, _: Dialect) -> str | None:
        """To the database."""
        return None if value is None else storable(value)


class Json(TypeDecorator[Any]):
    """A value as JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, shape: Any = Any) -> None:  # noqa: ANN401  # a type expression
        super().__init__()
        self.shape = shape
        self._decode = msgspec.json.Decoder(shape).decode

    def process_bind_param(self, value: object, _: Dialect) -> str:
        """To the database."""
        return msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, _: Dialect) -> object:
        """From the database."""
        return None if value is None else self._decode(value)


def storable(text: str) -> str:
    """The text with U+FFFD in place of each character that no database can be trusted with."""
    if "\0" in text:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
