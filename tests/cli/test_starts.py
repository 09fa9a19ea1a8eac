"""What forbids a start, all of it at once, and what is only warned of: with real servers."""

import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from bench.ports import free_port
from headrace.bootstrap import Finding, examine
from headrace.domain.clock import utc_now
from headrace.settings import load_settings
from tests.cli.support import headrace, printed
from tests.support.installation import Installation
from tests.support.lacking import lacking
from tests.support.refused import careless_server, schema_ahead
from tests.support.servers import Server
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

#: What makes the clock of a program wrong, where it is installed.
FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


@pytest.fixture
def settings(installation: Installation) -> dict[str, str]:
    """How a command finds the installation's database and Redis."""
    return installation.settings()


@contextmanager
def evicting(installation: Installation, policy: str, megabytes: int) -> Iterator[None]:
    with redis.Redis.from_url(installation.redis_url) as client:
        client.config_set("maxmemory-policy", policy)
        client.config_set("maxmemory", f"{megabytes}mb")
        try:
            yield
        finally:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", "0")


def told(findings: list[dict[str, object]], name: str) -> dict[str, object]:
    [found] = [each for each in findings if each["name"] == name]
    return found


def test_a_server_that_does_not_flush_is_refused_together_with_what_else_is_wrong(tmp_path: Path) -> None:
    with careless_server(tmp_path / "careless") as database_url:
        for command in ("api", "worker", "relay"):
            done = headrace(command, folder=tmp_path, database_url=database_url)
            assert done.returncode == 2, done.stderr
            assert "2 problems" in done.stderr
            assert "Set fsync = on" in done.stderr
            assert "headrace migrate" in done.stderr


@pytest.mark.parametrize("command", ["api", "worker", "relay"])
@pytest.mark.parametrize(("releases", "remedy"), [(-1, "headrace migrate"), (2, "install that one")])
def test_a_schema_too_old_or_too_new_is_refused(
    installation: Installation, settings: dict[str, str], tmp_path: Path, command: str, releases: int, remedy: str
) -> None:
    with schema_ahead(installation, releases):
        done = headrace(command, folder=tmp_path, **settings)

    assert done.returncode == 2
    assert remedy in done.stderr


def test_a_schema_of_the_next_release_is_warned_of(
    installation: Installation, settings: dict[str, str], tmp_path: Path
) -> None:
    with schema_ahead(installation, 1):
        program, client = installation.start_api()
        checked = printed("check", folder=tmp_path, **settings)
        is_ready_answer = client.get("/health/ready")

    assert "Install that release here, too" in program.log.read_text()
    assert is_ready_answer.status_code == 200
    schema = told(checked, "schema")
    assert (schema["ok"], schema["warning"]) == (True, True)


def test_a_redis_that_evicts_is_warned_of(installation: Installation, settings: dict[str, str], tmp_path: Path) -> None:
    with evicting(installation, "allkeys-lru", 100):
        program, _ = installation.start_api()
        shown = headrace("check", folder=tmp_path, **settings)
        status = headrace("status", folder=tmp_path, **settings)
    with evicting(installation, "allkeys-lru", 0):
        unlimited = told(printed("check", folder=tmp_path, **settings), "redis")

    assert "maxmemory-policy allkeys-lru" in program.log.read_text()
    assert shown.returncode == 0
    assert "WARNING  redis: " in shown.stdout
    assert "set it to noeviction" in status.stdout
    assert unlimited["warning"] is False


async def look(settings: Mapping[str, Any], *, ahead: timedelta = timedelta()) -> Finding:
    """What is found of clocks, on a host whose own is ahead."""
    findings = await examine(load_settings(**settings), lambda: utc_now() + ahead)
    [found] = [each for each in findings if each.name == "clocks"]
    return found


async def test_clocks_that_are_off_are_warned_of(installation: Installation, settings: dict[str, str]) -> None:
    assert not (await look(settings)).warning
    assert "this host by -60 s" in (await look(settings, ahead=timedelta(minutes=1))).detail

    worker = installation.storage.add_worker()
    statement = "UPDATE headrace.workers SET measures = jsonb_build_object('clock_offset_seconds', %s::float8)"
    installation.storage.rows(statement, 4.0)
    assert not (await look(settings)).warning
    installation.storage.rows(statement, -7.0)
    found = await look(settings)
    assert (found.ok, found.warning) == (True, True)
    assert "test by -7 s" in found.detail
    installation.storage.end_lease(worker)
    assert not (await look(settings)).warning


def test_a_host_whose_clock_is_off_is_warned_of_when_a_process_starts(installation: Installation) -> None:
    if not FAKETIME:
        lacking("libfaketime is not installed: apt-get install libfaketime")
    installation.variables = {
        "LD_PRELOAD": str(FAKETIME[0]),
        "FAKETIME": "+60s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }

    program, client = installation.start_api()

    assert re.search(r"off the database's: this host by -\d\d s", program.log.read_text())
    assert client.get("/health/ready").status_code == 200


@contextmanager
def awaiting_standby(superuser_url: str) -> Iterator[None]:
    """Commits of this server wait for a standby, which there is not."""
    with psycopg.connect(superuser_url, autocommit=True) as superuser:
        superuser.execute("ALTER SYSTEM SET synchronous_standby_names = 'elsewhere'")
        superuser.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            superuser.execute("ALTER SYSTEM RESET synchronous_standby_names")
            superuser.execute("SELECT pg_reload_conf()")
            names = "SHOW synchronous_standby_names"
            wait_until(lambda: superuser.execute(names).fetchall() == [("",)], "commits wait for nobody")


def test_check_tells_whether_a_failover_keeps_the_newest_events(
    installation: Installation, settings: dict[str, str], postgres18: Server, tmp_path: Path
) -> None:
    def detail() -> str:
        return str(told(printed("check", folder=tmp_path, **settings), "database")["detail"])

    assert "no synchronous standby: a failover may lose the newest" in detail()
    with awaiting_standby(postgres18.superuser_url):
        wait_until(lambda: "a failover keeps them" in detail(), "the standby is told of")


def test_a_database_that_is_away_is_warned_of_and_waited_for(installation: Installation) -> None:
    program, client = installation.start_api(database_url="postgresql://u:secret@127.0.0.1:9/x")

    assert client.get("/health/ready").status_code == 503
    log = program.log.read_text()
    assert "cannot be used" in log
    assert "secret" not in log


def test_a_folder_that_cannot_be_written_is_refused_together_with_a_taken_port(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    inside = tmp_path / "file" / "data"

    alone = headrace("dev", "--port", str(free_port()), "--data-dir", str(inside), folder=tmp_path)
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        both = headrace("dev", "--port", str(port), "--data-dir", str(inside), folder=tmp_path)

    assert (alone.returncode, both.returncode) == (2, 2)
    assert f"nothing can be written in {inside} (Not a directory)" in alone.stderr
    assert "2 problems" in both.stderr
    assert "is taken by another program" in both.stderr
    assert "--data-dir" in both.stderr
