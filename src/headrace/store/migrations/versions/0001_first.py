"""The storage as it is first laid out."""

from pathlib import Path

from alembic import context, op

from headrace.store.sql import qualify

revision = "0001"
down_revision = None

_FOLDER = Path(__file__).parent.parent


def _schema() -> str:
    return str(context.config.attributes["schema"])


def upgrade() -> None:
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    for name in ("tables.sql", "functions.sql"):
        statements = qualify((_FOLDER / name).read_text(), _schema()).replace("%SCHEMA%", _schema())
        connection.execute(statements)
    connection.execute(qualify("SELECT headrace.ensure_partitions(now() + interval '14 days')", _schema()))


def downgrade() -> None:
    """Drop all but the schema itself and the version table, which are Alembic's."""
    schema = _schema()
    functions = (
        "claim_lost(uuid, text, text[], integer, integer, boolean)",
        "goes_alone(smallint, smallint)",
        "claim_named(uuid, text, text[], integer, uuid[])",
        "claim_due(uuid, text, text[], integer, integer)",
        "is_sound(smallint, smallint)",
        "unpaused(text, text[])",
        "lease_holds(uuid)",
        "take(uuid, uuid[])",
        "ensure_partitions(timestamptz)",
        "first_id_at(timestamptz)",
        "time_of(uuid)",
    )
    for function in functions:
        op.execute(f"DROP FUNCTION {schema}.{function}")
    op.execute(f"DROP TYPE {schema}.claimed")
    tables = (
        "events runs paused cancellations results past_results attempts logs checkpoints projections notes schedules "
        "waits idempotency api_keys workers leases audit tallies"
    )
    for table in tables.split():
        op.execute(f"DROP TABLE {schema}.{table}")
