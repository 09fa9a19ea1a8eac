"""The thread that keeps a process's lease, on a connection of its own and by the database's clock."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import structlog

from headrace.domain.clock import Clock
from headrace.domain.ids import new_id
from headrace.errors import HeadraceError
from headrace.store import workers
from headrace.store.database import connect_options
from headrace.store.workers import Measure, WorkerRow

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """How long a lease lasts without a heartbeat, and how often one comes."""

    lease_seconds: float
    renew_seconds: float


class Heartbeat:
    """Announces the process in `workers` and renews its lease.

    `alive` is asked before each renewal: while it answers no, the heartbeat is silent. What `measure` answers is
    written with each renewal; it is called in the heartbeat's thread. When others took over the runs of a lease that
    ran out, the process goes on under a new id.
    """

    def __init__(
        self,
        source: Callable[[], str],
        row: WorkerRow,
        times: LeaseTimes,
        *,
        schema: str,
        pooler: str,
        clock: Clock,
        alive: Callable[[], bool] = lambda: True,
        measure: Callable[[], Mapping[str, Measure]] = dict,
    ) -> None:
        self._source = source
        self._row = row
        self._times = times
        self._schema = schema
        self._pooler = pooler
        self._clock = clock
        self._alive = alive
        self._measure = measure
        self._registered: UUID | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._on_register: Callable[[], None] = lambda: None
        self._beaten = threading.Event()
        #: The database's clock minus this machine's, as of the last heartbeat; None before the first.
        self.clock_offset: timedelta | None = None

    @property
    def id(self) -> UUID | None:
        """The id under which the process may claim now; None while it holds no lease."""
        return self._registered

    @property
    def clock_offset_seconds(self) -> float | None:
        """The same in seconds."""
        return None if self.clock_offset is None else self.clock_offset.total_seconds()

    def start(self, on_register: Callable[[], None] = lambda: None) -> None:
        """Start beating. `on_register` is called in the thread whenever the process got a new id."""
        self._on_register = on_register
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Until the first heartbeat, at most so long."""
        self._beaten.wait(seconds)

    def stop(self) -> None:
        """End the lease if nothing is held any more, and the thread."""
        self._stopping.set()
        self._thread.join(timeout=5.0)

    def _beat(self) -> None:
        connection: psycopg.Connection | None = None
        while not self._stopping.is_set():
            try:
                connection = connection or psycopg.connect(self._source(), **connect_options(self._pooler))
                self._renew(connection)
            except Exception as error:  # noqa: BLE001  # without this thread the process would do nothing, and say nothing
                self._tell_of(error)
                if connection is not None:
                    connection.close()
                connection = None
            self._stopping.wait(self._times.renew_seconds if connection else min(1.0, self._times.renew_seconds))
        if connection is not None:
            self._say_goodbye(connection)

    def _tell_of(self, error: Exception) -> None:
        if isinstance(error, (psycopg.Error, OSError, HeadraceError)):
            _log.warning("heartbeat failed", error=type(error).__name__)
        else:
            _log.error("heartbeat failed", exc_info=error)

    def _renew(self, connection: psycopg.Connection) -> None:
        if not self._alive():
            return
        if self._registered is not None:
            arguments = workers.renewal(self._registered, self._times.lease_seconds, self._measures())
            renewed = connection.execute(workers.statement(workers.RENEW, self._schema), arguments).fetchone()
            if renewed is not None:
                self._note_clock(renewed[0])
                return
            _log.warning("runs were taken over; going on under a new id", worker=str(self._registered))
            self._registered = None
        self._register(connection)

    def _register(self, connection: psycopg.Connection) -> None:
        worker = new_id()
        connection.execute(
            workers.statement(workers.REGISTER, self._schema),
            workers.registration(worker, self._row, self._times.lease_seconds, self._measures()),
        )
        self._registered = worker
        now = connection.execute("SELECT now()").fetchone()
        assert now is not None
        self._note_clock(now[0])
        self._on_register()

    def _measures(self) -> dict[str, Measure]:
        return {**self._measure(), "clock_offset_seconds": round(self.clock_offset_seconds or 0.0, 3)}

    def _note_clock(self, database_now: datetime) -> None:
        self.clock_offset = database_now - self._clock()
        self._beaten.set()

    def _say_goodbye(self, connection: psycopg.Connection) -> None:
        try:
            connection.execute(workers.statement(workers.FORGET, self._schema), {"id": self._registered})
        except psycopg.Error:
            _log.warning("could not sign off; the lease will run out by itself")
        finally:
            connection.close()
