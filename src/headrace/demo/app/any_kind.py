"""One pipeline for each kind of webhook that has none of its own: three nodes side by side, then a fourth."""

from headrace import Pipeline
from headrace.demo.app.nodes import AskedSummary, CategoryNode, people, repository, summary
from headrace.demo.app.schema import WebhookReceived
from headrace.demo.categories import CATEGORIES, Category
from headrace.demo.webhooks import TYPE_PREFIX

#: The kinds with a module of their own.
HAND_WRITTEN = {"issues", "pull_request", "push"}


def _pipeline_for(kind: str) -> Pipeline:
    class Received(WebhookReceived, type=f"{TYPE_PREFIX}{kind}"):
        pass

    pipeline = Pipeline(kind, Received)
    pipeline.node(people)
    pipeline.node(repository)
    pipeline.node(CategoryNode)
    pipeline.node(summary if CATEGORIES[kind] is Category.ADMINISTRATION else AskedSummary)
    return pipeline


pipelines = [_pipeline_for(kind) for kind in CATEGORIES if kind not in HAND_WRITTEN]
