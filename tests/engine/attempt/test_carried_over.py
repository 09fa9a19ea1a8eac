"""Outputs that a replay carried over from an earlier run."""

from collections import Counter
from typing import Any

import orjson
import pytest

from headrace.domain.progress import ANY_VERSION, Checkpoint
from headrace.engine import Pipeline, TaskContext
from tests.engine.support import LongRun, TicketOpened, Worker, states_of

TIMES = {"state": "succeeded", "attempts": 1}


def carried(node: str, output: Any, **times: Any) -> Checkpoint:
    """An output of which nobody knows the version."""
    return Checkpoint(node, ANY_VERSION, orjson.dumps(output), orjson.dumps({**TIMES, **times}))


def replay_of(worker: Worker, pipeline: Pipeline, *checkpoints: Checkpoint) -> LongRun:
    return LongRun(worker, pipeline, epoch=2, checkpoints={(each.node, each.item): each for each in checkpoints})


@pytest.fixture
def chain(tickets: Pipeline, calls: Counter[str]) -> Pipeline:
    """Two branches of two nodes; `stop` lets the run end early when it is called."""

    @tickets.node
    async def stop(event: TicketOpened, context: TaskContext) -> int:
        calls["stop"] += 1
        context.finish()
        return 1

    @tickets.node
    async def after_stop(stop: int) -> int:
        calls["after_stop"] += 1
        return stop + 1

    @tickets.node
    async def beside(event: TicketOpened) -> int:
        calls["beside"] += 1
        return 10

    @tickets.node
    async def after_beside(beside: int) -> int:
        calls["after_beside"] += 1
        return beside + 1

    return tickets


async def test_an_output_of_unknown_version_counts(chain: Pipeline, worker: Worker, calls: Counter[str]) -> None:
    run = replay_of(worker, chain, carried("stop", 5), carried("beside", 50))
    assert (await run.completed())["nodes"] == {"stop": 5, "after_stop": 6, "beside": 50, "after_beside": 51}
    assert calls == {"after_stop": 1, "after_beside": 1}


async def test_one_that_is_no_longer_of_its_nodes_type_is_made_again(
    chain: Pipeline, worker: Worker, calls: Counter[str]
) -> None:
    run = replay_of(worker, chain, carried("stop", 5), carried("beside", "fifty"))
    assert (await run.completed())["nodes"]["after_beside"] == 11
    assert calls == {"after_stop": 1, "beside": 1, "after_beside": 1}


async def test_what_let_the_run_end_spares_what_is_to_be_called_again(
    chain: Pipeline, worker: Worker, calls: Counter[str]
) -> None:
    finished = carried("stop", 5, finishes=True, spares=["after_stop"])
    context = await replay_of(worker, chain, finished, carried("beside", 50)).completed()
    assert states_of(context) == {
        "stop": "succeeded",
        "after_stop": "succeeded",
        "beside": "succeeded",
        "after_beside": "skipped",
    }
    assert calls == {"after_stop": 1}
    assert context["metadata"]["nodes"]["stop"] == {**TIMES, "finishes": True}


async def test_what_was_finished_beside_the_end_is_not_skipped(
    chain: Pipeline, worker: Worker, calls: Counter[str]
) -> None:
    finished = carried("stop", 5, finishes=True)
    context = await replay_of(worker, chain, finished, carried("beside", 50), carried("after_beside", 51)).completed()
    assert states_of(context)["after_beside"] == "succeeded"
    assert states_of(context)["after_stop"] == "skipped"
    assert not calls


async def test_a_node_that_is_called_again_may_let_the_run_end_anew(
    chain: Pipeline, worker: Worker, calls: Counter[str]
) -> None:
    run = replay_of(worker, chain, carried("beside", 50, finishes=True, spares=["stop", "after_stop"]))
    assert states_of(await run.completed()) == {
        "stop": "succeeded",
        "after_stop": "skipped",
        "beside": "succeeded",
        "after_beside": "skipped",
    }
    assert calls == {"stop": 1}
