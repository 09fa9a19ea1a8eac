"""Millions of events in minutes: what a few real ones left is copied inside the database, with ids of its own.

The copies lie between the beginning of the week, or three days ago, and now, in the partitions that are there.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import psycopg
from psycopg.sql import SQL, Identifier

from headrace.domain.clock import utc_now

#: The tables of a finished event and of an unfinished one, with the column that has its id.
FINISHED: Mapping[str, str] = {"events": "id", "results": "event_id"}
UNFINISHED: Mapping[str, str] = {"events": "id", "runs": "event_id"}

#: Copies of each event that one statement makes: ids rise from statement to statement, as they do in life.
COPIES = 20

_COLUMNS = """
SELECT attname FROM pg_attribute
WHERE attrelid = ('headrace.' || %s)::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT IN (%s, 'seq')
"""

# A UUIDv7 whose moment follows from the copy's number, and whose rest from the event that it is a copy of.
_COPY = SQL(
    """
INSERT INTO headrace.{table} ({key}, {others})
SELECT overlay(overlay(overlay(
           md5(old.{key}::text || copy) PLACING lpad(to_hex(
               (extract(epoch FROM first + (%(now)s - first) * copy / %(of)s) * 1000)::bigint
           ), 12, '0') FROM 1 FOR 12) PLACING '7' FROM 13 FOR 1) PLACING '8' FROM 17 FOR 1
       )::uuid, {others}
FROM greatest(date_trunc('week', %(now)s, 'UTC'), %(now)s - interval '3 days') AS first,
     generate_series(%(from)s, %(to)s - 1) AS copy, headrace.{table} AS old
WHERE old.{key} = ANY (%(ids)s)
"""
)

_TALLY = "INSERT INTO headrace.tallies (state, delta) SELECT unnest(%s::text[]), %s"


async def multiply(
    connection: psycopg.AsyncConnection,
    tables: Mapping[str, str],
    ids: Sequence[UUID],
    copies: range,
    *,
    tells: bool = True,
) -> None:
    """Add copies of these events, which are in `tables`, with the numbers of `copies`; no number may be used twice.

    `connection` may write everything, and is in autocommit. Unless it `tells`, the search copy does not hear of them.
    """
    await connection.execute(f"SET session_replication_role = {'origin' if tells else 'replica'}")
    now = utc_now()
    for table, key in tables.items():
        statement = await _statement(connection, table, key)
        for first in range(copies.start, copies.stop, COPIES):
            numbers = {
                "from": first,
                "to": min(first + COPIES, copies.stop),
                "of": copies.stop,
                "now": now,
                "ids": list(ids),
            }
            await connection.execute(statement, numbers)
    states = ["accepted"] if "runs" in tables else ["accepted", "succeeded"]
    await connection.execute(_TALLY, [states, len(ids) * len(copies)])


async def _statement(connection: psycopg.AsyncConnection, table: str, key: str) -> psycopg.sql.Composed:
    others = [name for (name,) in await (await connection.execute(_COLUMNS, [table, key])).fetchall()]
    return _COPY.format(
        table=Identifier(table), key=Identifier(key), others=SQL(", ").join(Identifier(name) for name in others)
    )
