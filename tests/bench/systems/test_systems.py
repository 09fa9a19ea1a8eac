"""Each system starts, takes events, finishes them, and gives their results back."""

from collections.abc import Callable

import pytest

from bench.load.bodies import Body, make_bodies
from bench.load.http import fetch, post_request
from bench.machine import missing
from bench.rows.checks import check_results
from bench.services import Services, running_services
from bench.systems.catalogue import PROCESSING, Entry
from bench.systems.documented.system import Documented
from bench.systems.floor.parts import Part
from bench.systems.floor.system import Floor
from bench.systems.headrace.system import Headrace
from bench.systems.system import EndToEnd, Processes
from bench.waiting import until

pytestmark = pytest.mark.services

EVENTS = 20

FINISH_SECONDS = 60.0


async def all_finished(system: Processes, events: int) -> None:
    async def are() -> bool:
        return await system.finished() >= events

    await until(are, f"{events} events are finished", FINISH_SECONDS)


@pytest.mark.parametrize("entry", PROCESSING, ids=lambda entry: str(entry.system.name))
async def test_a_backlog_is_drained_and_read_back(entry: Entry) -> None:
    if gone := missing(entry.system.packages):
        pytest.skip(f"not installed: {', '.join(gone)}")
    bodies = make_bodies(Body.WEBHOOK, EVENTS)
    async with running_services() as services, entry.system(services) as system:
        ids = await system.fill(bodies)
        await system.start_workers(1)
        await all_finished(system, EVENTS)
        await check_results(system, ids, bodies, EVENTS)
        processes = system.processes()
        assert processes
    assert not any(process.is_running() for process in processes)


@pytest.mark.parametrize("system_class", [Headrace, Documented], ids=lambda found: str(found.name))
async def test_an_event_is_followed_from_its_post_to_its_result(system_class: Callable[[Services], EndToEnd]) -> None:
    async with running_services() as services, system_class(services) as system:
        endpoint = await system.start_api()
        await system.start_workers(1)
        posts = [post_request(endpoint.path, endpoint.headers, body) for body in make_bodies(Body.SMALL, EVENTS)]
        answers = await fetch(endpoint.port, posts)
        assert {answer.status for answer in answers} == {202}
        await all_finished(system, EVENTS)
        assert await system.stored() == EVENTS
        ids = [system.id_of(answer.body) for answer in answers]
        assert set(await system.finished_at(ids)) == set(ids)


async def test_the_batches_of_headrace_are_stored() -> None:
    async with running_services() as services, Headrace(services) as system:
        ids = await system.fill(make_bodies(Body.SMALL, EVENTS))
        assert len(set(ids)) == await system.stored() == EVENTS


@pytest.mark.parametrize("part", Part)
async def test_the_floor_is_measured(part: Part) -> None:
    async with running_services() as services:
        assert await Floor(services).events_each_second(part, Body.SMALL, 400) > 0
