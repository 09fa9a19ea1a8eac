"""Runs that are cancelled while a process of their own works on them: they end, and it goes on."""

import asyncio
from collections.abc import Callable
from uuid import UUID

import psutil
import pytest

from headrace.store.cancelling import Cancelled, cancel
from headrace.store.replaying import replay
from tests.cli.support import headrace
from tests.support.installation import Installation
from tests.support.steps import new_event
from tests.support.waiting import wait_until
from tests.worker.conftest import Calls

pytestmark = pytest.mark.slow

#: What is promised to an operator.
SOON_SECONDS = 2.0

#: The types of `tests/support/apps/endless.py` whose nodes never end by themselves.
ENDLESS = ["on-loop", "in-thread", "in-process", "in-map", "deaf"]

#: Events that await something meanwhile, for so long.
NEIGHBOURS, NEIGHBOUR_SECONDS = 50, 4.0


def cancel_all(installation: Installation, ids: list[UUID]) -> Cancelled:
    async def act() -> Cancelled:
        database = installation.storage.open()
        await database.open()
        try:
            async with database.connection() as connection, connection.transaction():
                return await cancel(connection, database, ids, "somebody")
        finally:
            await database.close()

    return asyncio.run(act())


def replay_all(installation: Installation, ids: list[UUID]) -> None:
    async def act() -> None:
        database = installation.storage.open()
        await database.open()
        try:
            async with database.connection() as connection, connection.transaction():
                await replay(connection, database, ids, goes_on=True)
        finally:
            await database.close()

    asyncio.run(act())


def node_processes(process: psutil.Process) -> list[psutil.Process]:
    return [child for child in process.children() if "engine.places.child" in " ".join(child.cmdline())]


def test_wherever_a_node_runs_its_run_is_cancelled_within_two_seconds_and_nobody_else_notices(
    installation: Installation, calls: Calls
) -> None:
    supervisor = installation.start_worker("endless")
    [process] = supervisor.children()
    neighbours = installation.accept(*(new_event("neighbour", seconds=NEIGHBOUR_SECONDS) for _ in range(NEIGHBOURS)))
    ids = installation.accept(*map(new_event, ENDLESS))
    wait_until(lambda: all(calls.of(type_)["begun"] for type_ in ENDLESS), "all endless nodes run")
    [computing] = node_processes(process)

    assert cancel_all(installation, ids).asked == set(ids)

    installation.wait_until_all_are("cancelled", ids, SOON_SECONDS)
    assert all(calls.of(type_)["clean_up"] == 1 for type_ in ENDLESS)
    wait_until(lambda: not computing.is_running(), "the process of the node is gone")
    wait_until(lambda: calls.of("in-thread")["ended"] == 1, "the thread saw it")
    installation.wait_until_all_are("succeeded", neighbours)
    assert supervisor.children() == [process]
    assert installation.storage.rows("SELECT DISTINCT attempt FROM headrace.results") == [(1,)]
    assert installation.storage.rows("SELECT outcome FROM headrace.attempts") == []
    assert installation.storage.rows("SELECT DISTINCT owner FROM headrace.runs") == []
    kept = installation.storage.rows("SELECT DISTINCT node FROM headrace.checkpoints WHERE item = -1 ORDER BY node")
    assert kept == [("numbers",), ("prepare",)]
    wait_until(
        lambda: installation.storage.value("SELECT count(*) FROM headrace.cancellations") == 0,
        "nothing is asked any more",
    )


def test_a_replay_of_a_cancelled_run_goes_on_and_can_be_cancelled_again(
    installation: Installation, calls: Calls
) -> None:
    installation.start_worker("endless")
    ids = installation.accept(new_event("in-map"))
    wait_until(lambda: calls.of("in-map")["begun"] == 1, "the endless item runs")
    cancel_all(installation, ids)
    installation.wait_until_all_are("cancelled", ids, SOON_SECONDS)

    replay_all(installation, ids)

    wait_until(lambda: calls.of("in-map")["begun"] == 2, "the endless item runs again")
    cancel_all(installation, ids)
    installation.wait_until_all_are("cancelled", ids, SOON_SECONDS)
    assert calls.of("in-map") == {"prepare": 1, "begun": 2, "clean_up": 2}
    assert installation.storage.rows("SELECT run_number, epoch, state FROM headrace.past_results") == [
        (1, 1, "cancelled")
    ]


def cancel_by_api(installation: Installation, ids: list[UUID]) -> None:
    _, client = installation.start_api()
    for event_id in ids:
        answer = client.post(f"/events/{event_id}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (202, "running")


def cancel_by_command(installation: Installation, ids: list[UUID]) -> None:
    url, schema = installation.storage.services.database_url, installation.storage.schema
    folder = installation.folder
    done = headrace("events", "cancel", *map(str, ids), folder=folder, database_url=url, database_schema=schema)
    told = "3 events are held by workers, which end them within seconds.\n"
    assert (done.returncode, done.stdout) == (0, told)


@pytest.mark.parametrize("cancel_what_runs", [cancel_by_api, cancel_by_command])
def test_an_operator_ends_what_runs_by_a_request_or_a_command(
    installation: Installation, calls: Calls, cancel_what_runs: Callable[[Installation, list[UUID]], None]
) -> None:
    supervisor = installation.start_worker("endless")
    [process] = supervisor.children()
    types = ["on-loop", "in-thread", "in-process"]
    ids = installation.accept(*map(new_event, types))
    wait_until(lambda: all(calls.of(type_)["begun"] for type_ in types), "all endless nodes run")
    [computing] = node_processes(process)

    cancel_what_runs(installation, ids)

    installation.wait_until_all_are("cancelled", ids)
    wait_until(lambda: not computing.is_running(), "the process of the node is gone")
    wait_until(lambda: calls.of("in-thread")["ended"] == 1, "the thread was told")
    # None of them came to its end: the first node has an output, the endless one has not.
    assert installation.storage.rows("SELECT DISTINCT node FROM headrace.checkpoints") == [("prepare",)]
    assert supervisor.children() == [process]


def test_a_run_whose_process_was_killed_meanwhile_is_cancelled_by_the_relay(
    installation: Installation, calls: Calls
) -> None:
    supervisor = installation.start_worker("endless")
    ids = installation.accept(new_event("on-loop"))
    wait_until(lambda: calls.of("on-loop")["begun"] == 1, "the endless node runs")
    [process] = supervisor.children()
    process.suspend()
    cancel_all(installation, ids)

    process.kill()

    installation.wait_until_all_are("cancelled", ids)
    wait_until(
        lambda: installation.storage.value("SELECT count(*) FROM headrace.cancellations") == 0,
        "nothing is asked any more",
    )
    assert installation.storage.value("SELECT sum(delta) FROM headrace.tallies WHERE state = 'cancelled'") == 1
