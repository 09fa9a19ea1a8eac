"""Cancel, replay and retry now: events that are chosen by what they are, a chunk at a time, by several at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from headrace.domain.clock import utc_now
from headrace.domain.ids import new_id
from headrace.domain.selection import Selection
from headrace.domain.states import Reason
from headrace.errors import InvalidSelection
from headrace.flow.operate import Operator
from headrace.flow.operate.operator import CHUNK
from headrace.store.database import Database
from tests.flow.operate.support import assert_ledger_adds_up, audit, delayed, failed, held, ids_of
from tests.support.steps import TYPE, accept, accept_many, claim, new_event, paused, store, succeeded, suspended
from tests.support.storage import Storage
from tests.support.waiting import eventually

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


async def test_many_are_chosen_by_what_they_are(storage: Storage, database: Database, operator: Operator) -> None:
    runs = await held(storage, database, 4)
    other = (await held(storage, database, 1, "other"))[0]
    await store(database, failed(runs[0]), failed(runs[1], "reserve"), succeeded(runs[2]), failed(other))
    await store(database, delayed(runs[3]))

    async def replayed(**chosen: Sequence[str]) -> int:
        return (await operator.replay(Selection(**chosen), dry_run=True)).count  # type: ignore[arg-type]  # its fields

    assert await replayed(types=[TYPE]) == 3
    assert await replayed(types=[TYPE], states=["failed"]) == 2
    assert await replayed(codes=["bad-total"]) == 3
    assert await replayed(codes=["other"]) == 0
    assert await replayed(nodes=["reserve"]) == 1
    assert await replayed(reasons=["node-failed"], types=["other"]) == 1
    assert await replayed(releases=["release-1"]) == 4
    waiting = Selection(nodes=["charge"], codes=["bad-total"], releases=["release-1"])
    assert (await operator.retry_now(waiting, dry_run=True)).by_type == {TYPE: 1}
    assert (await operator.cancel(waiting)).count == 1
    assert (await operator.replay(Selection(states=["cancelled"]))).count == 1
    await assert_ledger_adds_up(database)


async def test_each_node_that_waits_for_a_retry_is_known_whatever_the_last_attempt_was(
    storage: Storage, database: Database, operator: Operator
) -> None:
    first, second = await held(storage, database, 2)
    later = delayed(first)
    pauses = (paused("charge", Reason.RETRY), paused("notify", Reason.RETRY), paused("each[3]", Reason.RETRY))
    await store(database, replace(later, progress=replace(later.progress, pauses=(*pauses, paused("nap")))))
    await store(database, delayed(second))
    storage.rows(
        "UPDATE headrace.runs SET rank = now(), state = 'queued', reason = NULL WHERE event_id = %s", second.event_id
    )
    [again] = await claim(database, storage.add_worker())
    retried = suspended(again, paused("charge", Reason.RETRY))
    await store(database, replace(retried, reason=Reason.RETRY))
    storage.rows(
        "INSERT INTO headrace.attempts (event_id, run_number, attempt, outcome, error, ended_at, release)"
        " SELECT event_id, 1, 0, 'failed', '{\"code\": \"older\"}', now(), 'older' FROM headrace.runs"
    )

    async def waiting(**chosen: Sequence[str]) -> int:
        return (await operator.retry_now(Selection(**chosen), dry_run=True)).count  # type: ignore[arg-type]  # its fields

    assert await waiting(nodes=["charge"]) == 2
    assert await waiting(nodes=["notify"]) == await waiting(nodes=["each"]) == 1
    assert await waiting(nodes=["nap"]) == await waiting(nodes=["each[3]"]) == 0
    assert await waiting(codes=["bad-total"]) == await waiting(releases=["release-1"]) == 2
    assert await waiting(codes=["older"]) == await waiting(releases=["older"]) == 0
    assert (await operator.retry_now(Selection(nodes=["charge"]))).count == 2


async def test_events_are_chosen_by_the_time_of_their_acceptance(database: Database, operator: Operator) -> None:
    noon = utc_now()
    hours = (-1, 0, 1)
    await accept(database, *(new_event(id=new_id(noon + timedelta(hours=number))) for number in hours))

    async def counted(since: int | None, until: int | None) -> int:
        moments = [None if number is None else noon + timedelta(hours=number) for number in (since, until)]
        return (await operator.cancel(Selection(since=moments[0], until=moments[1]), dry_run=True)).count

    assert await counted(0, None) == 2
    assert await counted(None, 0) == 1
    assert await counted(0, 1) == 1


async def test_a_dry_run_changes_nothing(storage: Storage, database: Database, operator: Operator) -> None:
    [event_id] = await accept_many(database, 1)

    acted = await operator.cancel(Selection(everything=True), dry_run=True)

    assert (acted.count, acted.by_type) == (1, {TYPE: 1})
    assert storage.states([event_id]) == ["queued"]
    assert audit(storage) == []


@pytest.mark.parametrize(
    ("act", "selection"),
    [
        ("cancel", Selection()),
        ("cancel", Selection(states=["failed"])),
        ("replay", Selection(states=["waiting"])),
        ("retry_now", Selection(states=["queued"])),
        ("retry_now", Selection(reasons=["sleep"])),
        ("replay", Selection(reasons=["retry"])),
        ("cancel", Selection(reasons=["node-failed"])),
        ("cancel", Selection(since=NOON, until=NOON)),
        ("cancel", Selection(since=NOON + timedelta(hours=1), until=NOON)),
    ],
)
async def test_a_selection_that_can_mean_nothing_is_refused(operator: Operator, act: str, selection: Selection) -> None:
    with pytest.raises(InvalidSelection):
        await getattr(operator, act)(selection)


async def test_many_are_taken_in_chunks_of_a_transaction_each_and_a_call_says_where_it_ended(
    storage: Storage, database: Database, operator: Operator
) -> None:
    ids = sorted(await accept(database, *(new_event() for _ in range(CHUNK + 500))))

    first = await operator.cancel(Selection(types=[TYPE]), most=CHUNK + 10)
    assert first.next_cursor == ids[CHUNK + 9]
    rest = await operator.cancel(Selection(types=[TYPE]), after=first.next_cursor)

    assert (first.count, rest.count, rest.next_cursor) == (CHUNK + 10, 490, None)
    assert audit(storage) == [("cancel", "tests", CHUNK), ("cancel", "tests", 10), ("cancel", "tests", 490)]
    details = [row[0] for row in storage.rows("SELECT detail FROM headrace.audit ORDER BY id")]
    assert details[0]["selection"] == {"types": [TYPE]}
    assert ["ids" in detail for detail in details] == [False, True, False]
    assert len(storage.rows("SELECT DISTINCT xmin::text FROM headrace.results")) == 3
    await assert_ledger_adds_up(database)


async def test_of_named_events_a_call_refuses_only_what_it_came_to(
    storage: Storage, database: Database, operator: Operator
) -> None:
    ids = sorted([*await accept_many(database, 3), new_id(), *await accept_many(database, 1)])
    named = Selection(ids=list(reversed(ids)))

    first = await operator.cancel(named, most=2)
    second = await operator.cancel(named, after=ids[1], most=1)
    rest = await operator.cancel(named, after=ids[2])

    assert [(each.count, each.next_cursor) for each in (first, second, rest)] == [
        (2, ids[1]),
        (1, ids[2]),
        (1, None),
    ]
    assert [list(each.refused) for each in (first, second, rest)] == [[], [], [ids[3]]]
    assert storage.states([*ids[:3], ids[4]]) == ["cancelled"] * 4


async def test_of_two_operators_at_once_each_event_is_replayed_by_one(storage: Storage, database: Database) -> None:
    runs = []
    for _ in range(2):
        await accept(database, *(new_event() for _ in range(800)))
        runs += await claim(database, storage.add_worker())
    await store(database, *(failed(run) for run in runs))
    told: list[UUID] = []
    operators = [Operator(database, lambda _, ids: told.extend(ids), name) for name in ("one", "two")]

    acted = await asyncio.gather(*(operator.replay(Selection(states=["failed"])) for operator in operators))

    assert sum(done.count for done in acted) == 1600
    assert sorted(told) == sorted(ids_of(runs))
    assert storage.value("SELECT count(*) FROM headrace.runs WHERE run_number = 2") == 1600
    assert sum(count for _, _, count in audit(storage)) == 1600
    await assert_ledger_adds_up(database)


async def test_what_came_to_another_end_meanwhile_is_not_replayed_for_its_former_one(
    storage: Storage, database: Database, operator: Operator
) -> None:
    [run] = await held(storage, database, 1)
    await store(database, failed(run))
    async with database.connection() as connection, connection.transaction():
        await connection.execute(storage.sql("UPDATE headrace.results SET state = 'succeeded'"))
        acting = asyncio.create_task(operator.replay(Selection(states=["failed"])))
        blocked = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
        await eventually(lambda: storage.value(blocked), "the replay waits for the result")

    assert (await acting).count == 0
    assert storage.states([run.event_id]) == ["succeeded"]


@pytest.mark.parametrize("act", ["cancel", "retry_now"])
async def test_acts_and_a_worker_that_settles_at_the_same_moment_leave_the_ledger_exact(
    storage: Storage, database: Database, operator: Operator, act: str
) -> None:
    await accept(database, *(new_event() for _ in range(400)))
    worker = storage.add_worker()
    settled: set[UUID] = set()

    async def work() -> None:
        while runs := await claim(database, worker, most=20):
            batch = [
                delayed(run) if run.attempt == 1 and index % 2 else succeeded(run) for index, run in enumerate(runs)
            ]
            settled.update(await store(database, *batch))

    async def operate() -> None:
        for _ in range(8):
            await getattr(operator, act)(Selection(types=[TYPE]), most=100)

    await asyncio.gather(work(), operate())

    await assert_ledger_adds_up(database)
    kinds = {state for [state] in storage.rows("SELECT DISTINCT state FROM headrace.results")}
    assert kinds == ({"cancelled", "succeeded"} if act == "cancel" else {"succeeded"})
