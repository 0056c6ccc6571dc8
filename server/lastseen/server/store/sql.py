"""The few things that the statements of several files need."""

from collections.abc import Iterable
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, CursorResult, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

S = TypeVar("S", bound=Struct)

Insert = postgresql.Insert | sqlite.Insert


def insert_into(connection: Connection, table: Table) -> Any:  # noqa: ANN401  # one of two alike
    """An INSERT that can say ON CONFLICT, which is written alike for both databases."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def structs(kind: type[S], rows: Iterable[Any]) -> list[S]:
    """Rows whose columns are the first fields of a Struct, in their order."""
    return [kind(*row) for row in rows]


def changed(connection: Connection, statement: Executable) -> int:
    """How many rows an UPDATE or DELETE changed."""
    result: CursorResult[Any] = connection.execute(statement)
    return result.rowcount
