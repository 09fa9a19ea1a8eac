"""Alembic's door: runs the migrations on the connection and in the schema that `headrace.store.migrate` hands over."""

from alembic import context

configuration = context.config

context.configure(
    connection=configuration.attributes["connection"],
    target_metadata=None,
    version_table_schema=configuration.attributes["schema"],
    include_schemas=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
