"""What Postgres refuses to store fails its own run, and nobody else's."""

import asyncio

from headrace.domain.clock import utc_now
from headrace.domain.settle import Finished
from headrace.domain.states import EventState
from headrace.flow.execute.completer import Completer
from headrace.store.database import Database
from tests.support.steps import accept_many, claim, succeeded
from tests.support.storage import Storage

#: psycopg refuses a text with this character, as a server refuses a result that is too large for it.
NOT_STORABLE = b"\x00"


async def test_a_result_that_cannot_be_stored_fails_its_run_and_spares_its_batch(
    storage: Storage, database: Database
) -> None:
    await accept_many(database, 5)
    good, *others = await claim(database, storage.add_worker())
    bad, *rest = others
    completer = Completer(database, utc_now, "release-1")

    refused = Finished(bad, EventState.SUCCEEDED, NOT_STORABLE)
    finished = [succeeded(good), refused, *(succeeded(run) for run in rest)]
    held = await asyncio.gather(*(completer.complete(settled) for settled in finished))

    assert held == [True] * 5
    assert storage.result(bad.event_id)["state"] == "failed"
    assert storage.result(bad.event_id)["error"]["code"] == "result-not-storable"
    assert {storage.result(run.event_id)["state"] for run in (good, *rest)} == {"succeeded"}


async def test_what_was_handed_over_is_stored_though_its_caller_is_cancelled(
    storage: Storage, database: Database
) -> None:
    await accept_many(database, 2)
    first, second = await claim(database, storage.add_worker())
    completer = Completer(database, utc_now, "release-1")
    callers = [asyncio.create_task(completer.complete(succeeded(run))) for run in (first, second)]
    await asyncio.wait(callers, timeout=0)

    for caller in callers:
        caller.cancel()
    await completer.drained(10.0)

    assert {storage.result(run.event_id)["state"] for run in (first, second)} == {"succeeded"}
