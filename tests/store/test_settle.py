"""Settling: what became of runs is stored only by who still holds them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from headrace.domain.clock import utc_now
from headrace.domain.event import Run
from headrace.domain.ids import new_id
from headrace.domain.outcome import ErrorReport
from headrace.domain.progress import Pause, Progress
from headrace.domain.settle import Delayed, Finished, Parked, Released, Settled
from headrace.domain.states import EventState, Reason
from headrace.store.database import Database
from headrace.store.replaying import replay
from headrace.store.settle import settle
from tests.support.steps import accept_many, claim, store, succeeded
from tests.support.storage import Storage

ERROR = ErrorReport("ValueError", "no", "node-failed", ["app.py:1 in node: raise"])


class CountingConnection(psycopg.AsyncConnection[TupleRow]):
    """Counts what is executed on it."""

    statements = 0

    @classmethod
    @asynccontextmanager
    async def opened(cls, storage: Storage) -> AsyncIterator["CountingConnection"]:
        async with await cls.connect(storage.services.database_url) as connection:
            yield connection

    async def execute(self, *arguments: Any, **options: Any) -> psycopg.AsyncCursor[TupleRow]:
        self.statements += 1
        return await super().execute(*arguments, **options)


async def claimed(storage: Storage, database: Database, count: int = 1) -> list[Run]:
    """Claimed runs, in the order in which their events were accepted."""
    await accept_many(database, count)
    return sorted(await claim(database, storage.add_worker()), key=lambda run: run.event_id)


def failed(run: Run) -> Finished:
    return Finished(run, EventState.FAILED, b"{}", ERROR, "reply", Reason.NODE_FAILED)


def delayed(run: Run) -> Delayed:
    due = utc_now() + timedelta(hours=1)
    pauses = (Pause("reply", Reason.RETRY, due),)
    return Delayed(run, due, Reason.RETRY, Progress({"reply": 1}, pauses=pauses, pipeline="tickets 1"), "reply", ERROR)


def parked(run: Run) -> Parked:
    return Parked(run, Reason.SCHEMA_MISMATCH, "abc")


def released(run: Run) -> Released:
    return Released(run, Progress({"reply": 2}))


async def test_a_success_replaces_the_run_by_a_result(storage: Storage, database: Database) -> None:
    [run] = await claimed(storage, database)

    assert await store(database, succeeded(run)) == {run.event_id}

    result = storage.result(run.event_id)
    assert (result["state"], result["attempt"], result["run_number"], result["epoch"]) == ("succeeded", 1, 1, 1)
    assert (result["task_context"], result["error"], result["node"]) == ({"nodes": {}}, None, None)
    assert (result["started_at"], result["release"]) == (run.started_at, "release-1")
    assert result["finished_at"] >= run.started_at
    assert storage.value("SELECT count(*) FROM headrace.runs") == 0
    assert storage.attempts(run.event_id) == []


async def test_a_failure_keeps_its_error_and_its_attempt(storage: Storage, database: Database) -> None:
    [run] = await claimed(storage, database)

    await store(database, failed(run))

    result = storage.result(run.event_id)
    assert (result["state"], result["reason"], result["node"]) == ("failed", "node-failed", "reply")
    assert result["error"] == {
        "type": "ValueError",
        "message": "no",
        "code": "node-failed",
        "frames": ["app.py:1 in node: raise"],
    }
    assert storage.attempts(run.event_id) == [(1, "failed", "reply")]


async def test_a_delayed_run_waits_with_its_failures_for_its_time(storage: Storage, database: Database) -> None:
    [run] = await claimed(storage, database)
    after = delayed(run)

    await store(database, after)

    row = storage.run(run.event_id)
    assert (row["state"], row["reason"], row["owner"], row["rank"]) == ("waiting", "retry", None, after.due)
    assert (row["attempt"], row["failures"], row["pipeline"]) == (1, {"reply": 1}, "tickets 1")
    assert storage.attempts(run.event_id) == [(1, "failed", "reply")]
    assert await claim(database, storage.add_worker()) == []


async def test_a_parked_run_is_not_due_and_remembers_the_schema(storage: Storage, database: Database) -> None:
    [run] = await claimed(storage, database)

    await store(database, parked(run))

    row = storage.run(run.event_id)
    assert (row["state"], row["reason"], row["schema_hash"]) == ("waiting", "schema-mismatch", "abc")
    assert (row["owner"], row["rank"]) == (None, None)


async def test_a_released_run_is_due_at_once(storage: Storage, database: Database) -> None:
    [run] = await claimed(storage, database)

    await store(database, released(run))

    row = storage.run(run.event_id)
    assert (row["state"], row["reason"], row["owner"], row["failures"]) == ("queued", None, None, {"reply": 2})
    [again] = await claim(database, storage.add_worker())
    assert (again.event_id, again.attempt) == (run.event_id, 2)
    assert storage.attempts(run.event_id) == []


@pytest.mark.parametrize("outcome", [succeeded, failed, delayed, parked, released])
@pytest.mark.parametrize("difference", ["owner", "attempt", "number", "run"])
async def test_what_was_taken_over_is_left_alone(
    storage: Storage, database: Database, outcome: Callable[[Run], Settled], difference: str
) -> None:
    [run] = await claimed(storage, database)
    stale = {
        "owner": replace(run, owner=new_id()),
        "attempt": replace(run, attempt=run.attempt + 1),
        "number": replace(run, run_number=run.run_number + 1),
        "run": replace(run, event_id=new_id()),
    }[difference]
    before = storage.run(run.event_id)

    assert await store(database, outcome(stale)) == set()

    assert storage.run(run.event_id) == before
    assert storage.value("SELECT count(*) FROM headrace.results") == 0
    assert storage.attempts(run.event_id) == []
    assert storage.rows("SELECT state, delta FROM headrace.tallies") == [("accepted", 1)]


async def test_a_batch_of_every_kind_is_stored_but_for_what_was_taken_over(
    storage: Storage, database: Database
) -> None:
    runs = await claimed(storage, database, 6)
    taken_over = replace(runs[5], owner=new_id())
    kinds: tuple[Callable[[Run], Settled], ...] = (succeeded, failed, delayed, parked, released)
    batch: list[Settled] = [kind(run) for kind, run in zip(kinds, runs, strict=False)]

    kept = await store(database, succeeded(taken_over), *reversed(batch))

    assert kept == {run.event_id for run in runs[:5]}
    assert storage.states([run.event_id for run in runs]) == [
        "succeeded",
        "failed",
        "waiting",
        "waiting",
        "queued",
        "running",
    ]


@pytest.mark.parametrize("outcome", [succeeded, failed, delayed, parked, released])
async def test_two_attempts_at_one_run_in_a_batch_are_told_apart(
    storage: Storage, database: Database, outcome: Callable[[Run], Settled]
) -> None:
    [run] = await claimed(storage, database)
    await store(database, released(run))
    [again] = await claim(database, storage.add_worker())

    assert await store(database, outcome(run), outcome(again)) == {run.event_id}

    assert {number for number, _, _ in storage.attempts(run.event_id)} <= {2}


async def test_a_run_may_be_settled_once(storage: Storage, database: Database) -> None:
    [run] = await claimed(storage, database)

    assert await store(database, succeeded(run)) == {run.event_id}
    assert await store(database, failed(run)) == set()

    assert storage.result(run.event_id)["state"] == "succeeded"


async def test_many_results_of_one_state_are_one_tally(storage: Storage, database: Database) -> None:
    runs = await claimed(storage, database, 5)
    storage.rows("DELETE FROM headrace.tallies")

    await store(database, *(succeeded(run) for run in runs[:3]), *(failed(run) for run in runs[3:]))

    tallies = storage.rows("SELECT state, delta FROM headrace.tallies ORDER BY delta")
    assert tallies == [("failed", 2), ("succeeded", 3)]


async def test_plain_successes_are_stored_in_one_statement(storage: Storage, database: Database) -> None:
    runs = await claimed(storage, database, 3)
    batch = [replace(succeeded(run), clears=False) for run in runs]

    async with CountingConnection.opened(storage) as connection, connection.transaction():
        assert len(await settle(connection, database, batch, utc_now(), "release-1")) == 3

    assert connection.statements == 1


async def test_a_result_that_was_stored_without_its_workers_knowing_counts_for_no_later_run(
    storage: Storage, database: Database
) -> None:
    [first] = await claimed(storage, database)
    await store(database, failed(first))
    async with database.connection() as connection, connection.transaction():
        await replay(connection, database, [first.event_id], goes_on=True)
    [second] = await claim(database, first.owner)
    assert (second.owner, second.attempt) == (first.owner, first.attempt)

    assert await store(database, failed(first)) == set()
    assert await store(database, failed(first), succeeded(second)) == {first.event_id}

    assert storage.result(first.event_id)["state"] == "succeeded"


@pytest.mark.parametrize("outcome", [succeeded, failed, delayed, parked])
async def test_rows_of_the_attempt_that_are_there_already_do_not_keep_a_run_from_its_end(
    storage: Storage, database: Database, outcome: Callable[[Run], Settled]
) -> None:
    [run] = await claimed(storage, database)
    storage.rows(
        "INSERT INTO headrace.attempts (event_id, run_number, attempt, outcome, ended_at)"
        " VALUES (%s, 1, 1, 'lost', now())",
        run.event_id,
    )
    storage.rows(
        "INSERT INTO headrace.logs (event_id, run_number, attempt, lines) VALUES (%s, 1, 1, '[]')", run.event_id
    )
    settled = outcome(run)
    if isinstance(settled, Finished | Delayed):
        settled = replace(settled, progress=replace(settled.progress, logged=b'["new"]'))

    assert await store(database, settled) == {run.event_id}

    assert storage.attempts(run.event_id) == [(1, "lost", None)]
    assert storage.value("SELECT lines FROM headrace.logs") == []
