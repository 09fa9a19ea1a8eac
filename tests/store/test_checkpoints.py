"""What an attempt leaves, and what the next one finds."""

from dataclasses import replace

import pytest

from headrace.domain.event import NewEvent, Run
from headrace.domain.ids import new_id
from headrace.domain.progress import Awaited, Checkpoint, Kept, Pause, Progress
from headrace.domain.settle import Finished, Released
from headrace.domain.states import EventState, Reason
from headrace.store.checkpoints import load_kept, store_checkpoints
from headrace.store.database import Database
from tests.support.steps import accept, accept_many, awaiting, claim, output, paused, store, succeeded, suspended
from tests.support.storage import Storage


async def claimed(storage: Storage, database: Database) -> Run:
    await accept_many(database, 1)
    return await claimed_again(storage, database)


async def claimed_again(storage: Storage, database: Database) -> Run:
    storage.rows("UPDATE headrace.runs SET rank = now()")
    [run] = await claim(database, storage.add_worker())
    return run


async def keep(database: Database, run: Run, *checkpoints: Checkpoint) -> bool:
    async with database.connection() as connection:
        return run.attempt_key in await store_checkpoints(connection, database, [(run, checkpoints)])


async def kept_of(database: Database, run: Run) -> Kept:
    async with database.connection() as connection:
        return (await load_kept(connection, database, [run]))[run.event_id]


async def test_the_next_attempt_finds_what_was_stored(storage: Storage, database: Database) -> None:
    run = await claimed(storage, database)
    emitted = NewEvent(
        new_id(), "order.paid", b'{"type": "order.paid", "text": "\\u00e9", "amount": 1.50}', match_key="7"
    )
    whole, item = output("classify", '{"a":1.50}', emitted=[emitted]), replace(output("each"), item=3)
    skipped = replace(output("tolerant"), output=None)

    assert await keep(database, run, whole, item)
    assert await keep(database, run, skipped)

    kept = await kept_of(database, run)
    again = replace(emitted, parent_id=run.event_id, tenant=run.tenant, queue=run.queue)
    assert kept == Kept((replace(whole, emitted=(again,)), item, skipped))


async def test_an_output_is_replaced_by_a_newer_one(storage: Storage, database: Database) -> None:
    run = await claimed(storage, database)
    await keep(database, run, output("classify", "1"), output("reply", "1"))

    newer = replace(output("classify", "2"), version="v2")
    await keep(database, run, newer)

    assert set(map(repr, (await kept_of(database, run)).checkpoints)) == {repr(newer), repr(output("reply", "1"))}


@pytest.mark.parametrize("difference", ["owner", "attempt", "number", "run"])
async def test_an_attempt_that_was_taken_over_stores_nothing(
    storage: Storage, database: Database, difference: str
) -> None:
    run = await claimed(storage, database)
    stale = {
        "owner": replace(run, owner=new_id()),
        "attempt": replace(run, attempt=run.attempt + 1),
        "number": replace(run, run_number=run.run_number + 1),
        "run": replace(run, event_id=new_id()),
    }[difference]

    assert not await keep(database, stale, output("classify"))

    assert storage.value("SELECT count(*) FROM headrace.checkpoints") == 0


@pytest.mark.parametrize("order", [1, -1])
async def test_of_two_attempts_at_an_event_in_one_write_only_the_one_that_holds_it_stores(
    storage: Storage, database: Database, order: int
) -> None:
    stale = await claimed(storage, database)
    await store(database, Released(stale, Progress()))
    live = await claimed_again(storage, database)
    outputs = [(stale, [output("classify", "1"), output("other", "1")]), (live, [output("classify", "2")])]

    async with database.connection() as connection:
        held = await store_checkpoints(connection, database, outputs[::order])

    assert held == {live.attempt_key}
    assert storage.rows("SELECT node, output FROM headrace.checkpoints") == [("classify", 2)]


async def test_a_run_of_another_epoch_finds_nothing(storage: Storage, database: Database) -> None:
    run = await claimed(storage, database)
    await keep(database, run, output("classify"))

    assert await kept_of(database, replace(run, epoch=2)) == Kept()


async def test_each_run_finds_its_own(storage: Storage, database: Database) -> None:
    await accept_many(database, 3)
    first, second, third = await claim(database, storage.add_worker())
    await keep(database, first, output("classify", "1"))
    await keep(database, second, output("classify", "2"))

    async with database.connection() as connection:
        kept = await load_kept(connection, database, [first, second, third])

    assert kept == {
        first.event_id: Kept((output("classify", "1"),)),
        second.event_id: Kept((output("classify", "2"),)),
        third.event_id: Kept(),
    }


async def test_pauses_are_found_whether_their_time_has_passed_or_not(storage: Storage, database: Database) -> None:
    run = await claimed(storage, database)
    pauses = [awaiting("a"), paused("b", hours=-1), paused("c", Reason.RETRY), awaiting("d", "18", hours=2)]
    await store(database, suspended(run, *pauses))

    kept = await kept_of(database, await claimed_again(storage, database))

    assert kept == Kept(pauses=tuple(pauses))
    assert kept.pauses[0] == Pause("a", Reason.WAIT, None, Awaited("order.paid", "17"))


async def test_the_pauses_of_a_suspended_run_take_the_place_of_earlier_ones(
    storage: Storage, database: Database
) -> None:
    run = await claimed(storage, database)
    await store(database, suspended(run, paused("a"), paused("b")))
    again = await claimed_again(storage, database)
    later = paused("b", hours=9)

    await store(database, suspended(again, later, paused("c")))

    rows = storage.rows("SELECT node, expires FROM headrace.waits ORDER BY node")
    assert [node for node, _ in rows] == ["b", "c"]
    assert rows[0][1] == later.due


async def test_a_run_given_back_keeps_all_that_it_had(storage: Storage, database: Database) -> None:
    run = await claimed(storage, database)
    nap = paused("nap")
    await store(database, suspended(run, nap, checkpoints=[output("classify")]))
    again = await claimed_again(storage, database)

    await store(database, Released(again, Progress(checkpoints=[output("reply")], pipeline="tickets 1")))

    last = await claimed_again(storage, database)
    assert await kept_of(database, last) == Kept((output("classify"), output("reply")), (nap,))
    assert last.pipeline == "tickets 1"


async def test_a_success_leaves_nothing_and_a_failure_its_outputs(storage: Storage, database: Database) -> None:
    good, bad = [await claimed(storage, database) for _ in range(2)]
    await store(database, *(suspended(run, paused("nap"), checkpoints=[output("classify")]) for run in (good, bad)))
    storage.rows("UPDATE headrace.runs SET rank = now()")
    again = {run.event_id: run for run in await claim(database, storage.add_worker())}

    await store(
        database,
        succeeded(again[good.event_id]),
        Finished(again[bad.event_id], EventState.FAILED, None, progress=Progress(checkpoints=[output("reply")])),
    )

    kept = storage.rows("SELECT event_id, node FROM headrace.checkpoints ORDER BY node")
    assert kept == [(bad.event_id, "classify"), (bad.event_id, "reply")]
    assert storage.rows("SELECT * FROM headrace.waits") == []


async def test_what_an_attempt_logged_is_kept_with_it(storage: Storage, database: Database) -> None:
    run = await claimed(storage, database)
    await store(database, suspended(run, paused("nap"), logged=b'["one"]'))
    again = await claimed_again(storage, database)
    await store(database, Released(again, Progress(logged=b'["two"]')))
    last = await claimed_again(storage, database)
    await store(database, replace(succeeded(last), progress=Progress(logged=b'["three"]')))

    rows = storage.rows("SELECT run_number, attempt, lines FROM headrace.logs ORDER BY attempt")
    assert rows == [(1, 1, ["one"]), (1, 2, ["two"]), (1, 3, ["three"])]


async def test_a_run_that_only_pauses_has_no_failed_attempt(storage: Storage, database: Database) -> None:
    run = await claimed(storage, database)

    await store(database, suspended(run, paused("nap")))

    row = storage.run(run.event_id)
    assert (row["state"], row["reason"]) == ("waiting", "sleep")
    assert storage.attempts(run.event_id) == []


async def test_what_was_taken_over_leaves_nothing_of_its_progress(storage: Storage, database: Database) -> None:
    run = replace(await claimed(storage, database), owner=new_id())
    progress = Progress(checkpoints=[output("classify")], pauses=[paused("nap")], logged=b"[]")
    emitted = [NewEvent(new_id(), "order.paid", b"{}")]

    for settled in (
        suspended(run, paused("nap"), checkpoints=progress.checkpoints, logged=b"[]"),
        Released(run, progress),
        Finished(run, EventState.FAILED, None, progress=progress, emitted=emitted),
    ):
        assert await store(database, settled) == set()

    counts = "SELECT (SELECT count(*) FROM headrace.{}) AS {}"
    for table in ("checkpoints", "waits", "logs"):
        assert storage.value(counts.format(table, table)) == 0
    assert storage.value("SELECT count(*) FROM headrace.events") == 1


async def test_emitted_events_are_accepted_once_however_often_they_are_settled(
    storage: Storage, database: Database
) -> None:
    run = await claimed(storage, database)
    emitted = [NewEvent(new_id(), "order.paid", b"{}", match_key="7", parent_id=run.event_id) for _ in range(2)]
    settled = replace(succeeded(run), emitted=[*emitted, emitted[0]])

    assert await store(database, settled) == {run.event_id}
    assert await store(database, settled) == set()
    await accept(database, *emitted)

    assert storage.states([event.id for event in emitted]) == ["queued", "queued"]
    assert storage.rows("SELECT DISTINCT match_key, parent_id FROM headrace.events WHERE id <> %s", run.event_id) == [
        ("7", run.event_id)
    ]
    assert storage.value("SELECT release FROM headrace.runs LIMIT 1") == "release-1"
    assert storage.value("SELECT sum(delta) FROM headrace.tallies WHERE state = 'accepted'") == 3
