"""Partitions by week, made ahead by a function of the schema's owner."""

from headrace.store.database import Connection, Database

#: Partitions exist this many days ahead.
AHEAD_DAYS = 14

_ENSURE = "SELECT headrace.ensure_partitions(now() + make_interval(days => %(days)s))"

_IN_DEFAULT = """
SELECT (SELECT count(*) FROM headrace.events_default), (SELECT count(*) FROM headrace.results_default)
"""


async def ensure_partitions(connection: Connection, database: Database) -> int:
    """Make what is missing of the coming weeks; returns how many partitions were made."""
    cursor = await connection.execute(database.sql(_ENSURE), {"days": AHEAD_DAYS})
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def rows_in_default(connection: Connection, database: Database) -> tuple[int, int]:
    """How many events and results lie outside every week's partition; normally none."""
    cursor = await connection.execute(database.sql(_IN_DEFAULT))
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
