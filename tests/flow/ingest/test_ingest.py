"""Accepting: stored together, told of afterwards, and never twice."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from chaos.proxy import Proxy
from headrace.domain.clock import utc_now
from headrace.domain.event import NewEvent
from headrace.domain.ids import time_of
from headrace.errors import InvalidEvent, Unavailable
from headrace.flow.ingest import Ingest
from headrace.store.database import Database
from tests.support.steps import accept, awaiting, claim, new_event, store, succeeded, suspended
from tests.support.storage import Storage
from tests.support.waiting import eventually

_WAITS_FOR_TABLE = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation')"


class Listener:
    """Hears what ingest tells, and counts the events that others can see by then."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.told: list[tuple[str, Sequence[UUID]]] = []
        self.seen: list[int] = []

    def tell(self, queue: str, ids: Sequence[UUID]) -> None:
        self.told.append((queue, ids))
        visible = "SELECT count(*) FROM headrace.events WHERE id = ANY (%s)"
        self.seen.append(self._storage.value(visible, list(ids)))

    @property
    def ids(self) -> set[UUID]:
        return {event_id for _, ids in self.told for event_id in ids}


@pytest.fixture
def listener(storage: Storage) -> Listener:
    return Listener(storage)


@pytest.fixture
async def ingest(database: Database, listener: Listener) -> AsyncIterator[Ingest]:
    ingest = Ingest(database, listener.tell, utc_now, lambda: 0.0)
    yield ingest
    await ingest.close()


@asynccontextmanager
async def ingest_through(storage: Storage, proxy: Proxy, listener: Listener) -> AsyncIterator[Ingest]:
    """Accepts by way of the proxy, with a connection at hand."""
    database = storage.open(proxy.url)
    await database.open()
    async with database.connection():
        pass
    ingest = Ingest(database, listener.tell, utc_now, lambda: 0.0)
    try:
        yield ingest
    finally:
        await ingest.close()
        await database.close()


def commits(storage: Storage) -> int:
    """How many transactions stored events."""
    return int(storage.value("SELECT count(*) FROM headrace.tallies"))


async def test_an_accepted_event_is_stored_and_told_of(storage: Storage, ingest: Ingest, listener: Listener) -> None:
    event = new_event(queue="slow")

    [accepted] = await ingest.accept([event])

    assert (accepted.id, accepted.type, accepted.state) == (event.id, "ticket.opened", "queued")
    assert storage.states([event.id]) == ["queued"]
    assert listener.told == [("slow", [event.id])]


async def test_concurrent_requests_are_committed_together(storage: Storage, ingest: Ingest) -> None:
    answers = await asyncio.gather(*(ingest.accept([new_event()]) for _ in range(100)))

    assert storage.value("SELECT count(*) FROM headrace.events") == len(answers) == 100
    assert storage.value("SELECT sum(delta) FROM headrace.tallies") == 100
    assert commits(storage) <= 5


async def test_a_lone_request_waits_for_no_other(storage: Storage, ingest: Ingest) -> None:
    for number in range(1, 4):
        await ingest.accept([new_event()])
        assert commits(storage) == number


async def test_a_request_is_stored_whole_or_not_at_all(storage: Storage, ingest: Ingest, listener: Listener) -> None:
    good, bad = [new_event(), new_event()], [new_event(), new_event("with a \0")]

    answers = await asyncio.gather(
        ingest.accept([new_event()]),
        ingest.accept([new_event()]),
        ingest.accept(good),
        ingest.accept(bad),
        return_exceptions=True,
    )

    assert isinstance(answers[3], InvalidEvent)
    assert not any(isinstance(answer, BaseException) for answer in answers[:3])
    assert storage.all_are("queued", [event.id for event in good])
    assert storage.all_are("gone", [event.id for event in bad])
    assert listener.ids.isdisjoint(event.id for event in bad)


async def test_workers_are_told_only_of_what_they_can_see(ingest: Ingest, listener: Listener) -> None:
    await asyncio.gather(*(ingest.accept([new_event(), new_event()]) for _ in range(20)))

    assert listener.seen == [len(ids) for _, ids in listener.told]
    assert sum(listener.seen) == 40


async def test_nobody_is_told_of_an_event_for_a_task_of_the_users_own(
    storage: Storage, ingest: Ingest, listener: Listener
) -> None:
    await ingest.accept([new_event(task="my.task")])

    assert listener.told == []
    assert storage.value("SELECT count(*) FROM headrace.events") == 1


async def test_a_commit_whose_answer_was_lost_is_stored_once(storage: Storage, listener: Listener) -> None:
    event = new_event()
    with Proxy(storage.services.database_url) as proxy:
        async with ingest_through(storage, proxy, listener) as ingest:
            proxy.lose_reply_to(b"INSERT INTO")

            [accepted] = await ingest.accept([event])

        assert proxy.replies_lost == 1
    assert accepted.id == event.id
    assert storage.states([event.id]) == ["queued"]
    assert storage.rows("SELECT state, delta FROM headrace.tallies") == [("accepted", 1)]
    assert listener.ids == {event.id}


async def test_an_event_that_ended_before_its_second_storing_stays_ended(
    storage: Storage, database: Database, ingest: Ingest
) -> None:
    event = new_event()
    await accept(database, event)
    [run] = await claim(database, storage.add_worker())
    await store(database, succeeded(run))

    await ingest.accept([event])

    assert storage.value("SELECT count(*) FROM headrace.runs") == 0
    assert storage.states([event.id]) == ["succeeded"]


async def test_what_cannot_be_stored_now_is_refused_and_taken_later(storage: Storage, listener: Listener) -> None:
    events = [new_event() for _ in range(3)]
    with Proxy(storage.services.database_url) as proxy:
        async with ingest_through(storage, proxy, listener) as ingest:
            proxy.refuse()
            refusals = await asyncio.gather(*(ingest.accept([event]) for event in events), return_exceptions=True)
            assert {type(refusal) for refusal in refusals} == {Unavailable}
            assert listener.told == []
            assert storage.all_are("gone", [event.id for event in events])

            proxy.admit()
            await eventually_accepted(ingest, [new_event()])

    assert storage.value("SELECT sum(delta) FROM headrace.tallies") == 1


async def eventually_accepted(ingest: Ingest, events: Sequence[NewEvent]) -> None:
    """As a client that tries again."""
    for _ in range(10):
        try:
            await ingest.accept(events)
        except Unavailable:
            continue
        return
    pytest.fail("never accepted")


async def test_a_database_that_hangs_is_not_waited_for(storage: Storage, listener: Listener) -> None:
    event = new_event()
    with Proxy(storage.services.database_url) as proxy:
        async with ingest_through(storage, proxy, listener) as ingest:
            proxy.hold()
            with pytest.raises(Unavailable):
                await ingest.accept([event])
            proxy.release()

            await eventually(lambda: storage.states([event.id]) == ["queued"], "it was stored after all")
    assert storage.value("SELECT sum(delta) FROM headrace.tallies") == 1


@pytest.mark.parametrize(("ahead_days", "shift_days"), [(0.00005, 0.0), (0.5, 0.5), (-400.0, -400.0)])
def test_ids_carry_the_databases_time_where_clocks_disagree(
    storage: Storage, listener: Listener, ahead_days: float, shift_days: float
) -> None:
    ingest = Ingest(storage.open(), listener.tell, utc_now, lambda: ahead_days * 86_400)

    shift = time_of(ingest.new_id()) - utc_now()

    assert abs(shift - timedelta(days=shift_days)) < timedelta(minutes=1)


def test_no_id_is_given_before_the_database_has_told_its_time(storage: Storage, listener: Listener) -> None:
    ingest = Ingest(storage.open(), listener.tell, utc_now, lambda: None)

    with pytest.raises(Unavailable):
        ingest.new_id()


async def test_where_somebody_holds_the_table_the_database_is_unavailable(storage: Storage, ingest: Ingest) -> None:
    async with holding_events(storage):
        with pytest.raises(Unavailable):
            await ingest.accept([new_event()])


async def test_what_a_held_table_kept_waiting_is_stored_when_it_is_free(storage: Storage, ingest: Ingest) -> None:
    events = [new_event() for _ in range(3)]
    async with holding_events(storage):
        answering = asyncio.gather(*(ingest.accept([event]) for event in events))
        await eventually(lambda: storage.value(_WAITS_FOR_TABLE), "one waits for the table")
    await answering

    assert storage.all_are("queued", [event.id for event in events])
    assert commits(storage) == 1


@asynccontextmanager
async def holding_events(storage: Storage) -> AsyncIterator[None]:
    """A transaction that lets nobody at the events."""
    async with await psycopg.AsyncConnection.connect(storage.services.migrate_database_url) as holder:
        await holder.execute(storage.sql("LOCK TABLE headrace.events IN ACCESS EXCLUSIVE MODE"))
        yield


async def test_an_event_that_a_run_waits_for_wakes_it(
    storage: Storage, database: Database, ingest: Ingest, listener: Listener
) -> None:
    [event_id] = await accept(database, new_event())
    [run] = await claim(database, storage.add_worker())
    await store(database, suspended(run, awaiting()))

    await ingest.accept([new_event("order.paid", match_key="17")])

    await eventually(lambda: event_id in listener.ids, "the workers are told")
    assert storage.states([event_id]) == ["queued"]


async def test_an_answer_does_not_wait_for_those_who_wait_for_the_event(
    storage: Storage, database: Database, ingest: Ingest, listener: Listener
) -> None:
    [event_id] = await accept(database, new_event())
    [run] = await claim(database, storage.add_worker())
    await store(database, suspended(run, awaiting()))
    event = new_event("order.paid", match_key="17")

    async with database.connection() as connection, connection.transaction():
        await connection.execute(storage.sql("SELECT FROM headrace.runs FOR UPDATE"))
        [accepted] = await ingest.accept([event])
        assert storage.states([event_id]) == ["waiting"]

    assert accepted.id == event.id
    assert event.id in listener.ids
