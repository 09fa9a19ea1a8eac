"""A standby: a second PostgreSQL that follows the first and takes no writes."""

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headrace.embedded.postgres import is_ready, open_cluster
from headrace.embedded.programs import command_prefix, postgres_folder
from tests.support.waiting import wait_until


@contextmanager
def running_standby(superuser_url: str, folder: Path) -> Iterator[str]:
    """The address of a standby of this server, as a URL of no database. It is gone at the end."""
    pgdata = folder / "standby"
    copy: list[str | Path] = [*command_prefix(pgdata), postgres_folder() / "pg_basebackup", "--dbname", superuser_url]
    subprocess.run([*copy, "--pgdata", pgdata, "--write-recovery-conf", "--checkpoint=fast"], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(open_cluster(pgdata, postgres_folder()).command(port), stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_ready(port), "the standby answers")
        yield f"postgresql://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)  # fast: it waits for no client
        process.wait(timeout=20.0)
