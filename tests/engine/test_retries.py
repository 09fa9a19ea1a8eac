import itertools
import math
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from headrace.domain.outcome import Completed, NodeFailed
from headrace.engine import Attempt, NodeOptions, NodeThreads, Pipeline, perform
from headrace.engine.node import spec_of
from headrace.engine.retries import SHORTEST_WAIT_SECONDS, Retries
from headrace.errors import OutputNotJson, Permanent, RetryAfter
from tests.engine.support import TicketOpened, Worker


class Flaky:
    """A function that raises what it is given, one at a call, and then succeeds."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = iter(errors)
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        for error in self.errors:
            raise error
        return self.calls


async def test_short_delays_are_waited_in_the_process(tickets: Pipeline, worker: Worker) -> None:
    flaky = Flaky(OSError(), OSError())

    @tickets.node(backoff=[0.001, 0.001])
    async def call(event: TicketOpened) -> int:
        return flaky()

    context = await worker.completed(tickets)
    assert context["nodes"]["call"] == 3
    assert context["metadata"]["nodes"]["call"]["attempt"] == 3


async def test_a_long_delay_ends_the_attempt(tickets: Pipeline, worker: Worker) -> None:
    flaky = Flaky(OSError("one"), OSError("two"))

    @tickets.node(backoff=[0.001, 60])
    def call(event: TicketOpened) -> int:
        return flaky()

    failed = await worker.failed(tickets)
    assert (flaky.calls, failed.failures, failed.permanent) == (2, {"call": 2}, False)
    assert (failed.error.type, failed.error.message) == ("OSError", "two")
    assert list(failed.backoff.delays_seconds) == [0.001, 60]
    assert orjson.loads(failed.task_context)["metadata"]["nodes"]["call"]["attempt"] == 2


async def test_a_capped_delay_is_waited_in_the_process(tickets: Pipeline, worker: Worker) -> None:
    flaky = Flaky(*(OSError() for _ in range(9)))

    @tickets.node(retries=2)
    async def call(event: TicketOpened) -> int:
        return flaky()

    failed = await worker.failed(tickets, delay_cap_seconds=0.001)
    assert (flaky.calls, failed.failures) == (3, {"call": 3})


async def test_the_failures_of_earlier_attempts_count(tickets: Pipeline, worker: Worker) -> None:
    flaky = Flaky(*(OSError() for _ in range(9)))

    @tickets.node(backoff=[0.001] * 3)
    async def call(event: TicketOpened) -> int:
        return flaky()

    failed = await worker.failed(tickets, {"call": 2, "other": 1})
    assert (flaky.calls, failed.failures) == (2, {"call": 4, "other": 1})


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delays=st.lists(st.sampled_from([0.0, 0.001, 30.0]), max_size=5))
async def test_a_node_that_always_fails_is_called_once_and_once_more_for_each_retry(
    delays: list[float], threads: NodeThreads
) -> None:
    pipeline = Pipeline("tickets", TicketOpened, register=False)
    calls = 0

    @pipeline.node(backoff=delays)
    async def call(event: TicketOpened) -> None:
        nonlocal calls
        calls += 1
        raise OSError

    failures: Any = {}
    for attempt in itertools.count(1):
        failed = await perform(pipeline, TicketOpened(), Attempt(attempt, failures), threads, chance=lambda: 0.5)
        assert isinstance(failed, NodeFailed)
        failures = failed.failures
        if failures["call"] > len(failed.backoff.delays_seconds):
            break
    assert calls == 1 + len(delays)
    assert attempt == 1 + delays.count(30.0)


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
    assert (flaky.calls, failed.permanent, failed.failures) == (1, True, {"call": 1})


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


async def test_a_long_retry_after_ends_the_attempt_and_spends_nothing(tickets: Pipeline, worker: Worker) -> None:
    flaky = Flaky(RetryAfter(90))

    @tickets.node
    async def call(event: TicketOpened) -> int:
        return flaky()

    failed = await worker.failed(tickets, {"call": 1})
    assert (failed.retry_after_seconds, failed.failures, failed.permanent) == (90, {"call": 1}, False)
    assert failed.error.code == "retry-after"


async def test_a_short_retry_after_is_waited_in_the_process_and_spends_nothing(
    tickets: Pipeline, worker: Worker
) -> None:
    flaky = Flaky(RetryAfter(0), OSError("later"))

    @tickets.node
    async def call(event: TicketOpened) -> int:
        return flaky()

    failed = await worker.failed(tickets)
    assert (flaky.calls, failed.failures) == (2, {"call": 1})


async def test_the_cap_on_delays_holds_for_retry_after_too(tickets: Pipeline, worker: Worker) -> None:
    flaky = Flaky(RetryAfter(90))

    @tickets.node
    async def call(event: TicketOpened) -> int:
        return flaky()

    assert (await worker.failed(tickets, delay_cap_seconds=5)).retry_after_seconds == 5


def test_a_node_that_asks_to_be_called_at_once_cannot_spin() -> None:
    spec = spec_of(print, NodeOptions())
    failure = Retries(Attempt(1), chance=lambda: 0.5).fail(spec, RetryAfter(0))
    assert failure.pause_seconds == SHORTEST_WAIT_SECONDS


@pytest.mark.parametrize(
    ("seconds", "understood"),
    [("120", 120), (-5, 0), (math.inf, 365 * 86_400), (math.nan, None), ("soon", None)],
)
async def test_a_retry_after_that_is_no_usable_number_does_no_harm(
    seconds: Any, understood: float | None, tickets: Pipeline, worker: Worker
) -> None:
    flaky = Flaky(RetryAfter(seconds), OSError())

    @tickets.node
    async def call(event: TicketOpened) -> int:
        return flaky()

    outcome = await worker.failed(tickets)
    waited_here = understood == 0
    assert outcome.retry_after_seconds == (None if waited_here else understood)
    assert outcome.failures == ({"call": 1} if understood in (None, 0) else {})


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
