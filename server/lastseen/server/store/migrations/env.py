"""What Alembic runs around the migrations: they join the transaction of whoever called."""

from alembic import context

from lastseen.server.store.schema import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
