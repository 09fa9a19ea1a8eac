"""Each system of other people takes events, finishes them, and gives their results where it stores any."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import pytest

from bench.load.bodies import Body, make_bodies
from bench.services import running_services
from bench.systems.celery_late.places import result_url
from bench.systems.celery_late.system import CeleryLate, CeleryLateWithResults
from bench.systems.dbos.system import Dbos
from bench.systems.foreign import chunks_of, libpq_variables
from bench.systems.pgqueuer.system import PgQueuer
from bench.systems.procrastinate.system import Procrastinate
from bench.systems.system import MakesProcesses, StoredResult
from bench.waiting import until

SYSTEMS: list[MakesProcesses] = [CeleryLate, CeleryLateWithResults, PgQueuer, Procrastinate, Dbos]

#: Webhooks that each is given.
EVENTS = 20


def skip_without(packages: Sequence[str]) -> None:
    for package in packages:
        try:
            version(package)
        except PackageNotFoundError:
            pytest.skip(f"{package} is not installed; only the environment of `make bench` has it")


@pytest.mark.services
@pytest.mark.parametrize("system_type", SYSTEMS, ids=lambda system_type: system_type.name)
async def test_it_processes_what_it_was_given(system_type: MakesProcesses) -> None:
    skip_without(system_type.packages)
    async with running_services() as services, system_type(services) as system:
        ids = await system.fill(make_bodies(Body.WEBHOOK, EVENTS))
        assert len(set(ids)) == EVENTS
        assert await system.finished() == 0
        await system.start_workers(2)

        async def all_finished() -> bool:
            return await system.finished() == EVENTS

        await until(all_finished, f"{system.name} finishes {EVENTS} events", 60.0)
        assert len(system.processes()) >= 1
        if system.stores_results:
            results = await system.read_back(reversed(ids))
            assert [(result.first, result.second) for result in results] == [
                (number, number + 1) for number in reversed(range(EVENTS))
            ]
        else:
            with pytest.raises(LookupError):
                await system.read_back(ids)


@pytest.mark.services
async def test_a_workflow_keeps_the_event_that_was_sent() -> None:
    skip_without(Dbos.packages)
    async with running_services() as services, Dbos(services) as system:
        (sent,) = await system.fill([b'{"type":"bench.two","number":7}'])
        await system.start_workers(1)

        async def finished() -> bool:
            return await system.finished() == 1

        await until(finished, "DBOS finishes an event", 60.0)
        assert await system.read_back([sent]) == [StoredResult(7, 8, {"type": "bench.two", "number": 7})]


def test_a_database_url_becomes_the_variables_of_libpq() -> None:
    assert libpq_variables("postgresql://owner:secret@127.0.0.1:5433/headrace") == {
        "PGHOST": "127.0.0.1",
        "PGPORT": "5433",
        "PGUSER": "owner",
        "PGPASSWORD": "secret",
        "PGDATABASE": "headrace",
    }


def test_chunks_hold_everything_in_order() -> None:
    assert list(chunks_of([b"a", b"b", b"c"], 2)) == [[b"a", b"b"], [b"c"]]
    assert list(chunks_of([], 2)) == []


def test_results_have_a_database_of_their_own() -> None:
    assert result_url("redis://127.0.0.1:6379/0") == "redis://127.0.0.1:6379/1"
