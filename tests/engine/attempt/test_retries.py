import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from headrace.domain.backoff import DEFAULT_DELAYS_SECONDS
from headrace.domain.outcome import Completed, Suspended
from headrace.domain.progress import Pause
from headrace.domain.states import Reason
from headrace.engine import Attempt, NodeOptions, NodeThreads, Pipeline
from headrace.engine.attempt.retries import SHORTEST_WAIT_SECONDS, Retries
from headrace.engine.spec import spec_of
from headrace.errors import OutputNotJson, Permanent, RetryAfter
from tests.engine.support import Flaky, LongRun, TicketOpened, VirtualClock, Worker

#: The first delay of the published schedule.
FIRST_DELAY_SECONDS = DEFAULT_DELAYS_SECONDS[0]


async def test_short_delays_are_waited_in_the_process(tickets: Pipeline, worker: Worker) -> None:
    flaky = Flaky(OSError(), OSError())

    @tickets.node(backoff=[0.001, 0.001])
    async def call(event: TicketOpened) -> int:
        return flaky()

    context = await worker.completed(tickets)
    assert context["nodes"]["call"] == 3
    assert context["metadata"]["nodes"]["call"]["attempts"] == 3


async def test_a_long_delay_ends_the_attempt(tickets: Pipeline, timeless: Worker) -> None:
    flaky = Flaky(OSError("one"), OSError("two"))

    @tickets.node(backoff=[0.001, 60])
    def call(event: TicketOpened) -> int:
        return flaky()

    suspended = await timeless.suspended(tickets)
    assert (flaky.calls, suspended.progress.failures) == (2, {"call": 2})
    assert suspended.error is not None
    assert (suspended.node, suspended.error.type, suspended.error.message) == ("call", "OSError", "two")
    due = timeless.clock() + timedelta(seconds=60)
    assert suspended.progress.pauses == (Pause("call", Reason.RETRY, due),)


async def test_a_capped_delay_is_waited_in_the_process(tickets: Pipeline, worker: Worker) -> None:
    flaky = Flaky(*(OSError() for _ in range(9)))

    @tickets.node(retries=2)
    async def call(event: TicketOpened) -> int:
        return flaky()

    failed = await worker.failed(tickets, delay_cap_seconds=0.001)
    assert (flaky.calls, failed.progress.failures) == (3, {"call": 3})


async def test_the_failures_of_earlier_attempts_count(tickets: Pipeline, worker: Worker) -> None:
    flaky = Flaky(*(OSError() for _ in range(9)))

    @tickets.node(backoff=[0.001] * 3)
    async def call(event: TicketOpened) -> int:
        return flaky()

    failed = await worker.failed(tickets, {"call": 2, "other": 1})
    assert (flaky.calls, failed.progress.failures) == (2, {"call": 4, "other": 1})


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delays=st.lists(st.sampled_from([0.0, 0.001, 30.0]), max_size=5))
async def test_a_node_that_always_fails_is_called_once_and_once_more_for_each_retry(
    delays: list[float], threads: NodeThreads
) -> None:
    pipeline, clock = Pipeline("tickets", TicketOpened, register=False), VirtualClock()
    calls = 0

    @pipeline.node(backoff=delays)
    async def call(event: TicketOpened) -> None:
        nonlocal calls
        calls += 1
        raise OSError

    run = LongRun(Worker(threads, clock=clock), pipeline)
    while isinstance(await run.attempt(), Suspended):
        clock.move(30)
    assert calls == 1 + len(delays)
    assert run.failures == {"call": calls}
    assert run.number == 1 + delays.count(30.0)


def a_validation_error() -> Exception:
    try:
        TypeAdapter(int).validate_python("x")
    except ValueError as error:
        return error
    raise AssertionError


BUGS = [TypeError(), KeyError("x"), AttributeError(), NameError(), ImportError(), a_validation_error()]


@pytest.mark.parametrize("error", [*BUGS, Permanent("no"), OutputNotJson("no")], ids=type)
async def test_an_error_that_another_try_cannot_help_fails_for_good(
    error: Exception, tickets: Pipeline, worker: Worker
) -> None:
    flaky = Flaky(error)

    @tickets.node(backoff=[0.001])
    async def call(event: TicketOpened) -> int:
        return flaky()

    failed = await worker.failed(tickets)
    assert (flaky.calls, failed.progress.failures) == (1, {"call": 1})


@pytest.mark.parametrize("error", BUGS, ids=type)
async def test_such_an_error_is_retried_where_the_node_says_so(
    error: Exception, tickets: Pipeline, worker: Worker
) -> None:
    flaky = Flaky(error)

    @tickets.node(backoff=[0.001], retry_on=[type(error)])
    async def call(event: TicketOpened) -> int:
        return flaky()

    assert (await worker.completed(tickets))["nodes"]["call"] == 2


@pytest.mark.parametrize(("retry_on", "calls"), [(Exception, 1), (Permanent, 2)])
async def test_permanent_is_retried_only_where_it_is_listed_by_name(
    retry_on: type[Exception], calls: int, tickets: Pipeline, worker: Worker
) -> None:
    flaky = Flaky(Permanent("no"))

    @tickets.node(backoff=[0.001], retry_on=[retry_on])
    async def call(event: TicketOpened) -> int:
        return flaky()

    await worker.attempt(tickets)
    assert flaky.calls == calls


def seconds_ahead(suspended: Suspended, worker: Worker) -> float:
    """How far the one pause lies ahead."""
    [pause] = suspended.progress.pauses
    assert pause.due is not None
    return (pause.due - worker.clock()).total_seconds()


async def test_a_long_retry_after_ends_the_attempt_and_spends_nothing(tickets: Pipeline, timeless: Worker) -> None:
    flaky = Flaky(RetryAfter(90))

    @tickets.node
    async def call(event: TicketOpened) -> int:
        return flaky()

    suspended = await timeless.suspended(tickets, {"call": 1})
    assert seconds_ahead(suspended, timeless) == 90
    assert suspended.progress.failures == {"call": 1}
    assert suspended.error is not None
    assert suspended.error.code == "retry-after"


async def test_a_short_retry_after_is_waited_in_the_process_and_spends_nothing(
    tickets: Pipeline, worker: Worker
) -> None:
    flaky = Flaky(RetryAfter(0), OSError("later"))

    @tickets.node
    async def call(event: TicketOpened) -> int:
        return flaky()

    suspended = await worker.suspended(tickets)
    assert (flaky.calls, suspended.progress.failures) == (2, {"call": 1})


async def test_the_cap_on_delays_holds_for_retry_after_too(tickets: Pipeline, timeless: Worker) -> None:
    flaky = Flaky(RetryAfter(90))

    @tickets.node
    async def call(event: TicketOpened) -> int:
        return flaky()

    assert seconds_ahead(await timeless.suspended(tickets, delay_cap_seconds=5), timeless) == 5


def test_a_node_that_asks_to_be_called_at_once_cannot_spin() -> None:
    spec = spec_of(print, NodeOptions())
    failure = Retries(Attempt(1), chance=lambda: 0.5).fail("print", spec, RetryAfter(0))
    assert failure.delay_seconds == SHORTEST_WAIT_SECONDS


@pytest.mark.parametrize(
    ("seconds", "understood"),  # None: what counts is the schedule of the node
    [("120", 120), (-5, None), (math.inf, 365 * 86_400), (math.nan, None), ("soon", None)],
)
async def test_a_retry_after_that_is_no_usable_number_does_no_harm(
    seconds: Any, understood: float | None, tickets: Pipeline, timeless: Worker
) -> None:
    flaky = Flaky(RetryAfter(seconds), OSError())

    @tickets.node
    async def call(event: TicketOpened) -> int:
        return flaky()

    suspended = await timeless.suspended(tickets)
    assert seconds_ahead(suspended, timeless) == (FIRST_DELAY_SECONDS if understood is None else understood)
    assert suspended.progress.failures == ({"call": 1} if understood is None else {})


async def test_each_node_has_a_counter_of_its_own(tickets: Pipeline, worker: Worker) -> None:
    left, right = Flaky(OSError()), Flaky(OSError(), OSError())

    @tickets.node(backoff=[0.001])
    async def first(event: TicketOpened) -> int:
        return left()

    @tickets.node(backoff=[0.001, 0.001])
    async def second(first: int) -> int:
        return right()

    assert isinstance(await worker.attempt(tickets), Completed)
    assert (left.calls, right.calls) == (2, 3)
