"""pgbouncer in transaction mode before a database, as Debian has it."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.support.lacking import lacking
from tests.support.waiting import wait_until

#: Connections to the server, which all clients share.
SHARED = 3

_CONFIGURATION = """\
[databases]
* = host={host} port={server_port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = {shared}
max_client_conn = 200
auth_type = plain
auth_file = {users}
user = {account}
"""


def pgbouncer() -> str:
    """The program; a test that lacks it is skipped, and fails where CI is set."""
    path = shutil.which("pgbouncer", path=f"{os.defpath}:/usr/sbin")
    if path is None:
        lacking("pgbouncer is not installed")
    return path


@contextmanager
def running_pooler(database_url: str, folder: Path) -> Iterator[str]:
    """The URL of the same database by way of pgbouncer."""
    program = pgbouncer()
    url = urlsplit(database_url)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    users = folder / "users.txt"
    users.write_text(f'"{url.username}" "{url.password}"\n')
    configuration = folder / "pgbouncer.ini"
    account = "nobody" if os.geteuid() == 0 else ""
    configuration.write_text(
        _CONFIGURATION.format(
            host=url.hostname, server_port=url.port, port=port, shared=SHARED, users=users, account=account
        )
    )
    pooled = url._replace(netloc=f"{url.username}:{url.password}@127.0.0.1:{port}").geturl()
    with (folder / "pgbouncer.log").open("wb") as log:
        process = subprocess.Popen([program, configuration], stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: _answers(pooled), "the pooler answers")
        yield pooled
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=2):
        return True
    return False
