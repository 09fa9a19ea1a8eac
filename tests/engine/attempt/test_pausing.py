import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from headrace.domain.ids import new_id
from headrace.domain.progress import Arrival, Awaited, Pause
from headrace.domain.states import Reason
from headrace.engine import EventSchema, Pipeline
from tests.engine.support import Flaky, LongRun, TicketOpened, VirtualClock, Worker, states_of

#: A moment that is waited for in the attempt.
BRIEF_SECONDS = 0.05


class Settled(EventSchema, type="invoice.settled", match="invoice_id"):
    invoice_id: str
    amount: int = 0


def arrival(**data: Any) -> Arrival:
    return Arrival(new_id(), orjson.dumps({"type": "invoice.settled", **data}))


@pytest.fixture
def sleepy(tickets: Pipeline) -> Pipeline:
    """`first`, a sleep of two hours behind it, and `last` behind that."""

    @tickets.node
    async def first(event: TicketOpened) -> int:
        return 1

    pause = tickets.sleep(hours=2)

    @tickets.node(after=pause)
    async def last(first: int) -> int:
        return first + 1

    return tickets


@pytest.fixture
def expectant(tickets: Pipeline) -> Pipeline:
    """A wait for an invoice of the event's subject, at most a minute, and `amount`, which takes it."""
    tickets.wait_for("invoice.settled", key="subject", timeout=timedelta(minutes=1))

    @tickets.node
    async def amount(invoice_settled: Settled | None) -> int | None:
        return None if invoice_settled is None else invoice_settled.amount

    return tickets


async def test_a_sleep_holds_what_is_behind_it(sleepy: Pipeline, timeless: Worker, clock: VirtualClock) -> None:
    run, due = LongRun(timeless, sleepy), clock() + timedelta(hours=2)
    suspended = await run.suspended()
    assert suspended.progress.pauses == (Pause("sleep", Reason.SLEEP, due),)
    assert (suspended.node, suspended.error) == (None, None)
    clock.move(7000)
    assert (await run.suspended()).progress.pauses == (Pause("sleep", Reason.SLEEP, due),)
    clock.move(200)
    assert (await run.completed())["nodes"] == {"first": 1, "sleep": None, "last": 2}


async def test_a_moment_of_sleep_is_waited_in_the_attempt(tickets: Pipeline, worker: Worker) -> None:
    pause = tickets.sleep(seconds=BRIEF_SECONDS)

    @tickets.node(after=pause)
    async def last() -> int:
        return 1

    assert states_of(await worker.completed(tickets)) == {"sleep": "succeeded", "last": "succeeded"}


async def test_a_pause_that_ends_while_others_run_goes_on_in_the_same_attempt(
    tickets: Pipeline, worker: Worker
) -> None:
    woken = asyncio.Event()

    @tickets.node
    async def long(event: TicketOpened) -> None:
        await woken.wait()

    @tickets.node
    async def start(event: TicketOpened) -> None: ...

    pause = tickets.sleep(seconds=BRIEF_SECONDS, after=start)

    @tickets.node(after=pause)
    async def wake() -> None:
        woken.set()

    assert set(states_of(await worker.completed(tickets)).values()) == {"succeeded"}


async def test_an_event_that_arrived_is_the_output(expectant: Pipeline, timeless: Worker, clock: VirtualClock) -> None:
    run = LongRun(timeless, expectant)
    wanted = Pause(
        "invoice_settled", Reason.WAIT, clock() + timedelta(minutes=1), Awaited("invoice.settled", "no light")
    )
    assert (await run.suspended()).progress.pauses == (wanted,)
    run.arrivals["invoice_settled"] = arrival(invoice_id="no light", amount=7)
    context = await run.completed()
    assert context["nodes"]["amount"] == 7
    assert context["nodes"]["invoice_settled"] == {"type": "invoice.settled", "invoice_id": "no light", "amount": 7}


async def test_after_the_timeout_the_output_is_none(expectant: Pipeline, timeless: Worker, clock: VirtualClock) -> None:
    run = LongRun(timeless, expectant)
    await run.suspended()
    clock.move(60)
    assert (await run.completed())["nodes"] == {"invoice_settled": None, "amount": None}


async def test_an_arrival_at_the_last_moment_counts(expectant: Pipeline, timeless: Worker, clock: VirtualClock) -> None:
    run = LongRun(timeless, expectant)
    await run.suspended()
    run.arrivals["invoice_settled"] = arrival(invoice_id="no light", amount=7)
    clock.move(61)
    assert (await run.completed())["nodes"]["amount"] == 7


async def test_an_arrival_that_does_not_fit_its_class_fails_the_wait(expectant: Pipeline, timeless: Worker) -> None:
    run = LongRun(timeless, expectant)
    run.arrivals["invoice_settled"] = arrival(amount="much")
    failed = await run.failed()
    assert (failed.node, failed.error.code) == ("invoice_settled", "schema-mismatch")


async def created(event: TicketOpened) -> dict[str, Any]:
    return {"id": 42, "none": None}


async def text(event: TicketOpened) -> str:
    return "some text"


@pytest.mark.parametrize(
    ("key", "match_key"),
    [
        ("subject", "no light"),
        ("event.subject", "no light"),
        ("text", "some text"),
        ("created.id", "42"),
        ("created", '{"id":42,"none":null}'),
    ],
)
async def test_the_key_is_a_field_a_nodes_output_or_a_path(
    key: str, match_key: str, tickets: Pipeline, timeless: Worker
) -> None:
    tickets.node(created)
    tickets.node(text)
    tickets.wait_for("invoice.settled", key=key, name="paid")
    [pause] = (await timeless.suspended(tickets)).progress.pauses
    assert pause == Pause("paid", Reason.WAIT, None, Awaited("invoice.settled", match_key))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("created.none", "node 'paid' waits for 'invoice.settled', and 'created.none' is empty"),
        ("created.nothing", "there is no 'nothing' in a dict"),
    ],
)
async def test_a_wait_without_a_key_fails(key: str, message: str, tickets: Pipeline, timeless: Worker) -> None:
    tickets.node(created)
    tickets.wait_for("invoice.settled", key=key, name="paid")
    failed = await timeless.failed(tickets)
    assert (failed.node, failed.error.code, failed.error.message) == ("paid", "permanent", message)


async def test_a_retry_a_sleep_and_a_wait_are_held_beside_each_other(
    tickets: Pipeline, timeless: Worker, clock: VirtualClock
) -> None:
    flaky = Flaky(OSError())
    tickets.sleep(seconds=100)

    @tickets.node(backoff=[60])
    async def call(event: TicketOpened) -> int:
        return flaky()

    tickets.wait_for("invoice.settled", key="subject", after="call")
    run, begun_at = LongRun(timeless, tickets), clock()
    first = {pause.node: pause.due for pause in (await run.suspended()).progress.pauses}
    assert first == {"call": begun_at + timedelta(seconds=60), "sleep": begun_at + timedelta(seconds=100)}
    clock.move(60)
    second = {pause.node: pause.due for pause in (await run.suspended()).progress.pauses}
    assert second == {"sleep": begun_at + timedelta(seconds=100), "invoice_settled": None}
    clock.move(40)
    assert [pause.node for pause in (await run.suspended()).progress.pauses] == ["invoice_settled"]
    run.arrivals["invoice_settled"] = arrival(invoice_id="no light")
    assert set((await run.completed())["nodes"]) == {"sleep", "call", "invoice_settled"}


async def test_a_suspended_run_tells_its_newest_failure(tickets: Pipeline, timeless: Worker) -> None:
    @tickets.node
    async def call(event: TicketOpened) -> int:
        raise OSError("no route")

    suspended = await timeless.suspended(tickets)
    assert suspended.error is not None
    assert (suspended.node, suspended.error.message) == ("call", "no route")


async def test_a_failure_that_was_cured_meanwhile_is_not_told(tickets: Pipeline, worker: Worker) -> None:
    calls, cured = 0, asyncio.Event()

    @tickets.node(backoff=[1.05])
    async def flaky(event: TicketOpened) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OSError("asleep")
        cured.set()
        return 1

    @tickets.node
    async def beside(event: TicketOpened) -> int:
        await cured.wait()
        return 2

    tickets.sleep("nap", hours=1, after=[flaky, beside])

    suspended = await worker.suspended(tickets)

    assert [pause.node for pause in suspended.progress.pauses] == ["nap"]
    assert (suspended.node, suspended.error) == (None, None)


async def test_a_pause_of_a_node_that_is_no_more_is_known_to_hold_nothing(
    tickets: Pipeline, timeless: Worker, clock: VirtualClock
) -> None:
    tickets.node(backoff=[10], retries=1)(fails("gone"))
    run = LongRun(timeless, tickets)
    await run.suspended()
    clock.move(10)
    run.pipeline = Pipeline("tickets", TicketOpened, register=False)
    run.pipeline.node(backoff=[60])(fails("other"))
    outcome = await run.suspended()
    assert outcome.unreached == {"gone"}
    assert {pause.node for pause in outcome.progress.pauses} == {"gone", "other"}


def fails(name: str) -> Callable[[], None]:
    def failing() -> None:
        raise OSError

    failing.__name__ = name
    return failing
