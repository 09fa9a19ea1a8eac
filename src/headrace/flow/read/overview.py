"""What a person on call asks first, and what a monitoring system asks for, read at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headrace.flow.read.lag import NO_COPY, CopyLag, read_copy_lag
from headrace.store.database import Connection, Database
from headrace.store.overview import (
    Leader,
    ProcessView,
    ServerUse,
    Survey,
    find_leader,
    list_processes,
    read_use,
    survey_runs,
)
from headrace.store.pausing import PausedTarget, list_paused
from headrace.store.schedule_survey import NO_SCHEDULES, ScheduleSurvey, survey_schedules
from headrace.store.server import ServerFacts, read_facts
from headrace.store.tallies import sum_tallies


@dataclass(frozen=True, slots=True)
class Overview:
    """The installation at a moment. `sums` is the ledger by state; `leader` is None while no relay leads."""

    server: ServerFacts
    use: ServerUse
    sums: Mapping[str, int]
    runs: Survey
    paused: Sequence[PausedTarget]
    processes: Sequence[ProcessView]
    leader: Leader | None
    search: CopyLag = NO_COPY
    schedules: ScheduleSurvey = NO_SCHEDULES

    @property
    def ledger(self) -> Mapping[str, int]:
        """Events that were accepted, and what became of them."""
        sums = {state: self.sums.get(state, 0) for state in ("accepted", "succeeded", "failed", "cancelled", "erased")}
        return {**sums, "unfinished": sum(group.count for group in self.runs.groups)}

    @property
    def due(self) -> int:
        """How many runs could be claimed now."""
        return sum(group.due for group in self.runs.groups)

    @property
    def retries_soon(self) -> int:
        """How many runs are tried again within an hour."""
        return sum(group.retries_soon for group in self.runs.groups)

    @property
    def next_retry_seconds(self) -> float | None:
        """In how many seconds a run is tried again; None if none is."""
        ahead = (group.next_retry_seconds for group in self.runs.groups)
        return min((seconds for seconds in ahead if seconds is not None), default=None)


async def read_overview(connection: Connection, database: Database, copy: str | None) -> Overview:
    """Read all of it in a snapshot of the caller's. The schema has to be there. `copy` is the search copy, if any."""
    runs = await survey_runs(connection, database)
    return Overview(
        server=await read_facts(connection, database),
        use=await read_use(connection, database),
        sums=await sum_tallies(connection, database),
        runs=runs,
        paused=await list_paused(connection, database),
        processes=await list_processes(connection, database, runs.held),
        leader=await find_leader(connection, database),
        search=await read_copy_lag(connection, database, copy),
        schedules=await survey_schedules(connection, database),
    )
