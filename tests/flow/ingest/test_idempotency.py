"""Promise 6, safe to retry: an event is stored once under its key, however often and wherever it is sent."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from uuid import UUID

import pytest

from chaos.proxy import Proxy
from headrace.domain.clock import utc_now
from headrace.domain.event import NewEvent
from headrace.domain.idempotency import idempotency_of
from headrace.errors import IdempotencyKeyInFlight, IdempotencyKeyReused, InvalidEvent, Unavailable
from headrace.flow.ingest import Accepted, Ingest
from headrace.store.database import Database
from headrace.store.events import insert_events
from tests.support.keys import in_flight
from tests.support.steps import claim, new_event, paused, store, succeeded, suspended
from tests.support.storage import Storage
from tests.support.waiting import eventually

_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"

#: The ids that workers were told of.
Told = list[UUID]


def keyed(key: str, *, path: str = "/events", tenant: str = "default", number: int = 0) -> NewEvent:
    """An event as it comes with a key, with an id of its own."""
    event = new_event(number=number)
    return replace(event, tenant=tenant, idempotency=idempotency_of(key, path, event.body))


@pytest.fixture
def told() -> Told:
    return []


@asynccontextmanager
async def accepting(storage: Storage, told: Told, url: str | None = None) -> AsyncIterator[Ingest]:
    """The ingest of a process with a pool of its own, and with a connection at hand."""
    database = storage.open(url)
    await database.open()
    async with database.connection():
        pass
    ingest = Ingest(database, lambda _, ids: told.extend(ids), utc_now, lambda: 0.0)
    try:
        yield ingest
    finally:
        await ingest.close()
        await database.close()


@pytest.fixture
async def ingest(storage: Storage, told: Told) -> AsyncIterator[Ingest]:
    async with accepting(storage, told) as ingest:
        yield ingest


async def accept(ingest: Ingest, event: NewEvent) -> Accepted:
    [accepted] = await ingest.accept([event])
    return accepted


async def retried(ingest: Ingest, key: str) -> Accepted:
    """As a client that tries again while the first request is under way."""
    for _ in range(10):
        with suppress(IdempotencyKeyInFlight):
            return await accept(ingest, keyed(key))
    pytest.fail("never accepted")


def events(storage: Storage) -> int:
    """How many events are stored; the ledger says the same."""
    [(count, accepted)] = storage.rows("""
        SELECT (SELECT count(*) FROM headrace.events),
               (SELECT coalesce(sum(delta), 0) FROM headrace.tallies WHERE state = 'accepted')
    """)
    assert accepted == count
    return int(count)


async def test_a_key_answers_its_event_and_what_it_is_doing_now(
    storage: Storage, database: Database, ingest: Ingest, told: Told
) -> None:
    first = await accept(ingest, keyed("k"))
    again = [await accept(ingest, keyed("k"))]
    [run] = await claim(database, storage.add_worker())
    again.append(await accept(ingest, keyed("k")))
    await store(database, suspended(run, paused("node", hours=0)))
    again.append(await accept(ingest, keyed("k")))
    [run] = await claim(database, storage.add_worker())
    await store(database, succeeded(run))
    again.append(await accept(ingest, keyed("k")))

    assert (first.state, first.replayed) == ("queued", False)
    assert [answer.state for answer in again] == ["queued", "running", "waiting", "succeeded"]
    assert {(answer.id, answer.type, answer.replayed) for answer in again} == {(first.id, first.type, True)}
    assert events(storage) == 1
    assert told == [first.id]


async def test_a_key_stays_with_the_body_and_the_path_that_it_came_with(storage: Storage, ingest: Ingest) -> None:
    first = await accept(ingest, keyed("k", number=1))

    for other in (keyed("k", number=2), keyed("k", number=1, path="/events/batch")):
        with pytest.raises(IdempotencyKeyReused):
            await accept(ingest, other)
    assert (await accept(ingest, keyed("k", number=1))).id == first.id
    assert events(storage) == 1


async def test_the_same_key_of_another_tenant_is_another_key(storage: Storage, ingest: Ingest) -> None:
    await asyncio.gather(*(accept(ingest, keyed("k", tenant=tenant)) for tenant in ("a", "b")))

    assert events(storage) == 2


@pytest.mark.parametrize("seed", range(5))
async def test_requests_with_the_same_keys_at_once_over_several_processes_store_one_event_a_key(
    storage: Storage, told: Told, seed: int
) -> None:
    chance = random.Random(seed)
    keys = [f"key-{number}" for number in range(chance.choice([1, 1, 3, 7]))] * 20
    chance.shuffle(keys)
    async with accepting(storage, told) as here, accepting(storage, told) as there:
        answers = await asyncio.gather(*(retried(chance.choice([here, there]), key) for key in keys))

    by_key = {(key, answer.id) for key, answer in zip(keys, answers, strict=True)}
    assert len(by_key) == len(set(keys)) == events(storage)
    assert Counter(answer.replayed for answer in answers)[False] == len(set(keys))
    assert sorted(told) == sorted(event_id for _, event_id in by_key)


async def test_of_different_bodies_with_one_key_at_once_one_is_stored(storage: Storage, told: Told) -> None:
    async with accepting(storage, told) as here, accepting(storage, told) as there:
        requests = [accept(ingest, keyed("k", number=number)) for ingest in (here, there) for number in range(10)]
        answers = await asyncio.gather(*requests, return_exceptions=True)

    kinds = Counter(type(answer) for answer in answers)
    assert kinds == {Accepted: 2, IdempotencyKeyReused: 18}
    assert len({answer.id for answer in answers if isinstance(answer, Accepted)}) == events(storage) == 1


async def test_a_key_in_flight_is_refused_and_delays_nobody_else(storage: Storage, ingest: Ingest) -> None:
    held = keyed("held")
    answered: list[str] = []

    async def send(name: str, event: NewEvent) -> Accepted | BaseException:
        [outcome] = await asyncio.gather(accept(ingest, event), return_exceptions=True)
        answered.append(name)
        return outcome

    async with in_flight(storage, held):
        refused, refused_too, *stored = await asyncio.gather(
            *(send("held", keyed("held")) for _ in range(2)),
            *(send("keyed", keyed(f"free {number}")) for number in range(5)),
            *(send("plain", new_event()) for _ in range(10)),
        )

    assert isinstance(refused, IdempotencyKeyInFlight)
    assert isinstance(refused_too, IdempotencyKeyInFlight)
    assert {type(outcome) for outcome in stored} == {Accepted}
    assert "held" not in answered[:10]
    assert not (await accept(ingest, keyed("held"))).replayed
    assert events(storage) == 16


async def test_a_key_whose_first_request_commits_meanwhile_is_answered(
    storage: Storage, database: Database, ingest: Ingest
) -> None:
    first = keyed("k")
    async with database.connection() as connection:
        async with connection.transaction():
            await insert_events(connection, database, [first])
            waiting = asyncio.create_task(accept(ingest, keyed("k")))
            await eventually(lambda: bool(storage.value(_WAITING)), "the second request waits for the first")
        assert await waiting == Accepted(first.id, first.type, replayed=True)


async def test_a_commit_whose_answer_was_lost_is_stored_once(storage: Storage, told: Told) -> None:
    event = keyed("k")
    with Proxy(storage.services.database_url) as proxy:
        async with accepting(storage, told, proxy.url) as ingest:
            proxy.lose_reply_to(b"INSERT INTO")

            accepted = await accept(ingest, event)

            assert proxy.replies_lost == 1
            assert accepted == Accepted(event.id, event.type)
            assert (await accept(ingest, keyed("k"))).replayed
    assert events(storage) == 1
    assert told == [event.id]


async def test_an_event_that_ended_before_its_second_storing_is_no_replay(
    storage: Storage, database: Database, ingest: Ingest
) -> None:
    event = keyed("k")
    await accept(ingest, event)
    [run] = await claim(database, storage.add_worker())
    await store(database, succeeded(run))

    assert await accept(ingest, event) == Accepted(event.id, event.type, "succeeded")
    assert storage.states([event.id]) == ["succeeded"]


async def test_what_was_stored_without_an_answer_is_answered_when_it_is_sent_again(
    storage: Storage, told: Told
) -> None:
    with Proxy(storage.services.database_url) as proxy:
        async with accepting(storage, told, proxy.url) as ingest:
            proxy.hold()
            with pytest.raises(Unavailable):
                await accept(ingest, keyed("k"))
            proxy.release()
            await eventually(lambda: events(storage) == 1, "it was stored after all")

            assert (await retried(ingest, "k")).replayed

    assert events(storage) == 1


async def test_an_event_that_cannot_be_stored_takes_no_key_and_no_neighbour_with_it(
    storage: Storage, ingest: Ingest
) -> None:
    sent = [keyed("a"), replace(keyed("b"), type="with a \0"), keyed("c")]

    answers = await asyncio.gather(*(accept(ingest, event) for event in sent), return_exceptions=True)

    assert [type(answer) for answer in answers] == [Accepted, InvalidEvent, Accepted]
    assert not (await accept(ingest, keyed("b"))).replayed
    assert events(storage) == 3


async def test_events_without_a_key_leave_the_patience_of_their_transaction_alone(database: Database) -> None:
    async def lock_timeouts(batch: Sequence[NewEvent]) -> list[object]:
        show = "SELECT current_setting('lock_timeout')"
        async with database.connection() as connection, connection.transaction(force_rollback=True):
            before = await (await connection.execute(show)).fetchone()
            await insert_events(connection, database, batch)
            return [before, await (await connection.execute(show)).fetchone()]

    assert await lock_timeouts([new_event(), new_event()]) == [("500ms",), ("500ms",)]
    assert await lock_timeouts([new_event(), keyed("k")]) == [("500ms",), ("200ms",)]
