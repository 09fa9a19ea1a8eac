"""PostgreSQL and Valkey as processes that can be killed, stopped and started again at will."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from headrace.embedded import postgres, valkey
from headrace.embedded.lock import acquire_lock
from headrace.embedded.ports import HOST, choose_ports
from headrace.embedded.programs import postgres_folder, valkey_program

#: What PostgreSQL is told beyond the settings that `headrace dev` gives it: a campaign has many processes.
POSTGRES_SETTINGS = ("--max_connections=300",)


class Server:
    """A server's process. A subclass knows its command, and how to ask whether it answers."""

    def __init__(self, name: str, port: int, command: Sequence[str], log: Path) -> None:
        self.name = name
        self.port = port
        self._command = list(command)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, *further: str) -> None:
        """Start it unless it runs, with further words on its command line; it answers a moment later."""
        if self.is_running:
            return
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_ends_with_us(), *self._command, *further],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def signal(self, number: int) -> None:
        """A signal to the process that was started."""
        if self.is_running:
            os.kill(self.pid, number)

    def wait_until_ended(self) -> None:
        if self._process is not None:
            self._process.wait(30.0)


class PostgresServer(Server):
    """A PostgreSQL with its data in a folder of its own."""

    def __init__(self, folder: Path, port: int, log: Path) -> None:
        cluster = postgres.open_cluster(folder / "postgres", postgres_folder())
        self._passwords = postgres.keep_passwords(folder / "secrets.json", may_create=True)
        lock = acquire_lock(folder)
        try:
            cluster.initialise(self._passwords[postgres.SUPERUSER], lock)
        finally:
            os.close(lock)
        super().__init__("postgres", port, [*cluster.command(port), *POSTGRES_SETTINGS], log)
        #: As each role, past every proxy.
        self.superuser_url = self._url(postgres.SUPERUSER)
        self.owner_url = self._url(postgres.OWNER_ROLE)
        self.app_url = self._url(postgres.APP_ROLE)

    def _url(self, role: str) -> str:
        return postgres.connection_url(role, self.port, self._passwords)

    def is_ready(self) -> bool:
        return self.is_running and postgres.is_ready(self.port)

    def provision(self) -> None:
        """Make the roles and the database."""
        postgres.provision(self.port, self._passwords)

    def stop_immediately(self) -> None:
        """As `pg_ctl stop -m immediate`: no checkpoint is made, and the next start replays the log."""
        self.signal(signal.SIGQUIT)
        self.wait_until_ended()

    def stop(self) -> None:
        """As `pg_ctl stop -m fast`."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGINT)
        self.wait_until_ended()


class ValkeyServer(Server):
    """A Valkey that keeps nothing on disk."""

    def __init__(self, folder: Path, port: int, log: Path) -> None:
        own = folder / "valkey"
        own.mkdir()
        prefix = postgres.open_cluster(folder / "postgres", postgres_folder()).prefix
        super().__init__("valkey", port, valkey.command(prefix, valkey_program(), own, port), log)
        #: Past every proxy.
        self.url = f"redis://{HOST}:{port}/0"

    def is_ready(self) -> bool:
        return self.is_running and valkey.is_ready(self.port)

    def kill(self) -> None:
        """Gone at once, with all that it held."""
        self.signal(signal.SIGKILL)
        self.wait_until_ended()

    def stop(self) -> None:
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        self.wait_until_ended()


def _ends_with_us() -> Sequence[str]:
    """Words before a command by which the kernel ends it with this process, also when that is killed (on Linux)."""
    setpriv = shutil.which("setpriv")
    # Of root's commands it is a part already, because a change of user would undo it.
    return () if setpriv is None or os.geteuid() == 0 else (setpriv, "--pdeathsig=INT")


def make_servers(folder: Path, logs: Path) -> tuple[PostgresServer, ValkeyServer]:
    """Both, not started yet, with their data in `folder`."""
    ports = choose_ports(folder / "ports.json")
    database = PostgresServer(folder, ports.postgres, logs / "postgres.log")
    return database, ValkeyServer(folder, ports.valkey, logs / "valkey.log")
