import asyncio
from datetime import UTC, datetime

import pytest

from headrace.engine import Pipeline, TaskContext
from headrace.errors import Permanent, RetryAfter
from headrace.testing import InjectedFailure, run_pipeline, run_pipeline_async
from tests.testing.support import Ordered, Paid


def test_a_run_tells_what_every_reader_of_it_would_find(orders: Pipeline) -> None:
    run = run_pipeline(orders, {"order_id": 8})
    assert run.state == "succeeded"
    assert run.outputs == {"reserve": 8, "charge": "charged 8", "ship": "charged 8, shipped"}
    assert run.states == dict.fromkeys(("reserve", "charge", "ship"), "succeeded")
    assert run.calls == {"reserve": 1, "charge": 1, "ship": 1}
    assert [attempt.outcome for attempt in run.attempts] == ["succeeded"]
    assert run.context["event"] == {"type": "test.ordered", "order_id": 8, "items": []}
    assert run.error is None


async def test_it_runs_on_a_running_loop_and_inside_of_one(orders: Pipeline) -> None:
    assert (await run_pipeline_async(orders, Ordered())).state == "succeeded"
    assert run_pipeline(orders, Ordered()).state == "succeeded"


def test_retries_of_hours_take_no_time_and_nothing_that_is_kept_runs_again(orders: Pipeline) -> None:
    run = run_pipeline(orders, Ordered(), failures={"charge": 2})
    assert run.state == "succeeded"
    assert run.calls == {"reserve": 1, "charge": 3, "ship": 1}
    assert [attempt.outcome for attempt in run.attempts] == ["waiting", "waiting", "succeeded"]
    assert [attempt.node for attempt in run.attempts] == ["charge", "charge", None]
    assert run.attempts[0].error is not None
    assert run.attempts[0].error.message == "failure 1 of 2"
    assert run.elapsed_seconds == pytest.approx(90_000, abs=5)


def test_a_run_whose_retries_are_spent_fails_with_the_error(orders: Pipeline) -> None:
    run = run_pipeline(orders, Ordered(), failures={"charge": 3})
    assert run.state == "failed"
    assert run.error is not None
    assert run.error.type.endswith(InjectedFailure.__name__)
    assert run.states == {"reserve": "succeeded", "charge": "failed"}
    assert run.outputs == {"reserve": 7}


def test_errors_can_be_given_by_themselves(orders: Pipeline) -> None:
    run = run_pipeline(orders, Ordered(), failures={"charge": [RetryAfter(60), Permanent("no such card")]})
    assert (run.state, run.calls["charge"]) == ("failed", 2)
    assert run.error is not None
    assert (run.error.code, run.error.message) == ("permanent", "no such card")


@pytest.mark.parametrize("node", ["reserve", "charge", "ship"])
def test_after_a_crash_the_run_goes_on_from_what_was_stored(orders: Pipeline, node: str) -> None:
    run = run_pipeline(orders, Ordered(), crashes=[node])
    assert run.state == "succeeded"
    assert [attempt.outcome for attempt in run.attempts] == ["crashed", "succeeded"]
    assert run.calls[node] == 2


def test_what_was_not_stored_is_called_again_after_a_crash(orders: Pipeline) -> None:
    run = run_pipeline(orders, Ordered(), failures={"charge": 2}, crashes=["ship"])
    assert run.calls == {"reserve": 1, "charge": 4, "ship": 2}
    assert [attempt.outcome for attempt in run.attempts] == ["waiting", "waiting", "crashed", "succeeded"]


async def test_a_crash_takes_with_it_what_runs_beside() -> None:
    pipeline = Pipeline("orders", Ordered)
    started = asyncio.Event()
    ended: list[str] = []

    @pipeline.node
    async def beside(event: Ordered) -> None:
        if not started.is_set():
            started.set()
            await asyncio.Event().wait()
        ended.append("beside")

    @pipeline.map(over="event.items", limit=2)
    async def fetch(item: int) -> int:
        await started.wait()
        return item

    run = await run_pipeline_async(pipeline, {"items": [1, 2, 3]}, crashes=["fetch"])
    assert (run.state, run.outputs["fetch"], ended) == ("succeeded", [1, 2, 3], ["beside"])


def test_what_a_node_says_is_to_be_stored_at_once_survives_a_crash() -> None:
    pipeline = Pipeline("orders", Ordered)
    done: list[str] = []

    @pipeline.node(checkpoint=True)
    def reserve(event: Ordered) -> int:
        done.append("reserve")
        return 1

    @pipeline.node
    def charge(reserve: int, context: TaskContext) -> None:
        done.append(context.idempotency_key)

    run = run_pipeline(pipeline, Ordered(), crashes=["charge", "charge"])
    assert run.state == "succeeded"
    assert run.calls == {"reserve": 1, "charge": 3}
    assert done == ["reserve", *[done[1]] * 3]


def test_a_crash_ends_the_nodes_beside_it_and_runs_no_node_of_the_end() -> None:
    pipeline = Pipeline("orders", Ordered)
    ended: list[str] = []

    @pipeline.node
    async def charge(event: Ordered) -> None:
        return None

    @pipeline.finally_
    def close() -> None:
        ended.append("closed")

    run = run_pipeline(pipeline, Ordered(), crashes=["charge"])
    assert (run.state, ended, run.calls["charge"]) == ("succeeded", ["closed"], 2)


def test_a_sleep_takes_no_time_and_an_event_that_is_waited_for_arrives(paying: Pipeline) -> None:
    run = run_pipeline(paying, Ordered(), arrivals=[Paid(order_id=1), Paid(order_id=7, amount=5), Paid(order_id=7)])
    assert (run.state, run.outputs["ship"]) == ("succeeded", 5)
    assert run.elapsed_seconds == pytest.approx(3 * 86_400, abs=5)


def test_without_it_the_wait_runs_into_its_timeout(paying: Pipeline) -> None:
    start = datetime(2031, 5, 5, tzinfo=UTC)
    run = run_pipeline(paying, Ordered(), start=start)
    assert (run.state, run.outputs["ship"]) == ("succeeded", 0)
    assert run.elapsed_seconds == pytest.approx(10 * 86_400, abs=5)
    assert (run.attempts[-1].started_at - start).days == 10


def test_a_run_that_nothing_can_wake_is_waiting() -> None:
    pipeline = Pipeline("orders", Ordered)

    @pipeline.node
    def reserve(event: Ordered) -> int:
        return 1

    pipeline.wait_for("test.paid", key="order_id", name="paid")
    run = run_pipeline(pipeline, Ordered(), arrivals=[Paid(order_id=8)])
    assert run.state == "waiting"
    assert run.states == {"reserve": "succeeded", "paid": "waiting"}
    assert run.outputs == {"reserve": 1}


def test_a_run_that_never_ends_is_waiting(orders: Pipeline) -> None:
    def charge() -> str:
        raise RetryAfter(3600)

    run = run_pipeline(orders, Ordered(), nodes={"charge": charge})
    assert (run.state, run.states["charge"]) == ("waiting", "waiting")


def test_a_deadline_is_counted_by_the_clock_of_the_run() -> None:
    pipeline = Pipeline("orders", Ordered, deadline_seconds=3600)

    @pipeline.node
    def charge(event: Ordered) -> None:
        raise OSError

    run = run_pipeline(pipeline, Ordered())
    assert run.state == "failed"
    assert run.error is not None
    assert run.error.code == "deadline-exceeded"


def test_notes_events_and_lines_are_told() -> None:
    pipeline = Pipeline("orders", Ordered)

    @pipeline.node(backoff=[60])
    def charge(event: Ordered, context: TaskContext) -> None:
        print("asking the bank")  # noqa: T201 - it is what is tested
        context.note("asked", bank=3)
        context.emit(Paid(order_id=event.order_id))

    run = run_pipeline(pipeline, Ordered(), failures={"charge": 1})
    assert [(line.node, line.text) for line in run.lines] == [("charge", "asking the bank")]
    assert [(note.node, note.message, note.fields) for note in run.notes] == [("charge", "asked", {"bank": 3})]
    assert run.emitted == [{"type": "test.paid", "order_id": 7, "amount": 1}]


def test_items_of_a_map_are_counted_and_fail_one_by_one() -> None:
    pipeline = Pipeline("orders", Ordered)

    @pipeline.node
    def pages(event: Ordered) -> list[int]:
        return [1, 2, 3]

    @pipeline.map(over=pages, limit=1, backoff=[60])
    def fetch(item: int) -> int:
        return item * 10

    run = run_pipeline(pipeline, Ordered(), failures={"fetch": 1})
    assert run.outputs["fetch"] == [10, 20, 30]
    assert run.calls["fetch"] == 4
    assert len(run.attempts) == 2


def test_the_branches_that_a_router_did_not_choose_are_skipped() -> None:
    pipeline = Pipeline("orders", Ordered)

    @pipeline.router
    def choose(event: Ordered) -> str:
        return "left"

    @pipeline.node(after="choose")
    def left(event: Ordered) -> int:
        return 1

    @pipeline.node(after="choose")
    def right(event: Ordered) -> int:
        return 2

    assert run_pipeline(pipeline, Ordered()).states["right"] == "skipped"
    assert run_pipeline(pipeline, Ordered(), nodes={"choose": "right"}).outputs == {"choose": "right", "right": 2}
