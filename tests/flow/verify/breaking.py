"""Storage that keeps its promises, and each way to break one of them."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from headrace.domain.faults import Fault
from headrace.domain.ids import new_id
from headrace.domain.states import EventState, Reason
from headrace.store.database import Database
from headrace.store.erasing import erase
from headrace.store.replaying import replay
from tests.support.steps import TYPE, accept, awaiting, claim, hold_finished, new_event, store, succeeded, suspended
from tests.support.storage import Storage

#: Breaks something about one event; returns the place that is to be named.
Breakage = Callable[[Storage, UUID, UUID], str]


async def live_through(storage: Storage, database: Database) -> tuple[UUID, UUID]:
    """A life of everything that is sound; returns an event that is due and one that has succeeded.

    There are also events that run, wait for a retry, wait for an event, were replayed, have failed, are a task's own.
    """
    worker = storage.add_worker(types={TYPE: "1"})
    events = [new_event() for _ in range(6)]
    await accept(database, *events, new_event(task="my.task"))
    runs = {run.event_id: run for run in await claim(database, worker)}
    done, failed, again, retried, waiting, _ = [runs[event.id] for event in events]
    await store(database, succeeded(done), replace(succeeded(failed), state=EventState.FAILED), succeeded(again))
    await store(database, replace(suspended(waiting, awaiting())))
    await store(database, replace(suspended(retried, awaiting(hours=1)), reason=Reason.RETRY))
    async with database.connection() as connection, connection.transaction():
        await replay(connection, database, [again.event_id], goes_on=False)
    await store(database, *map(succeeded, await claim(database, worker)))
    [due] = await accept(database, new_event())
    return due, done.event_id


async def erase_event(database: Database, event_id: UUID) -> None:
    """What breaks nothing."""
    async with database.connection() as connection, connection.transaction():
        await erase(connection, database, await hold_finished(connection, database, [event_id]))


def lose_the_event(storage: Storage, event_id: UUID) -> None:
    storage.rows("DELETE FROM headrace.events WHERE id = %s", event_id)
    storage.rows("INSERT INTO headrace.tallies (state, delta) VALUES ('accepted', -1)")


def lose_the_run(storage: Storage, due: UUID, done: UUID) -> str:
    storage.rows("DELETE FROM headrace.runs WHERE event_id = %s", due)
    return str(due)


def keep_the_run(storage: Storage, due: UUID, done: UUID) -> str:
    storage.rows(
        "INSERT INTO headrace.runs (event_id, tenant, type, queue) VALUES (%s, 'default', %s, 'default')", done, TYPE
    )
    return str(done)


def lose_the_event_of_a_run(storage: Storage, due: UUID, done: UUID) -> str:
    lose_the_event(storage, due)
    return str(due)


def lose_the_event_of_a_result(storage: Storage, due: UUID, done: UUID) -> str:
    lose_the_event(storage, done)
    return str(done)


def forget_to_tally(storage: Storage, due: UUID, done: UUID) -> str:
    held = storage.value("SELECT count(*) FROM headrace.results WHERE state = 'failed'")
    storage.rows("INSERT INTO headrace.tallies (state, delta) VALUES ('failed', 2)")
    return f"failed: {held + 2} in the ledger, {held} in the tables"


def lose_an_earlier_result(storage: Storage, due: UUID, done: UUID) -> str:
    event_id = storage.value("SELECT event_id FROM headrace.results WHERE run_number = 2")
    storage.rows("DELETE FROM headrace.past_results WHERE event_id = %s", event_id)
    return str(event_id)


def forget_the_owner(storage: Storage, due: UUID, done: UUID) -> str:
    storage.rows(
        "UPDATE headrace.runs SET owner = %s, state = 'running', since = now() - interval '2 min' WHERE event_id = %s",
        new_id(),
        due,
    )
    return str(due)


def let_a_lease_run_out(storage: Storage, due: UUID, done: UUID) -> str:
    worker = storage.add_worker()
    storage.rows("UPDATE headrace.workers SET expires = now() - interval '2 min' WHERE id = %s", worker)
    storage.rows("UPDATE headrace.workers SET started = now() - interval '2 min'")
    storage.rows("UPDATE headrace.runs SET owner = %s, state = 'running' WHERE event_id = %s", worker, due)
    return str(due)


def leave_it_lying(storage: Storage, due: UUID, done: UUID) -> str:
    storage.rows("UPDATE headrace.workers SET started = now() - interval '2 min'")
    storage.rows(
        "UPDATE headrace.runs SET (rank, since) = (SELECT t, t FROM (SELECT now() - interval '2 min' AS t) AS past)"
        " WHERE event_id = %s",
        due,
    )
    return str(due)


def let_it_wait_for_nothing(storage: Storage, due: UUID, done: UUID) -> str:
    event_id = storage.value("SELECT event_id FROM headrace.runs WHERE reason = 'wait'")
    storage.rows("DELETE FROM headrace.waits WHERE event_id = %s", event_id)
    return str(event_id)


def park_it_without_a_reason(storage: Storage, due: UUID, done: UUID) -> str:
    storage.rows("UPDATE headrace.runs SET rank = 'infinity' WHERE event_id = %s", due)
    return str(due)


def outlive_the_partitions(storage: Storage, due: UUID, done: UUID) -> str:
    old = UUID(int=new_id().int % (1 << 80))
    storage.rows("UPDATE headrace.events SET id = %s WHERE id = %s", old, due)
    storage.rows("UPDATE headrace.runs SET event_id = %s WHERE event_id = %s", old, due)
    return f"events {old}"


def keep_the_key(storage: Storage, due: UUID, done: UUID) -> str:
    event_id = new_id()
    storage.rows("INSERT INTO headrace.idempotency VALUES ('default', '\\x00', %s, '\\x00')", event_id)
    return str(event_id)


def keep_a_wait(storage: Storage, due: UUID, done: UUID) -> str:
    storage.rows(
        "INSERT INTO headrace.waits (event_id, node, reason, tenant) VALUES (%s, 'nap', 'sleep', 'default')", done
    )
    return f"waits {done}"


def keep_a_note(storage: Storage, due: UUID, done: UUID) -> str:
    event_id = new_id()
    storage.rows("INSERT INTO headrace.notes (event_id, attempt, node, note) VALUES (%s, 1, 'node', '1')", event_id)
    return f"notes {event_id}"


#: Each way to break something, with the fault that it is.
def add_schedule(storage: Storage, due: str) -> str:
    """One whose tick passed two minutes ago, under a relay that has led for longer."""
    storage.rows(
        "INSERT INTO headrace.leases (post, holder, expires, since)"
        " VALUES ('relay', %s, now() + interval '1 min', now() - interval '3 min')",
        new_id(),
    )
    storage.rows(
        "INSERT INTO headrace.schedules (id, tenant, name, settings, type, tick, due)"
        " VALUES (%s, 'default', 'digest', '{\"every\": 60}', %s, now() - interval '2 min', %s)",
        new_id(),
        TYPE,
        due,
    )
    return "digest"


def leave_a_schedule_lying(storage: Storage, due: UUID, done: UUID) -> str:
    return add_schedule(storage, "2026-01-01")


def forget_when_a_schedule_is_due(storage: Storage, due: UUID, done: UUID) -> str:
    return add_schedule(storage, "infinity")


BREAKAGES: list[tuple[Breakage, Fault]] = [
    (lose_the_run, Fault.EVENT_LOST),
    (keep_the_run, Fault.EVENT_TWICE),
    (lose_the_event_of_a_run, Fault.RUN_WITHOUT_EVENT),
    (lose_the_event_of_a_result, Fault.RESULT_WITHOUT_EVENT),
    (forget_to_tally, Fault.TALLY_WRONG),
    (lose_an_earlier_result, Fault.RUN_NUMBERS_WRONG),
    (forget_the_owner, Fault.OWNER_UNKNOWN),
    (let_a_lease_run_out, Fault.LEASE_OVER),
    (leave_it_lying, Fault.OVERDUE),
    (let_it_wait_for_nothing, Fault.NEVER_WOKEN),
    (park_it_without_a_reason, Fault.NEVER_WOKEN),
    (leave_a_schedule_lying, Fault.SCHEDULE_OVERDUE),
    (forget_when_a_schedule_is_due, Fault.SCHEDULE_OVERDUE),
    (outlive_the_partitions, Fault.IN_DEFAULT_PARTITION),
    (keep_the_key, Fault.KEY_WITHOUT_EVENT),
    (keep_a_wait, Fault.LEFT_OVER),
    (keep_a_note, Fault.LEFT_OVER),
]
