"""Promise 3, where it is hardest: the database did what was asked, and its answer never arrived."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from math import inf
from uuid import UUID

import pytest

from chaos.proxy import Proxy
from headrace.domain.clock import utc_now
from headrace.engine import EventSchema, Pipeline, PipelineRegistry, TaskContext
from headrace.errors import Unavailable
from headrace.flow.ingest import Ingest
from headrace.store.database import Database
from tests.support.stages import relaying, working
from tests.support.steps import TYPE, accept_many, new_event
from tests.support.storage import Storage
from tests.support.waiting import eventually

#: So many answers in a row are lost.
LOST = 3


class TicketOpened(EventSchema, type=TYPE):
    pass


class Followed(EventSchema, type="followed"):
    pass


@pytest.fixture(autouse=True)
def empty_registry() -> Iterator[None]:
    with PipelineRegistry.isolated():
        yield


@pytest.fixture
def proxy(storage: Storage) -> Iterator[Proxy]:
    with Proxy(storage.services.database_url) as proxy:
        yield proxy


@asynccontextmanager
async def accepting(storage: Storage, proxy: Proxy) -> AsyncIterator[Ingest]:
    database = storage.open(proxy.url)
    await database.open()
    ingest = Ingest(database, lambda *_: None, utc_now, lambda: 0.0)
    yield ingest
    await ingest.close()
    await database.close()


def tallies(storage: Storage) -> dict[str, int]:
    return dict(storage.rows("SELECT state, sum(delta)::int FROM headrace.tallies GROUP BY state"))


async def finished(storage: Storage, ids: list[UUID], state: str = "succeeded") -> None:
    await eventually(lambda: storage.all_are(state, ids), f"all are {state}")


async def test_concurrent_requests_are_accepted_once_each(storage: Storage, proxy: Proxy) -> None:
    events = [new_event() for _ in range(20)]
    async with accepting(storage, proxy) as ingest:
        proxy.lose_reply_to(b".events", times=LOST)

        accepted = await asyncio.gather(*(ingest.accept([event]) for event in events))

    assert proxy.replies_lost == LOST
    assert [each.id for [each] in accepted] == [event.id for event in events]
    assert storage.all_are("queued", [event.id for event in events])
    assert tallies(storage) == {"accepted": 20}


async def test_a_request_that_is_refused_because_no_answer_came_is_stored_at_most_once(
    storage: Storage, proxy: Proxy
) -> None:
    event = new_event()
    async with accepting(storage, proxy) as ingest:
        proxy.lose_reply_to(b".events", times=inf)

        with pytest.raises(Unavailable):
            await ingest.accept([event])

    assert proxy.replies_lost > 1
    assert storage.states([event.id]) == ["queued"]
    assert tallies(storage) == {"accepted": 1}


async def test_a_claim_is_not_lost_with_its_answer(storage: Storage, database: Database, proxy: Proxy) -> None:
    calls = list[str]()

    @Pipeline("tickets", TicketOpened).node
    async def reply(event: TicketOpened) -> None:
        calls.append("reply")

    ids = await accept_many(database, 5)
    proxy.lose_reply_to(b"claim_due", times=LOST)
    async with working(storage, url=proxy.url):
        await finished(storage, ids)

    assert proxy.replies_lost == LOST
    assert len(calls) == 5
    assert tallies(storage) == {"accepted": 5, "succeeded": 5}


async def test_a_result_and_what_it_emits_are_stored_once(storage: Storage, database: Database, proxy: Proxy) -> None:
    calls = list[str]()

    @Pipeline("tickets", TicketOpened).node
    async def reply(event: TicketOpened, context: TaskContext) -> None:
        calls.append("reply")
        context.emit(Followed())

    ids = await accept_many(database, 5)
    proxy.lose_reply_to(b"COMMIT", times=LOST)
    async with working(storage, url=proxy.url):
        await finished(storage, ids)
        await eventually(lambda: proxy.replies_lost == LOST, "the answers were lost")

    assert len(calls) == 5
    assert tallies(storage) == {"accepted": 10, "succeeded": 5}
    assert storage.value("SELECT count(*) FROM headrace.events WHERE type = 'followed'") == 5


async def test_a_failure_is_counted_once(storage: Storage, database: Database, proxy: Proxy) -> None:
    @Pipeline("tickets", TicketOpened).node(backoff=[3600.0])
    async def reply(event: TicketOpened) -> None:
        raise ValueError("not today")

    ids = await accept_many(database, 1)
    proxy.lose_reply_to(b"COMMIT", times=LOST)
    async with working(storage, url=proxy.url):
        await finished(storage, ids, "waiting")
        await eventually(lambda: proxy.replies_lost == LOST, "the answers were lost")

    assert storage.run(ids[0])["failures"] == {"reply": 1}
    assert storage.attempts(ids[0]) == [(1, "failed", "reply")]


async def test_an_output_is_kept_once_and_its_node_not_called_again(
    storage: Storage, database: Database, proxy: Proxy
) -> None:
    calls, pipeline = list[str](), Pipeline("tickets", TicketOpened)

    @pipeline.node(checkpoint=True)
    async def look_up(event: TicketOpened) -> str:
        calls.append("look_up")
        return "found"

    @pipeline.node
    async def reply(look_up: str) -> str:
        calls.append("reply")
        assert storage.rows("SELECT node FROM headrace.checkpoints") == [("look_up",)]
        return look_up

    [event_id] = await accept_many(database, 1)
    proxy.lose_reply_to(b".checkpoints", times=LOST)
    async with working(storage, url=proxy.url):
        await finished(storage, [event_id])

    assert proxy.replies_lost == LOST
    assert calls == ["look_up", "reply"]
    assert tallies(storage) == {"accepted": 1, "succeeded": 1}


async def test_a_lost_run_is_taken_over_once(storage: Storage, database: Database, proxy: Proxy) -> None:
    ids = await accept_many(database, 2)
    given_up, freed = ids
    storage.rows("UPDATE headrace.runs SET losses = 49, unseen_losses = 49 WHERE event_id = %s", given_up)
    dead = storage.add_worker()
    storage.rows("UPDATE headrace.runs SET owner = %s, state = 'running', attempt = 1", dead)
    storage.end_lease(dead)
    proxy.lose_reply_to(b"COMMIT", times=1)  # what it commits is committed: there is no second time
    async with relaying(storage, url=proxy.url):
        await eventually(lambda: proxy.replies_lost == 1, "the answer was lost")
        swept = "SELECT count(*) FROM headrace.workers WHERE swept IS NULL"
        await eventually(lambda: storage.value(swept) == 0, "nothing is left to take over")

    assert storage.states(ids) == ["failed", "queued"]
    assert storage.run(freed)["unseen_losses"] == 1
    assert storage.attempts(freed) == [(1, "lost", None)]
    assert storage.attempts(given_up) == [(1, "lost", None)]
    assert tallies(storage) == {"accepted": 2, "failed": 1}
