"""What a person on call asks first, and what a monitoring system asks for, read at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headrace.store.database import Connection, Database
from headrace.store.overview import (
    Leader,
    ProcessView,
    RunGroup,
    ServerUse,
    find_leader,
    list_processes,
    read_use,
    survey_runs,
)
from headrace.store.pausing import PausedTarget, list_paused
from headrace.store.server import ServerFacts, read_facts
from headrace.store.tallies import sum_tallies


@dataclass(frozen=True, slots=True)
class Overview:
    """The installation at a moment. `sums` is the ledger by state; `leader` is None while no relay leads."""

    server: ServerFacts
    use: ServerUse
    sums: Mapping[str, int]
    runs: Sequence[RunGroup]
    paused: Sequence[PausedTarget]
    processes: Sequence[ProcessView]
    leader: Leader | None


async def read_overview(connection: Connection, database: Database) -> Overview:
    """Read all of it in a snapshot of the caller's. The schema has to be there."""
    return Overview(
        server=await read_facts(connection, database),
        use=await read_use(connection, database),
        sums=await sum_tallies(connection, database),
        runs=await survey_runs(connection, database),
        paused=await list_paused(connection, database),
        processes=await list_processes(connection, database),
        leader=await find_leader(connection, database),
    )
