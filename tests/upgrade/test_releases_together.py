"""Two releases at work on one database, while it is migrated, in either order."""

from pathlib import Path

import pytest
from httpx2 import Client

from headrace.store.migrate import migrate
from headrace.store.server import REVISION
from tests.support.installation import START_SECONDS, Installation
from tests.support.processes import Program
from tests.support.waiting import wait_until
from tests.upgrade.conftest import PREVIOUS_REVISION
from tests.upgrade.load import Load

pytestmark = pytest.mark.slow

#: Longer than any migration keeps a request waiting, on a machine that has much else to do.
MOMENT_SECONDS = 5.0


class Release:
    """An API and a worker of one release."""

    def __init__(self, installation: Installation, packages: Path | None, name: str, beside: int) -> None:
        installation.packages = packages
        self.api, self.client = installation.start_api("trials", release=name)
        command = ("-m", "headrace.cli", "worker")
        self.worker = installation.start(*command, app="trials", release=name, lease_seconds="20")
        wait_until(lambda: installation.workers() > beside, f"the worker of {name} holds a lease", START_SECONDS)

    def end(self) -> None:
        for program in (self.api, self.worker):
            program.terminate()
        assert [ended(program) for program in (self.api, self.worker)] == [0, 0]


def ended(program: Program) -> int:
    return program.exit_code(START_SECONDS)


def more_is_finished(installation: Installation, load: Load, count: int = 40) -> None:
    """Wait until so many events were accepted from now on, and finished."""
    before = len(load.accepted)
    wait_until(lambda: len(load.accepted) >= before + count, "events are accepted")
    installation.wait_until_all_are("succeeded", load.accepted[before : before + count])


def released_by(installation: Installation, client: Client, load: Load) -> set[str]:
    """Which releases stored the results of what is sent to one of them from now on."""
    load.clients = [client]
    before = len(load.accepted)
    more_is_finished(installation, load)
    statement = "SELECT DISTINCT release FROM headrace.results WHERE event_id = ANY (%s)"
    return {row[0] for row in installation.storage.rows(statement, load.accepted[before : before + 40])}


def test_releases_run_together_in_any_order_and_while_the_schema_changes(
    installation_before: Installation, previous: Path
) -> None:
    installation = installation_before
    storage = installation.storage
    old = Release(installation, previous, "old", beside=0)

    with Load(old.client) as load:
        more_is_finished(installation, load)
        urls = storage.services.migrate_database_url, storage.services.database_url
        assert storage.value("SELECT max(version_num) FROM headrace.alembic_version") == PREVIOUS_REVISION
        migrate(urls[0], storage.schema, urls[1])
        assert storage.value("SELECT max(version_num) FROM headrace.alembic_version") == REVISION
        more_is_finished(installation, load)

        new = Release(installation, None, "new", beside=1)
        load.clients.append(new.client)
        more_is_finished(installation, load)
        load.clients.remove(old.client)
        old.end()
        assert released_by(installation, new.client, load) == {"new"}

        again = Release(installation, previous, "old", beside=1)
        load.clients.append(again.client)
        more_is_finished(installation, load)
        load.clients.remove(new.client)
        new.end()
        assert released_by(installation, again.client, load) == {"old"}

    installation.wait_until_all_are("succeeded", load.accepted)
    stats = again.client.get("/stats").json()
    assert stats["accepted"] == stats["succeeded"] >= len(load.accepted)
    assert set(load.refused) <= {503}
    assert max(load.seconds) < MOMENT_SECONDS


def test_the_wheel_kept_here_is_run_instead_of_this_code(installation: Installation, previous: Path) -> None:
    installation.packages = previous
    program = installation.start("-c", "import headrace; print(headrace.__file__)")

    assert program.exit_code() == 0
    assert program.log.read_text().strip() == str(previous / "headrace/__init__.py")
