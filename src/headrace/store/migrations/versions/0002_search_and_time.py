"""The search copy: what it is fed by, what is known of it, and a place for it in Postgres. And what is for later."""

from pathlib import Path

from alembic import context, op

from headrace.store.sql import qualify

revision = "0002"
down_revision = "0001"

_FOLDER = Path(__file__).parent.parent

#: Erasure looks for an event's keys by the event.
_INDEX = "idempotency_event"


def upgrade() -> None:
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    schema = str(context.config.attributes["schema"])
    for name in ("search.sql", "time.sql"):
        connection.execute(qualify((_FOLDER / name).read_text(), schema))
    # It blocks nobody while it waits, and outside of a transaction it may wait; one that was cut short is of no use.
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema}.{_INDEX}")
        op.execute(f"CREATE INDEX CONCURRENTLY {_INDEX} ON {schema}.idempotency (event_id)")


def downgrade() -> None:
    schema = str(context.config.attributes["schema"])
    op.execute(f"DROP INDEX {schema}.{_INDEX}")
    op.execute(f"DROP TRIGGER results_added ON {schema}.results")
    op.execute(f"DROP TRIGGER results_removed ON {schema}.results")
    op.execute(f"DROP FUNCTION {schema}.feed_projections()")
    for table in ("documents", "parts", "rebuilds", "copies", "refusals"):
        op.execute(f"DROP TABLE {schema}.{table}")
    op.execute(f"DROP SEQUENCE {schema}.batches")
    op.execute(f"DROP TABLE {schema}.ticks")
    for column in ("type", "queue", "match_key", "body", "anchor", "tick", "previous", "paused"):
        op.execute(f"ALTER TABLE {schema}.schedules DROP COLUMN {column}")
    op.execute(f"ALTER TABLE {schema}.events DROP COLUMN deliver_at")
