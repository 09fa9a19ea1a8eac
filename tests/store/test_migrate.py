"""Migrations, on both servers, by their owner."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, text

from headrace.embedded import EmbeddedServices
from headrace.store.migrate import LOCK_TIMEOUT, configuration, migrate
from headrace.store.server import REVISION, read_facts
from tests.support.servers import Server
from tests.support.steps import accept, claim, new_event
from tests.support.storage import Storage
from tests.support.waiting import wait_until

SCHEMA = "hr2"

#: A migration as a next release may bring it.
TRIAL = Path(__file__).parents[1] / "upgrade" / "trial"

#: Longer than a migration that does not get its table keeps others waiting.
MOMENT_SECONDS = 1.0

_TRIED = """
SELECT EXISTS (SELECT FROM pg_stat_activity
               WHERE query LIKE 'ALTER TABLE hr2.runs%%' AND cardinality(pg_blocking_pids(pid)) > 0)
"""

_OBJECTS = """
SELECT relkind::text, relname::text FROM pg_class WHERE relnamespace = to_regnamespace('hr2')
UNION ALL SELECT 'function', proname::text FROM pg_proc WHERE pronamespace = to_regnamespace('hr2')
UNION ALL SELECT 'type', typname::text FROM pg_type WHERE typnamespace = to_regnamespace('hr2')
"""


@pytest.fixture
def owner(server: Server) -> Iterator[psycopg.Connection]:
    """The owner of the database, in which the schema `hr2` does not exist."""
    with psycopg.connect(server.services.migrate_database_url, autocommit=True) as connection:
        yield connection
        connection.execute("DROP SCHEMA IF EXISTS hr2 CASCADE")


def move(services: EmbeddedServices, revision: str = "head") -> None:
    migrate(services.migrate_database_url, SCHEMA, services.database_url, revision)


def objects(owner: psycopg.Connection) -> set[tuple[str, str]]:
    return {(row[0], row[1]) for row in owner.execute(_OBJECTS)}


def revisions(owner: psycopg.Connection) -> list[tuple[str]]:
    return owner.execute("SELECT version_num FROM hr2.alembic_version").fetchall()


def test_the_newest_migration_is_the_one_that_this_release_asks_for() -> None:
    assert ScriptDirectory.from_config(configuration()).get_current_head() == REVISION


def test_down_leaves_nothing_and_up_again_is_as_before(server: Server, owner: psycopg.Connection) -> None:
    move(server.services)
    first = objects(owner)
    assert revisions(owner) == [(REVISION,)]
    assert {("r", "runs"), ("p", "events"), ("function", "claim_due")} <= first

    move(server.services, "base")
    assert revisions(owner) == []
    assert {name for _, name in objects(owner) if not name.startswith(("alembic_version", "_alembic"))} == set()

    move(server.services)
    assert objects(owner) == first


def test_migrating_twice_changes_nothing(server: Server, owner: psycopg.Connection) -> None:
    move(server.services)
    once = objects(owner)

    move(server.services)

    assert objects(owner) == once


def test_a_migration_waits_for_a_table_without_holding_up_others(server: Server, owner: psycopg.Connection) -> None:
    services = server.services
    move(services)
    arguments = (services.migrate_database_url, SCHEMA, services.database_url)
    migration = threading.Thread(target=migrate, args=arguments, kwargs={"also": [TRIAL]})
    watching = psycopg.connect(server.superuser_url, autocommit=True)
    with watching, psycopg.connect(services.database_url) as reader:
        reader.execute("SELECT count(*) FROM hr2.runs")
        migration.start()
        wait_until(lambda: watching.execute(_TRIED).fetchone() == (True,), "the migration waits for the reader")
        began = time.monotonic()
        owner.execute("SET lock_timeout = '5s'")
        owner.execute("UPDATE hr2.runs SET losses = 0")
        assert time.monotonic() - began < MOMENT_SECONDS
        wait_until(lambda: watching.execute(_TRIED).fetchone() == (False,), "the migration gives way")
        assert revisions(owner) == [(REVISION,)]
        wait_until(lambda: watching.execute(_TRIED).fetchone() == (True,), "it tries again")
    migration.join()

    assert revisions(owner) == [("0003",)]
    assert {("r", "trials"), ("i", "runs_trial")} <= objects(owner)


_TELLING = """
from alembic import context, op

revision, down_revision = "0003", "0002"


def upgrade():
    op.execute("CREATE TABLE hr2.told AS SELECT current_setting('lock_timeout') AS waits")
    with op.get_context().autocommit_block():
        op.execute("INSERT INTO hr2.told SELECT current_setting('lock_timeout')")
"""


def test_only_the_transactions_of_migrations_wait_briefly(
    server: Server, owner: psycopg.Connection, tmp_path: Path
) -> None:
    (tmp_path / "0003_telling.py").write_text(_TELLING)
    usual = owner.execute("SELECT current_setting('lock_timeout')").fetchall()

    migrate(server.services.migrate_database_url, SCHEMA, server.services.database_url, also=[tmp_path])

    assert owner.execute("SELECT waits FROM hr2.told").fetchall() == [(LOCK_TIMEOUT,), *usual]


async def test_a_schema_of_another_name_takes_events(server: Server, owner: psycopg.Connection) -> None:
    storage = Storage(server.services, server.superuser_url, SCHEMA)
    database = storage.open()
    await database.open()
    try:
        ids = await accept(database, new_event())
        [run] = await claim(database, storage.add_worker())
    finally:
        await database.close()
        storage.close()

    assert [run.event_id] == ids
    assert owner.execute("SELECT count(*) FROM hr2.events").fetchone() == (1,)


async def test_a_server_without_the_schema_is_told_to_be_migrated(server: Server, owner: psycopg.Connection) -> None:
    storage = Storage(server.services, server.superuser_url, SCHEMA)
    database = storage.open()
    await database.open()
    try:
        async with database.connection() as connection:
            before = (await read_facts(connection, database)).problems()
            storage.rows("DELETE FROM headrace.alembic_version")
            emptied = (await read_facts(connection, database)).problems()
            storage.drop()
            after = (await read_facts(connection, database)).problems()
    finally:
        await database.close()
        storage.close()

    assert before == []
    assert emptied == after == ["The schema is not there. Run `headrace migrate`."]


def test_it_lives_beside_an_application_with_events_and_migrations_of_its_own(
    server: Server, owner: psycopg.Connection
) -> None:
    application = MetaData()
    Table("events", application, Column("id", Integer, primary_key=True))
    engine = create_engine(server.services.migrate_database_url.replace("postgresql:", "postgresql+psycopg:"))
    try:
        with engine.begin() as connection:
            application.create_all(connection)
            connection.execute(text("CREATE TABLE alembic_version (version_num text PRIMARY KEY)"))
            connection.execute(text("INSERT INTO alembic_version VALUES ('theirs')"))
        move(server.services)
        with engine.begin() as connection:
            migration_context = MigrationContext.configure(connection)
            assert migration_context.get_current_revision() == "theirs"
            assert compare_metadata(migration_context, application) == []
            application.drop_all(connection)
            connection.execute(text("DROP TABLE alembic_version"))
    finally:
        engine.dispose()

    assert revisions(owner) == [(REVISION,)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE stages.mine (id int)",
        "CREATE TABLE stages.events_mine PARTITION OF stages.events FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",
        "DROP TABLE stages.runs",
        "ALTER TABLE stages.runs ADD COLUMN mine int",
        "TRUNCATE stages.events",
        "CREATE SCHEMA mine",
    ],
)
def test_the_running_role_changes_no_structure(storage: Storage, statement: str) -> None:
    with (
        psycopg.connect(storage.services.database_url, autocommit=True) as connection,
        pytest.raises(InsufficientPrivilege),
    ):
        connection.execute(statement.encode())
