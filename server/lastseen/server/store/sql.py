"""The few things that the statements of several files need."""

from functools import cache
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, CursorResult, Executable, Result, Table
from sqlalchemy.dialects import postgresql, sqlite

S = TypeVar("S", bound=Struct)

Insert = postgresql.Insert | sqlite.Insert


def insert_into(connection: Connection, table: Table) -> Any:  # noqa: ANN401  # one of two alike
    """An INSERT that can say ON CONFLICT, which is written alike for both databases.

    It is the same one every time: what `excluded` makes of a table refers to itself, so that made
    anew for each statement it would lie about, megabytes of it, until the collector comes round.
    """
    return _insert(connection.dialect.name, table)


@cache
def _insert(dialect: str, table: Table) -> Insert:
    insert: Insert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    return insert


def structs(kind: type[S], result: Result[Any]) -> list[S]:
    """Rows whose columns are the first fields of a Struct, in their order.

    All are fetched in one call, not in one for each.
    """
    return [kind(*row) for row in result.all()]


def changed(connection: Connection, statement: Executable) -> int:
    """How many rows an UPDATE or DELETE changed."""
    result: CursorResult[Any] = connection.execute(statement)
    return result.rowcount
