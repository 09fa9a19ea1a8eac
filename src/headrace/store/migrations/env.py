"""Alembic's door: runs the migrations on the connection and in the schema that `headrace.store.migrate` hands over."""

from alembic import context
from sqlalchemy import text

configuration = context.config
connection = configuration.attributes["connection"]
schema = configuration.attributes["schema"]

connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
context.configure(
    connection=connection,
    target_metadata=None,
    version_table_schema=schema,
    include_schemas=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
