import pytest

from bench.load.model_calls import BACKOFF_SECONDS, CALLS, calls_of
from bench.rows import disk, llm, memory
from bench.services import running_services
from bench.systems.headrace.system import WITHOUT_SEARCH


def first_number(*, failing: bool) -> int:
    return next(n for n in range(1000) if any(call.fails_first for call in calls_of(n)) is failing)


def test_what_is_added_is_shared_by_the_nodes() -> None:
    number = first_number(failing=False)
    planned = sum(call.seconds for call in calls_of(number))
    undisturbed, retried = llm.added_milliseconds({number: planned + 0.05}, range(number, number + 1), 1.0)
    assert undisturbed == pytest.approx([50 / CALLS])
    assert retried == []


def test_a_pause_that_was_asked_for_is_not_added() -> None:
    number = first_number(failing=True)
    calls = calls_of(number)
    pauses = sum(call.fails_first for call in calls) * BACKOFF_SECONDS
    taken = sum(call.awaited_seconds for call in calls) + pauses + 0.05
    undisturbed, retried = llm.added_milliseconds({number: taken}, range(number, number + 1), 1.0)
    assert undisturbed == []
    assert retried == pytest.approx([50 / CALLS])


def test_memory_that_stays_does_not_grow() -> None:
    assert memory.growth([50, 80, 100, 100, 100, *[100] * 15]) == 0
    assert memory.growth([50, 80, 100, 100, 100, *[100] * 12, 110, 110, 110]) == pytest.approx(0.1)


def test_disk_counts_what_is_kept_apart_from_work_under_way() -> None:
    outcome = disk.Outcome(1000, {"headrace.events": 300, "headrace.results": 100, "headrace.runs": 200})
    assert outcome.ratio == pytest.approx(0.6)
    assert outcome.kept_ratio == pytest.approx(0.4)


@pytest.mark.services
async def test_the_lead_row_can_be_measured() -> None:
    async with running_services() as services:
        outcome = await llm.measure(services, events=20, scale=0.02)
    assert len(outcome.added) + len(outcome.added_with_retry) == 20
    assert all(added > 0 for added in outcome.added)
    assert outcome.in_flight > 0
    assert outcome.memory_bytes > 0
    results = [rows.inserted for name, rows in outcome.spent.rows.items() if name.startswith("results_")]
    assert sum(results) == outcome.events
    assert outcome.server_seconds > 0


@pytest.mark.services
async def test_disk_and_memory_can_be_measured() -> None:
    async with running_services() as services:
        stored = await disk.measure(services, WITHOUT_SEARCH, events=100)
    assert stored.accepted_bytes > 100_000
    assert 0 < stored.kept_ratio < stored.ratio
    async with running_services() as services:
        held = await memory.measure(services, events=10 * memory.LOOKS)
    assert len(held.api) == len(held.worker) == memory.LOOKS
    assert min(*held.api, *held.worker) > 10_000_000
