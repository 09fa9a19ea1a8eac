"""What a next release's migration may look like: it expands, in steps that may be taken twice."""

from alembic import context, op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    schema = context.config.attributes["schema"]
    op.execute(f"ALTER TABLE {schema}.runs ADD COLUMN IF NOT EXISTS trial text")
    op.execute(f"CREATE TABLE IF NOT EXISTS {schema}.trials (event_id uuid PRIMARY KEY, trial text NOT NULL)")
    # It blocks nobody while it waits, and outside of a transaction it may wait; one that was cut short is of no use.
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema}.runs_trial")
        op.execute(f"CREATE INDEX CONCURRENTLY runs_trial ON {schema}.runs (trial)")


def downgrade() -> None:
    schema = context.config.attributes["schema"]
    op.execute(f"DROP TABLE {schema}.trials")
    op.execute(f"ALTER TABLE {schema}.runs DROP COLUMN trial")
