"""What a process says of the database while it runs, when it was away at the start or is another one by now."""

from headrace.flow.read import Reader
from headrace.store.database import Database
from tests.support.storage import Storage


async def database_detail(database: Database) -> str:
    [check] = await Reader(database).health()
    assert check.ok == (check.detail == "writable")
    return check.detail


async def test_a_database_that_can_be_written_is_ready(database: Database) -> None:
    assert await database_detail(database) == "writable"


async def test_a_database_on_which_no_process_would_start_is_not_ready(storage: Storage) -> None:
    source = storage.services.database_url
    elsewhere = Database(lambda: source, schema="nowhere", pooler="none", connections=1)
    await elsewhere.open()
    try:
        assert "headrace migrate" in await database_detail(elsewhere)
    finally:
        await elsewhere.close()
