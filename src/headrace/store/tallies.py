"""The ledger: every transaction appends what it changed, the relay folds the rows, readers sum them."""

from collections.abc import Mapping

from headrace.store.database import Connection, Database

_SUM = "SELECT state, sum(delta)::bigint FROM headrace.tallies GROUP BY state"

_FOLD = """
WITH gone AS (
    DELETE FROM headrace.tallies RETURNING state, delta
)
INSERT INTO headrace.tallies (state, delta) SELECT state, sum(delta) FROM gone GROUP BY state
"""


async def sum_tallies(connection: Connection, database: Database) -> Mapping[str, int]:
    """The ledger's sums by state, exact at the statement's snapshot."""
    cursor = await connection.execute(database.sql(_SUM))
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def fold_tallies(connection: Connection, database: Database) -> None:
    """Replace the ledger's rows by one a state. Two at once are correct: a row that the other took is left out."""
    await connection.execute(database.sql(_FOLD))
