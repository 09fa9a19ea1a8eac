"""What is stored while a run is under way, and what is not."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg

from headrace.engine import EventSchema, Pipeline
from headrace.store.database import Database
from tests.support.stages import working
from tests.support.steps import TYPE, accept_many
from tests.support.storage import Storage
from tests.support.waiting import eventually

#: Nodes in a row, none of which is worth a checkpoint.
LIGHT_NODES = 40

#: Tables that the way of a plain event does not touch.
LEFT_ALONE = ("checkpoints", "waits", "logs", "notes")


class TicketOpened(EventSchema, type=TYPE):
    pass


def light(number: int) -> Callable[..., Any]:
    async def node(event: TicketOpened) -> int:
        return number

    node.__name__ = f"node_{number}"
    return node


async def first(event: TicketOpened) -> str:
    return "first"


def second(first: str) -> str:
    return f"{first}, second"


async def test_many_light_nodes_in_a_row_are_stored(storage: Storage, database: Database) -> None:
    pipeline = Pipeline("light", TicketOpened)
    for number in range(LIGHT_NODES):
        pipeline.node(light(number), **({"after": f"node_{number - 1}"} if number else {}))
    [event_id] = await accept_many(database, 1)

    async with working(storage):
        await eventually(lambda: storage.all_are("succeeded", [event_id]), "it succeeded")

    context = storage.result(event_id)["task_context"]
    assert list(context["nodes"].values()) == list(range(LIGHT_NODES))
    assert {node["state"] for node in context["metadata"]["nodes"].values()} == {"succeeded"}


async def test_an_event_that_needs_no_checkpoint_costs_no_statement_for_what_is_kept(
    storage: Storage, database: Database
) -> None:
    pipeline = Pipeline("plain", TicketOpened)
    pipeline.node(first)
    pipeline.node(second)
    tables = ", ".join(f"headrace.{table}" for table in LEFT_ALONE)

    async with working(storage) as worker:
        with psycopg.connect(storage.services.migrate_database_url) as connection:
            connection.execute(storage.sql(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"))
            ids = await accept_many(database, 3)
            await eventually(lambda: len(worker.settled) == 3, "all are settled")

    assert storage.all_are("succeeded", ids)
    assert storage.result(ids[0])["task_context"]["nodes"] == {"first": "first", "second": "first, second"}


async def test_an_attempt_at_a_run_that_was_taken_over_stores_no_output_and_ends(
    storage: Storage, database: Database
) -> None:
    pipeline = Pipeline("taken", TicketOpened)
    gate, called = asyncio.Event(), list[str]()

    @pipeline.node(checkpoint=True)
    async def wait(event: TicketOpened) -> str:
        called.append("wait")
        await gate.wait()
        return "done"

    @pipeline.node
    async def go_on(wait: str) -> None:
        called.append("go_on")

    @pipeline.finally_
    async def clean_up() -> None:
        called.append("clean_up")

    [event_id] = await accept_many(database, 1)
    other = storage.add_worker()
    async with working(storage) as worker:
        await eventually(lambda: called == ["wait"], "the first node runs")
        storage.rows("UPDATE headrace.runs SET owner = %s, attempt = attempt + 1 WHERE event_id = %s", other, event_id)
        gate.set()
        await eventually(lambda: worker.executor.in_flight == 0, "the attempt has ended")

        assert worker.settled == []

    assert called == ["wait"]
    run = storage.run(event_id)
    assert (run["state"], run["owner"], run["attempt"], run["failures"]) == ("running", other, 2, {})
    for table in ("checkpoints", "results", "attempts", "waits"):
        assert storage.value(f"SELECT count(*) FROM headrace.{table}") == 0  # noqa: S608  # one of these names
