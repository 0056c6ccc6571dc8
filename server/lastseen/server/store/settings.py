"""Settings that were changed while running and shall outlive it: a key, and a value as JSON."""

from typing import cast

from sqlalchemy import Connection, select

from lastseen.server.store.model import Json
from lastseen.server.store.sql import insert_into
from lastseen.server.store.tables import SETTINGS


def read(connection: Connection) -> dict[str, Json]:
    """All of them; they are few."""
    rows = connection.execute(select(SETTINGS.c.key, SETTINGS.c.value).order_by(SETTINGS.c.key))
    return {key: cast("Json", value) for key, value in rows}


def write(connection: Connection, key: str, value: Json) -> None:
    """Set one."""
    insert = insert_into(connection, SETTINGS).values(key=key, value=value)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["key"], set_={"value": insert.excluded["value"]}
        )
    )
