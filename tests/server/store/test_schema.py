"""The migrations and the tables that statements see are one schema."""

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from lastseen.server.store.schema import MIGRATIONS, SCHEMA_VERSION
from lastseen.server.store.tables import METADATA


def test_the_version_named_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_VERSION


def test_the_migrations_make_the_tables_that_statements_see(store):
    with store.database.reading() as connection:
        inspector = inspect(connection)
        made = {
            table: {column["name"]: column["nullable"] for column in inspector.get_columns(table)}
            for table in METADATA.tables
        }
    assert made == {
        table.name: {column.name: bool(column.nullable) for column in table.columns}
        for table in METADATA.tables.values()
    }
