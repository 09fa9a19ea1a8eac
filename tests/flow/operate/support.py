"""Runs in each state that operators meet, and what is looked at after an act."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from headrace.domain.clock import utc_now
from headrace.domain.event import Run
from headrace.domain.outcome import ErrorReport
from headrace.domain.progress import Progress
from headrace.domain.selection import Selection
from headrace.domain.settle import Delayed, Finished
from headrace.domain.states import EventState, Reason
from headrace.store.database import Database
from headrace.store.tallies import sum_tallies
from tests.support.steps import TYPE, accept_many, claim, output, recount
from tests.support.storage import Storage

ERROR = ErrorReport("ValueError", "no", "bad-total")


def only(*ids: UUID) -> Selection:
    return Selection(ids=ids)


def failed(run: Run, node: str = "charge") -> Finished:
    progress = Progress(checkpoints=(output("reserve", '"R-1"'),))
    return Finished(run, EventState.FAILED, None, ERROR, node, Reason.NODE_FAILED, progress=progress)


def delayed(run: Run, node: str = "charge") -> Delayed:
    later = utc_now() + timedelta(hours=1)
    return Delayed(run, later, Reason.RETRY, Progress({node: 1}), node, ERROR)


async def held(storage: Storage, database: Database, count: int, type_: str = TYPE) -> list[Run]:
    await accept_many(database, count, type_)
    return await claim(database, storage.add_worker(), types=[type_])


def ids_of(runs: Sequence[Run]) -> list[UUID]:
    return [run.event_id for run in runs]


def audit(storage: Storage) -> list[tuple[str, str, int]]:
    """The act, the actor and the count of each row."""
    return [
        (act, actor, detail.get("count", 0))
        for act, actor, detail in storage.rows("SELECT act, actor, detail FROM headrace.audit ORDER BY id")
    ]


async def assert_ledger_adds_up(database: Database) -> None:
    async with database.connection() as connection:
        sums, counted = await sum_tallies(connection, database), await recount(connection, database)
    erased = sums.get("erased", 0)
    kept = {state: number for state, number in counted.items() if state != "unfinished"}
    told = {**kept, "accepted": counted["accepted"] + erased, "erased": erased}
    assert {state: number for state, number in sums.items() if number} == {
        state: number for state, number in told.items() if number
    }
    finished = sum(number for state, number in counted.items() if state not in ("accepted", "unfinished"))
    assert counted["accepted"] == counted["unfinished"] + finished
