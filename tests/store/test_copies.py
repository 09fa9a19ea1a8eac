"""What is noted of rebuilds of the search copy."""

from headrace.domain.ids import new_id
from headrace.store.copies import (
    Rebuild,
    begin_anew,
    begin_rebuilds,
    end_rebuild,
    list_rebuilds,
    next_batch,
    reach,
    seen_batches,
)
from headrace.store.database import Connection, Database

MONTHS = ["2026.10", "2026.11"]


async def noted(connection: Connection, database: Database) -> list[Rebuild]:
    return await list_rebuilds(connection, database, "here")


async def test_a_rebuild_that_is_noted_stays_as_it_is(database: Database) -> None:
    reached = new_id()
    async with database.connection() as connection:
        await begin_rebuilds(connection, database, "here", MONTHS[1:])
        [begun] = await noted(connection, database)
        assert begun.first_batch == (await seen_batches(connection, database, "here"))[1]
        assert begun.generation > 1
        assert begun.reached is None
        await reach(connection, database, "here", begun, reached)

        await begin_rebuilds(connection, database, "here", MONTHS)
        await begin_rebuilds(connection, database, "elsewhere", MONTHS)

        first, second = await noted(connection, database)
        assert (first.month, second) == (MONTHS[0], Rebuild(MONTHS[1], begun.generation, begun.first_batch, reached))
        _, rebuilding = await next_batch(connection, database, "here")
        assert rebuilding == {first.month: first.generation, second.month: second.generation}


async def test_one_that_begins_anew_is_another_generation_which_the_earlier_one_does_not_touch(
    database: Database,
) -> None:
    async with database.connection() as connection:
        await begin_rebuilds(connection, database, "here", MONTHS[:1])
        [begun] = await noted(connection, database)
        await reach(connection, database, "here", begun, new_id())

        anew = await begin_anew(connection, database, "here", begun)

        assert anew is not None
        assert anew.reached is None
        assert anew.generation > begun.generation
        assert anew.first_batch == (await seen_batches(connection, database, "here"))[1]
        assert await begin_anew(connection, database, "here", begun) is None
        await reach(connection, database, "here", begun, new_id())
        await end_rebuild(connection, database, "here", begun)
        assert await noted(connection, database) == [anew]
        await end_rebuild(connection, database, "here", anew)
        assert await noted(connection, database) == []
