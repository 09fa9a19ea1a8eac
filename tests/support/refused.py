"""Databases on which nothing of this release may start."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from headrace.embedded import EmbeddedServers
from headrace.embedded.postgres import is_ready, open_cluster
from headrace.embedded.programs import postgres_folder
from headrace.store.server import REVISION
from tests.support.installation import Installation
from tests.support.waiting import wait_until


@contextmanager
def schema_ahead(installation: Installation, releases: int) -> Iterator[None]:
    """The schema as so many releases later leave it."""
    statement = "UPDATE headrace.alembic_version SET version_num = %s"
    installation.storage.rows(statement, f"{int(REVISION) + releases:04}")
    try:
        yield
    finally:
        installation.storage.rows(statement, REVISION)


@contextmanager
def careless_server(folder: Path) -> Iterator[str]:
    """The URL of a PostgreSQL with `fsync=off` and no schema; its data are in `folder`."""
    with EmbeddedServers(folder) as services:
        pass
    port = int(services.database_url.rpartition(":")[2].partition("/")[0])
    cluster = open_cluster(folder / "postgres", postgres_folder())
    with subprocess.Popen([*cluster.command(port), "--fsync=off"], stderr=subprocess.DEVNULL) as server:
        try:
            wait_until(lambda: is_ready(port), "the server answers")
            yield services.database_url
        finally:
            server.send_signal(signal.SIGINT)  # fast: it waits for no client


@contextmanager
def read_only(superuser_url: str) -> Iterator[None]:
    """The server takes no writes from any role, over old connections and new ones."""
    with psycopg.connect(superuser_url, autocommit=True) as superuser:
        superuser.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        superuser.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            superuser.execute("ALTER SYSTEM RESET default_transaction_read_only")
            superuser.execute("SELECT pg_reload_conf()")
