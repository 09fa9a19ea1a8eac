import pytest
from pydantic import BaseModel, field_validator

from headrace.engine import Pipeline
from tests.engine.attempt.test_resume import Calls, first_and_second
from tests.engine.support import Flaky, LongRun, TicketOpened, VirtualClock, Worker


async def resumed_with(changed: Pipeline, calls: Calls, worker: Worker, clock: VirtualClock) -> Calls:
    """The calls of a second attempt that follows a changed pipeline."""
    run = LongRun(worker, first_and_second(calls, Flaky(OSError())))
    await run.suspended()
    clock.move(5)
    calls.clear()
    run.pipeline = changed
    await run.completed()
    return calls


async def test_an_unchanged_pipeline_uses_what_is_kept(calls: Calls, timeless: Worker, clock: VirtualClock) -> None:
    same = first_and_second(calls, lambda: None)
    assert await resumed_with(same, calls, timeless, clock) == {"third": 1}


async def test_another_version_of_a_node_makes_it_and_all_behind_it_stale(
    calls: Calls, timeless: Worker, clock: VirtualClock
) -> None:
    changed = first_and_second(calls, lambda: None, version=2)
    assert await resumed_with(changed, calls, timeless, clock) == {"first": 1, "second": 1, "third": 1}


async def test_another_output_type_makes_a_node_stale(calls: Calls, timeless: Worker, clock: VirtualClock) -> None:
    async def second(first: int) -> bool:
        calls["second"] += 1
        return first == 1

    changed = first_and_second(calls, lambda: None).replacing({"second": second})
    assert await resumed_with(changed, calls, timeless, clock) == {"second": 1, "third": 1}


@pytest.mark.parametrize("refuses", [None, ValueError, KeyError])
async def test_an_output_that_its_type_now_refuses_is_made_again(
    refuses: type[Exception] | None, calls: Calls, tickets: Pipeline, timeless: Worker, clock: VirtualClock
) -> None:
    class Picky(BaseModel):
        text: str

        @field_validator("text")
        @classmethod
        def is_long(cls, text: str) -> str:
            if is_picky and refuses is not None and len(text) < 5:
                raise refuses
            return text

    is_picky, flaky = False, Flaky(OSError())

    @tickets.node
    async def answer(event: TicketOpened) -> Picky:
        calls["answer"] += 1
        return Picky(text="short" if is_picky else "no")

    @tickets.node
    async def send(answer: Picky) -> str:
        flaky()
        return answer.text

    run = LongRun(timeless, tickets)
    await run.suspended()
    clock.move(5)
    is_picky = refuses is not None
    assert (await run.completed())["nodes"]["send"] == ("short" if refuses else "no")
    assert calls == {"answer": 2 if refuses else 1}
