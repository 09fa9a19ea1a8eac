"""Which event has a client's idempotency key. `store/events.py` writes the keys, with the events."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from headrace.store.database import Connection, Database

# As subqueries, so that each is looked up by its key, whatever the planner believes of the tables.
_FIND = """
SELECT tenant, key_hash, held.event_id, held.body_hash,
       (SELECT type FROM headrace.events WHERE id = held.event_id),
       coalesce(
           (SELECT state FROM headrace.runs WHERE event_id = held.event_id),
           (SELECT state FROM headrace.results WHERE event_id = held.event_id)
       )
FROM unnest(%(tenants)b::text[], %(key_hashes)b::bytea[]) AS asked (tenant, key_hash)
JOIN headrace.idempotency AS held USING (tenant, key_hash)
"""

#: A tenant, and the hash of one of its keys.
Key = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The event that a key was first sent with, the hash of what came with it, and what the event is doing now."""

    event_id: UUID
    body_hash: bytes
    type: str
    state: str


async def find_holders(connection: Connection, database: Database, keys: Collection[Key]) -> dict[Key, KeyHolder]:
    """Who holds each of `keys` that is held."""
    if not keys:
        return {}
    cursor = await connection.execute(
        database.sql(_FIND),
        {"tenants": [tenant for tenant, _ in keys], "key_hashes": [key_hash for _, key_hash in keys]},
    )
    return {(tenant, key_hash): KeyHolder(*held) for tenant, key_hash, *held in await cursor.fetchall()}
