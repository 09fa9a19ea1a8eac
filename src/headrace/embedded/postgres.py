"""The embedded PostgreSQL: making its folder, its settings, its roles."""

import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import pq, sql

from headrace.embedded.errors import DataDirectoryVersion, EmbeddedFailed
from headrace.embedded.files import read_json, write_private_json
from headrace.embedded.ports import HOST
from headrace.embedded.programs import command_prefix, major_version

#: The role that may do everything; only the start of the servers uses it.
SUPERUSER = "postgres"

#: The role that owns the database and may change its structure.
OWNER_ROLE = "headrace_owner"

#: The role that the product runs as: no DDL but temporary tables.
APP_ROLE = "headrace_app"

#: The database.
DATABASE = "headrace"

#: Modest settings for a laptop. Durability stays on: what is accepted here is kept, too.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": HOST,
    # The path of a socket has a short limit, a data directory has none.
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_min_messages": "warning",
}

#: The first major version whose own C.UTF-8 knows upper and lower case beyond ASCII, whatever the system has.
BUILTIN_LOCALE_SINCE = 17


@dataclass(frozen=True, slots=True)
class Cluster:
    """A folder of PostgreSQL data, which may not exist yet, and the programs that serve it."""

    pgdata: Path
    binaries: Path
    major: int
    prefix: Sequence[str]

    @property
    def exists(self) -> bool:
        """Whether the folder has been made."""
        return self.pgdata.exists()

    def command(self, port: int) -> list[str]:
        """The server's command line."""
        settings = [f"--{name}={value}" for name, value in {**SETTINGS, "port": str(port)}.items()]
        return [*self.prefix, str(self.binaries / "postgres"), "-D", str(self.pgdata), *settings]

    def initialise(self, password: str, lock: int) -> None:
        """Make the folder, whole or not at all; initdb holds `lock` too, should it outlive this process."""
        draft = self.pgdata.with_name(f"{self.pgdata.name}.new")
        if draft.exists():
            shutil.rmtree(draft)
        with tempfile.NamedTemporaryFile("w", dir=self.pgdata.parent, prefix="password-") as file:
            file.write(password)
            file.flush()
            command = [*self.prefix, str(self.binaries / "initdb"), "-D", str(draft), f"--pwfile={file.name}"]
            command += [f"--username={SUPERUSER}", "--auth=scram-sha-256", "--encoding=UTF8", *self._locale()]
            done = subprocess.run(command, capture_output=True, text=True, check=False, pass_fds=(lock,))
        if done.returncode != 0:
            raise EmbeddedFailed(f"initdb could not make {self.pgdata}:\n{done.stdout}{done.stderr}")
        draft.rename(self.pgdata)

    def _locale(self) -> list[str]:
        if self.major < BUILTIN_LOCALE_SINCE:
            return ["--locale=C.UTF-8"]
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


def open_cluster(pgdata: Path, binaries: Path) -> Cluster:
    """The data in `pgdata`, as the programs in `binaries` can serve them.

    Raises EmbeddedFailed if this user cannot run the programs, DataDirectoryVersion if the data were written
    by another major version.
    """
    prefix = command_prefix(pgdata)
    cluster = Cluster(pgdata, binaries, major_version(prefix, binaries / "postgres"), prefix)
    written_by = (pgdata / "PG_VERSION").read_text().strip() if cluster.exists else None
    if written_by is not None and written_by != str(cluster.major):
        raise DataDirectoryVersion(
            f"The data in {pgdata} were written by PostgreSQL {written_by}, but the programs here are "
            f"PostgreSQL {cluster.major}, which cannot read them. Dump them with PostgreSQL {written_by} "
            "(pg_dump) and load them into a new data directory, or move the folder away to begin anew."
        )
    return cluster


def keep_passwords(path: Path, *, may_create: bool) -> Mapping[str, str]:
    """The password of each role, by name, kept in the private file `path`; made once, before the data."""
    roles = (SUPERUSER, OWNER_ROLE, APP_ROLE)
    kept = read_json(path)
    if kept is not None and kept.keys() >= set(roles):
        return kept
    if not may_create:
        raise EmbeddedFailed(
            f"The passwords of the database are missing from {path}. Put that file back, or move the folder "
            f"{path.parent} away to begin anew."
        )
    passwords = {role: secrets.token_urlsafe(24) for role in roles}
    write_private_json(path, passwords)
    return passwords


def is_ready(port: int) -> bool:
    """Whether the server takes connections now."""
    return pq.PGconn.ping(f"host={HOST} port={port}".encode()) == pq.Ping.OK


def provision(port: int, passwords: Mapping[str, str]) -> None:
    """Create the roles and the database, each only if it is not there yet."""
    with psycopg.connect(
        host=HOST,
        port=port,
        user=SUPERUSER,
        password=passwords[SUPERUSER],
        dbname="postgres",
        autocommit=True,
    ) as connection:
        for role in (OWNER_ROLE, APP_ROLE):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
                connection.execute(statement.format(sql.Identifier(role), sql.Literal(passwords[role])))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            statement = sql.SQL("CREATE DATABASE {} OWNER {}")
            connection.execute(statement.format(sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE)))


def connection_url(role: str, port: int, passwords: Mapping[str, str]) -> str:
    """The URL by which `role` reaches the database."""
    return f"postgresql://{role}:{passwords[role]}@{HOST}:{port}/{DATABASE}"
