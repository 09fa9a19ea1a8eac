"""The demo's pipelines without any service."""

import asyncio
import json

import pytest

from headrace.demo.categories import CATEGORIES
from headrace.demo.expected import expected_nodes
from headrace.demo.services import SHORTEST_SECONDS
from headrace.demo.webhooks import recorded_webhooks
from headrace.engine import Pipeline, PipelineRegistry, TaskContext

with PipelineRegistry.isolated():
    from headrace.demo.app.any_kind import pipelines as generic_pipelines
    from headrace.demo.app.issues import issues
    from headrace.demo.app.pull_requests import pull_requests
    from headrace.demo.app.pushes import pushes

WEBHOOKS = recorded_webhooks()
PIPELINES: dict[str, Pipeline] = {
    pipeline.event_type: pipeline for pipeline in (*generic_pipelines, issues, pull_requests, pushes)
}


@pytest.fixture(scope="session")
def contexts() -> list[TaskContext]:
    """What comes of each webhook; all run at once, because most of them wait for a slow call.

    Once a process: a service refuses a question only when it hears it for the first time.
    """

    async def run_all() -> list[TaskContext]:
        return await asyncio.gather(*(PIPELINES[webhook.type].run_async(webhook.event) for webhook in WEBHOOKS))

    return asyncio.run(run_all())


def test_every_kind_of_webhook_has_a_pipeline_without_a_mistake() -> None:
    assert PIPELINES.keys() == {f"github.{kind}" for kind in CATEGORIES}
    assert [pipeline.mistakes() for pipeline in PIPELINES.values()] == [[]] * len(CATEGORIES)


def test_a_pipeline_has_the_name_by_which_the_demo_asks_for_it() -> None:
    assert {pipeline.name for pipeline in PIPELINES.values()} == CATEGORIES.keys()


def test_every_result_is_what_plain_functions_compute(contexts: list[TaskContext]) -> None:
    results = [context.model_dump(mode="json")["nodes"] for context in contexts]
    assert results == [expected_nodes(webhook) for webhook in WEBHOOKS]


def test_the_event_is_kept_whole(contexts: list[TaskContext]) -> None:
    kept = [json.loads(context.to_json())["event"] for context in contexts]
    assert kept == [webhook.event for webhook in WEBHOOKS]


def test_most_events_are_slow(contexts: list[TaskContext]) -> None:
    slow = [
        context
        for context in contexts
        if any(node["milliseconds"] >= SHORTEST_SECONDS * 1000 for node in context.metadata["nodes"].values())
    ]
    assert len(slow) > len(contexts) / 2


def test_a_node_is_called_again_where_its_service_was_busy(contexts: list[TaskContext]) -> None:
    attempts = [context.metadata["nodes"]["risk"]["attempts"] for context in contexts if "risk" in context.nodes]
    assert set(attempts) == {1, 2}
