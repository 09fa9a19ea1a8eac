"""Putting a new part of the copy in the place of an old one."""

from headrace.domain.document import ids_of_month
from headrace.errors import CopyAway
from headrace.search.postgres.answering import transaction
from headrace.store.database import Database
from headrace.store.parts import begin_part, drop_others, show_part


async def begin(database: Database, month: str, generation: int) -> None:
    """Note that a generation of a month is being built."""
    async with transaction(database) as connection:
        await begin_part(connection, database, month, generation)


async def finish(database: Database, month: str, generation: int) -> None:
    """Let readers see it, which takes a moment, then delete what they saw before, some of it at a time."""
    async with transaction(database) as connection:
        if not await show_part(connection, database, month, generation):
            raise CopyAway(f"the new part of {month} is there no longer")
    first, end = ids_of_month(month)
    after = first
    while True:
        async with transaction(database) as connection:
            reached = await drop_others(connection, database, month, after, end)
        if reached is None:
            return
        after = reached
