"""What Postgres refuses to store fails its own run, and nobody else's."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from headrace.domain.clock import utc_now
from headrace.domain.ids import new_id
from headrace.domain.settle import Finished
from headrace.domain.states import EventState
from headrace.flow.execute.completer import Completer
from headrace.store.database import Database
from headrace.store.replaying import replay
from tests.support.stages import complete
from tests.support.steps import accept, accept_many, awaiting, claim, new_event, store, succeeded, suspended
from tests.support.storage import Storage

#: psycopg refuses a text with this character, as a server refuses a result that is too large for it.
NOT_STORABLE = b"\x00"


def nobody_listens(queue: str, ids: Sequence[UUID]) -> None:
    """These tests emit nothing."""


async def test_a_result_that_cannot_be_stored_fails_its_run_and_spares_its_batch(
    storage: Storage, database: Database
) -> None:
    await accept_many(database, 5)
    good, *others = await claim(database, storage.add_worker())
    bad, *rest = others
    completer = Completer(database, utc_now, "release-1", nobody_listens)

    refused = Finished(bad, EventState.SUCCEEDED, NOT_STORABLE)
    finished = [succeeded(good), refused, *(succeeded(run) for run in rest)]
    held = await complete(completer, *finished)

    assert held == [True] * 5
    assert storage.result(bad.event_id)["state"] == "failed"
    assert storage.result(bad.event_id)["error"]["code"] == "result-not-storable"
    assert {storage.result(run.event_id)["state"] for run in (good, *rest)} == {"succeeded"}


async def test_an_attempt_from_before_a_replay_is_not_told_that_it_was_stored_with_the_one_after(
    storage: Storage, database: Database
) -> None:
    await accept_many(database, 1)
    worker = storage.add_worker()
    [stale] = await claim(database, worker)
    await store(database, succeeded(stale))
    async with database.connection() as connection, connection.transaction():
        await replay(connection, database, [stale.event_id], goes_on=False)
    [live] = await claim(database, worker)
    completer = Completer(database, utc_now, "release-1", nobody_listens)

    stored = await complete(completer, succeeded(stale), succeeded(live))

    assert (stale.attempt, live.attempt, stored) == (1, 1, [False, True])


async def test_an_event_that_a_run_emitted_is_told_of_and_wakes_whom_it_should(
    storage: Storage, database: Database
) -> None:
    await accept_many(database, 2)
    emitting, waiting = await claim(database, storage.add_worker())
    await store(database, suspended(waiting, awaiting()))
    told: list[tuple[str, Sequence[UUID]]] = []
    completer = Completer(database, utc_now, "release-1", lambda queue, ids: told.append((queue, ids)))
    event = new_event("order.paid", match_key="17", queue="slow")

    await complete(completer, replace(succeeded(emitting), emitted=[event]))

    assert told == [("slow", [event.id]), ("default", [waiting.event_id])]
    assert storage.states([event.id, waiting.event_id]) == ["queued", "queued"]


async def test_a_run_whose_event_came_before_its_wait_goes_on_at_once(storage: Storage, database: Database) -> None:
    await accept_many(database, 1)
    [run] = await claim(database, storage.add_worker())
    await accept(database, new_event("order.paid", match_key="17"))
    told: list[tuple[str, Sequence[UUID]]] = []
    completer = Completer(database, utc_now, "release-1", lambda queue, ids: told.append((queue, ids)))

    await complete(completer, suspended(run, awaiting()))

    assert told == [("default", [run.event_id])]
    assert storage.states([run.event_id]) == ["queued"]


async def test_nobody_is_told_of_what_a_run_emitted_that_was_taken_over(storage: Storage, database: Database) -> None:
    await accept_many(database, 1)
    [run] = await claim(database, storage.add_worker())
    told: list[tuple[str, Sequence[UUID]]] = []
    completer = Completer(database, utc_now, "release-1", lambda queue, ids: told.append((queue, ids)))

    emitted = [new_event("order.paid")]
    taken_over = replace(succeeded(replace(run, owner=new_id())), emitted=emitted)

    assert await complete(completer, taken_over) == [False]
    assert told == []
    assert storage.all_are("gone", [event.id for event in emitted])
