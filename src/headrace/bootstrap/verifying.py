"""Examining and repairing what an installation has stored."""

import psycopg

from headrace.bootstrap.database import local_actor, open_connection, unavailable
from headrace.flow.verify import Repair, Verdict, repair, verify
from headrace.settings import Settings


async def verify_storage(settings: Settings, overdue_seconds: float) -> Verdict:
    """Examine all that is stored. Raises Unavailable."""
    try:
        async with open_connection(settings) as (database, connection):
            return await verify(connection, database, overdue_seconds)
    except psycopg.Error as error:
        raise unavailable(settings.database_source()(), error) from None


async def repair_storage(settings: Settings, *, dry_run: bool) -> list[Repair]:
    """Put right what `verify_storage` finds, where that is safe. Raises Unavailable."""
    try:
        async with open_connection(settings) as (database, connection):
            return await repair(connection, database, local_actor(), dry_run=dry_run)
    except psycopg.Error as error:
        raise unavailable(settings.database_source()(), error) from None
