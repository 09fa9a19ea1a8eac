"""Partitions by week, made ahead by a function of the schema's owner."""

from headrace.store.database import Connection, Database

#: Partitions exist this many days ahead.
AHEAD_DAYS = 14

_ENSURE = "SELECT headrace.ensure_partitions(now() + make_interval(days => %(days)s))"


async def ensure_partitions(connection: Connection, database: Database) -> int:
    """Make what is missing of the coming weeks; returns how many partitions were made."""
    cursor = await connection.execute(database.sql(_ENSURE), {"days": AHEAD_DAYS})
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])
