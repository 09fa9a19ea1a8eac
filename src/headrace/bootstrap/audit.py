"""Reading who did what."""

import psycopg

from headrace.bootstrap.database import open_connection, unavailable
from headrace.settings import Settings
from headrace.store.audit import AuditRow, read_audit


async def list_acts(settings: Settings, most: int) -> list[AuditRow]:
    """The newest `most` rows of the audit, the newest first. Raises Unavailable."""
    try:
        async with open_connection(settings) as (database, connection):
            return await read_audit(connection, database, most)
    except psycopg.Error as error:
        raise unavailable(settings.database_source()(), error) from None
