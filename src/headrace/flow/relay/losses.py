"""Taking over from processes that vanished: each of their runs is counted, and freed or given up."""

from collections.abc import Sequence
from datetime import datetime

from headrace.domain.outcome import ErrorReport
from headrace.domain.settle import Finished, Lost, Policy, lose
from headrace.domain.states import EventState, Reason
from headrace.store.database import Connection, Database
from headrace.store.lost import LostRun, find_lost, free_lost, mark_swept
from headrace.store.settle import settle

#: Lost runs taken over in one transaction.
CHUNK = 1000

#: The role of a process that holds one run at a time.
ALONE_ROLE = "alone"


async def take_over_lost(
    connection: Connection, database: Database, policy: Policy, now: datetime, release: str, *, only_seen: bool
) -> None:
    """Free the runs of dead processes. With `only_seen`, those alone whose end a supervisor saw."""
    while True:
        async with connection.transaction():
            found = await find_lost(connection, database, CHUNK, only_seen=only_seen)
            counted = [(run, _count(run, policy)) for run in found]
            await free_lost(connection, database, [pair for pair in counted if not pair[1].spent])
            await settle(connection, database, _given_up(counted), now, release)
            if len(found) < CHUNK:
                await mark_swept(connection, database, only_seen=only_seen)
                return


def _count(found: LostRun, policy: Policy) -> Lost:
    return lose(found.run.losses, alone=found.role == ALONE_ROLE, seen=found.death_seen, policy=policy)


def _given_up(counted: Sequence[tuple[LostRun, Lost]]) -> list[Finished]:
    return [
        Finished(found.run, EventState.FAILED, None, _report(lost), reason=Reason.WORKER_LOST)
        for found, lost in counted
        if lost.spent
    ]


def _report(lost: Lost) -> ErrorReport:
    message = f"The worker process ended {lost.losses.total} times while this event ran in it."
    return ErrorReport("WorkerLost", message, Reason.WORKER_LOST)
