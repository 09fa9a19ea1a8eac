"""Acting on what a search finds."""

from functools import partial
from uuid import UUID

import pytest

from headrace.domain.selection import Selection
from headrace.errors import CopyAway, InvalidQuery, InvalidSelection
from headrace.flow.operate import Acted, Operator, act_on_hits
from headrace.search.postgres.copy import PostgresCopy
from headrace.store.choosing import FIRST
from headrace.store.database import Database
from tests.flow.operate.support import audit, ids_of
from tests.support.projecting import caught_up
from tests.support.steps import accept, claim, new_event, store, succeeded
from tests.support.storage import Storage


@pytest.fixture
def copy(database: Database) -> PostgresCopy:
    return PostgresCopy(database)


@pytest.fixture
def operator(database: Database) -> Operator:
    return Operator(database, lambda _queue, _ids: None, "test")


async def projected(database: Database, storage: Storage, copy: PostgresCopy, *subjects: str) -> list[UUID]:
    """Finished events, in the order of their ids, that the search knows."""
    await accept(database, *(new_event(subject=subject) for subject in subjects))
    runs = await claim(database, storage.add_worker())
    await store(database, *(succeeded(run) for run in runs))
    await caught_up(database, storage, copy)
    return sorted(ids_of(runs))


async def test_hits_are_replayed_from_the_newest_on_page_after_page(
    database: Database, storage: Storage, copy: PostgresCopy, operator: Operator
) -> None:
    ids = await projected(database, storage, copy, "lamp", "lamp", "lamp", "other")

    first = await act_on_hits(copy, Selection(query="lamp"), operator.replay, after=FIRST, most=2)
    assert (first.count, first.next_cursor) == (2, ids[1])
    assert storage.states(ids) == ["succeeded", "queued", "queued", "succeeded"]

    assert first.next_cursor is not None
    second = await act_on_hits(copy, Selection(query="lamp"), operator.replay, after=first.next_cursor, most=2)
    assert second == Acted(1)
    assert storage.states(ids) == ["queued", "queued", "queued", "succeeded"]
    assert audit(storage) == [("replay", "test", 2), ("replay", "test", 1)]
    [detail] = storage.rows("SELECT DISTINCT detail -> 'selection' ->> 'query' FROM headrace.audit")
    assert detail == ("lamp",)


async def test_a_hit_that_the_copy_knows_late_is_left_alone_in_silence(
    database: Database, storage: Storage, copy: PostgresCopy, operator: Operator
) -> None:
    [event_id] = await projected(database, storage, copy, "lamp")
    await operator.replay(Selection(ids=[event_id]))
    assert await act_on_hits(copy, Selection(query="lamp"), operator.replay, after=FIRST, most=10) == Acted(0)
    assert await act_on_hits(copy, Selection(query="lamp"), operator.cancel, after=FIRST, most=10) == Acted(1)


async def test_what_else_is_selected_must_hold_too(
    database: Database, storage: Storage, copy: PostgresCopy, operator: Operator
) -> None:
    await projected(database, storage, copy, "lamp", "lamp")
    dry = partial(operator.replay, dry_run=True)
    failed = await act_on_hits(copy, Selection(query="lamp", states=["failed"]), dry, after=FIRST, most=10)
    assert failed.count == 0
    all_of_them = await act_on_hits(copy, Selection(query="lamp"), dry, after=FIRST, most=10)
    assert (all_of_them.count, sum(all_of_them.by_type.values())) == (2, 2)
    assert audit(storage) == []


@pytest.mark.parametrize(
    ("selection", "error"),
    [
        (Selection(query=""), InvalidSelection),
        (Selection(query="lamp", ids=[FIRST]), InvalidSelection),
        (Selection(query="stat:failed"), InvalidQuery),
    ],
    ids=["empty", "ids too", "no field"],
)
async def test_a_query_has_to_mean_something(
    copy: PostgresCopy, operator: Operator, selection: Selection, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await act_on_hits(copy, selection, operator.replay, after=FIRST, most=10)


async def test_without_its_hits_a_query_selects_nothing(operator: Operator) -> None:
    with pytest.raises(InvalidSelection):
        await operator.cancel(Selection(query="lamp"))


async def test_while_the_copy_is_away_nothing_is_done(storage: Storage, operator: Operator) -> None:
    away = Database(lambda: "postgresql://127.0.0.1:9/none", schema="headrace", pooler="none", connections=1)
    await away.open()
    try:
        with pytest.raises(CopyAway):
            await act_on_hits(PostgresCopy(away), Selection(query="lamp"), operator.replay, after=FIRST, most=10)
    finally:
        await away.close()
    assert audit(storage) == []
