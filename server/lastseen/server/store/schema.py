"""Which version of the schema a database has, and how it gets the one that we need."""

from sqlalchemy import Connection, inspect, text

from lastseen.server.store.errors import StoreUnusable
from lastseen.server.store.tables import METADATA

SCHEMA_VERSION = "0004"
"""The newest migration. Named here too, so that a database that has it opens without importing
Alembic (0.25 s)."""

VERSION_TABLE = "lastseen_schema"
"""Of our own: Alembic's usual name may be another program's, in a database that we share."""

MIGRATIONS = "lastseen.server.store:migrations"
"""Where they are, in Alembic's words: package and folder."""

LOCK = 0x6C617374_7365656E
"""A number for PostgreSQL's advisory lock: `lastseen` in ASCII."""


def version_of(connection: Connection) -> str | None:
    """The schema version; None before the first migration.

    Raises:
        StoreUnusable: A newer lastseen made it, or the tables are another program's.
    """
    found = _found(connection)
    _check_newer(found)
    return found


def check_ours(connection: Connection) -> None:
    """Refuse a database without tables of lastseen's, of whatever version.

    Raises:
        StoreUnusable: There are none, or they are another program's.
    """
    if _found(connection) is None:
        raise _empty()


def check_same(connection: Connection) -> None:
    """Refuse a schema that is not of SCHEMA_VERSION: what reads it would miss columns.

    Raises:
        StoreUnusable: It is older or newer, or there is none.
    """
    found = version_of(connection)
    if found is None:
        raise _empty()
    if found != SCHEMA_VERSION:
        raise StoreUnusable(
            f"its schema version is {found}, and this lastseen reads {SCHEMA_VERSION}: stop the "
            "older server, if it runs, then start the one of this version or run "
            "`lastseen-server migrate`"
        )


def upgrade(connection: Connection) -> str | None:
    """Bring the schema to SCHEMA_VERSION, in the caller's transaction; returns the version before.

    Of several processes that do so at once, one works and the others wait for it. (In SQLite a
    transaction that writes is itself the lock.)
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))  # a migration may take long
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    before = version_of(connection)
    if before != SCHEMA_VERSION:
        _migrate(connection)
    return before


def _found(connection: Connection) -> str | None:
    names = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in names:
        _check_foreign(names)
        return None
    query = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608  # a constant
    return connection.execute(query).scalar()


def _migrate(connection: Connection) -> None:
    from alembic.command import upgrade as run_migrations
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    run_migrations(config, SCHEMA_VERSION)


def _empty() -> StoreUnusable:
    return StoreUnusable("it has no tables yet: start the server, or run `lastseen-server migrate`")


def _check_foreign(names: set[str]) -> None:
    if taken := sorted(names & METADATA.tables.keys()):
        raise StoreUnusable(
            f"it has a table {taken[0]!r} that is not lastseen's: give lastseen a database, or a "
            "schema, of its own"
        )


def _check_newer(found: str | None) -> None:
    # Versions are numbers of four digits, so that text compares as they do.
    if found is not None and found > SCHEMA_VERSION:
        raise StoreUnusable(
            f"its schema version is {found}, and this lastseen knows those up to {SCHEMA_VERSION}: "
            "it was written by a newer lastseen. Use that one, or restore an older backup"
        )
