import subprocess
import sys
from pathlib import Path

import pytest

from headrace.embedded import EmbeddedServers
from tests.embedded.support import OWNER, ask, is_gone, keeper_of, owner_process, processes_of, wait_until

pytestmark = pytest.mark.services


def test_after_kill_9_of_the_owner_no_process_is_left_and_a_start_at_once_finds_the_data(
    data_dir: Path,
) -> None:
    with owner_process(data_dir) as (owner, services):
        ask(services["migrate_database_url"], "CREATE TABLE kept AS SELECT 42 AS answer")
        keeper = keeper_of(services)
        owner.kill()
        owner.wait()
        with EmbeddedServers(data_dir) as again:
            assert again.migrate_database_url == services["migrate_database_url"]
            assert ask(again.migrate_database_url, "SELECT answer FROM kept") == [42]
            assert all(is_gone(pid) for pid in (services["postgres_pid"], services["valkey_pid"]))
        wait_until(lambda: is_gone(keeper.pid), "the first keeper is gone")


def test_an_owner_that_just_ends_takes_its_servers_along(data_dir: Path) -> None:
    with owner_process(data_dir) as (owner, services):
        owner.communicate()
        assert owner.returncode == 0
        wait_until(lambda: is_gone(services["postgres_pid"]), "PostgreSQL is gone")
        wait_until(lambda: is_gone(services["valkey_pid"]), "Valkey is gone")
    log = (data_dir / "logs" / "postgres.log").read_text()
    assert log.rstrip().endswith("database system is shut down")


def test_a_child_forked_from_the_owner_does_not_keep_the_servers_alive(data_dir: Path) -> None:
    with owner_process(data_dir, "forks") as (owner, services):
        owner.kill()
        owner.wait()
        with EmbeddedServers(data_dir) as again:
            assert ask(again.database_url, "SELECT 1") == [1]
        assert [is_gone(child) for child in services["children"]] == [False]


def test_the_keeper_ends_its_servers_when_it_is_asked_to_end(data_dir: Path) -> None:
    with owner_process(data_dir) as (_, services):
        keeper_of(services).terminate()
        wait_until(lambda: is_gone(services["postgres_pid"]), "PostgreSQL is gone")
        wait_until(lambda: is_gone(services["valkey_pid"]), "Valkey is gone")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent was killed")
def test_the_servers_end_even_if_owner_and_keeper_are_killed_together(data_dir: Path) -> None:
    with owner_process(data_dir) as (owner, services):
        keeper = keeper_of(services)
        owner.kill()
        keeper.kill()
        owner.wait()
        with EmbeddedServers(data_dir) as again:
            assert ask(again.database_url, "SELECT 1") == [1]
        assert is_gone(services["postgres_pid"])


def test_a_first_start_killed_in_the_middle_is_made_good_by_the_next(data_dir: Path) -> None:
    owner = subprocess.Popen([sys.executable, str(OWNER), str(data_dir)], stdin=subprocess.PIPE)
    with owner:
        wait_until((data_dir / "postgres.new" / "base").exists, "initdb is at work")
        owner.kill()
    assert not (data_dir / "postgres").exists()
    with EmbeddedServers(data_dir) as services:
        assert ask(services.database_url, "SELECT 1") == [1]
    assert processes_of(data_dir) == []
