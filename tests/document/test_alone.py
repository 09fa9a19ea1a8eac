"""What a reader can do with `headrace` in a process of his own: without any service, and before he set anything."""

from pathlib import Path

import pytest

import headrace
from tests.document.reader import run_alone

RUN_A_PIPELINE = """
import asyncio, json
from headrace import ElasticsearchIndexNode, EventSchema, Pipeline, PipelineRegistry

class TicketOpened(EventSchema, type="ticket.opened"):
    subject: str

tickets = Pipeline("tickets", TicketOpened)

@tickets.node
async def classify(event: TicketOpened) -> str:
    return "billing"

@tickets.node
def reply(event: TicketOpened, classify: str) -> dict:
    return {"to": classify, "text": f"Re: {event.subject}"}

event = EventSchema(**{"type": "ticket.opened", "subject": "no light", "more": [1]})
pipeline = PipelineRegistry.get_pipeline(event)
pipeline.add_node(ElasticsearchIndexNode())

async def inside_a_loop():
    return pipeline.run(event)

contexts = [pipeline.run(event), asyncio.run(inside_a_loop())]
print(json.dumps([context.model_dump(mode="json") for context in contexts]))
"""


def test_a_pipeline_runs_without_any_service_also_inside_a_running_loop(tmp_path: Path) -> None:
    contexts = run_alone(RUN_A_PIPELINE, tmp_path)

    assert len(contexts) == 2
    for context in contexts:
        assert set(context) == {"event", "nodes", "metadata"}
        assert context["event"] == {"type": "ticket.opened", "subject": "no light", "more": [1]}
        assert context["nodes"]["reply"] == {"to": "billing", "text": "Re: no light"}
        assert context["metadata"]["pipeline"] == "tickets"
        assert len(context["metadata"]["search"]) == 1


READ_THE_CONFIGURATION = """
import json
from headrace import celery_app, get_celery_config, get_redis_url

assert get_celery_config() is get_celery_config()
conf = celery_app.conf
print(json.dumps({
    "name": celery_app.main,
    "urls": sorted({get_redis_url(), conf.broker_url, conf.result_backend}),
    "serializers": sorted({conf.task_serializer, conf.result_serializer, *conf.accept_content}),
    "timezone": [conf.timezone, conf.enable_utc],
    "reconnects": conf.broker_connection_retry_on_startup,
    "task": "process_incoming_event" in celery_app.tasks,
}))
"""


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({"PROJECT_NAME": "x"}, "redis://x_redis:6379/0"),
        ({"PROJECT_NAME": "x", "HEADRACE_REDIS_URL": "redis://elsewhere:1234/5"}, "redis://elsewhere:1234/5"),
        ({}, "redis://localhost:6379/0"),
    ],
    ids=["project", "explicit", "neither"],
)
def test_celery_is_configured_as_the_document_says(tmp_path: Path, environment: dict[str, str], url: str) -> None:
    assert run_alone(READ_THE_CONFIGURATION, tmp_path, **environment) == {
        "name": "tasks",
        "urls": [url],
        "serializers": ["json"],
        "timezone": ["UTC", True],
        "reconnects": True,
        "task": True,
    }


def test_importing_headrace_alone_is_cheap(tmp_path: Path) -> None:
    program = """
import json, sys
import headrace
heavy = {"celery", "fastapi", "sqlalchemy", "psycopg", "pydantic", "redis", "orjson"}
print(json.dumps(sorted(heavy & set(sys.modules))))
"""
    assert run_alone(program, tmp_path) == []


def test_all_names_are_imported_by_a_star(tmp_path: Path) -> None:
    program = """
import json
from headrace import *
print(json.dumps(sorted(name for name in globals() if not name.startswith("_"))))
"""
    assert run_alone(program, tmp_path) == sorted({*headrace.__all__, "json"})


@pytest.mark.parametrize("name", ["process_incoming_event", "celery_app"])
def test_each_way_to_celery_knows_where_results_are(tmp_path: Path, name: str) -> None:
    program = f"""
import json
from headrace import {name} as found
app = getattr(found, "app", found)
print(json.dumps(app.find_event.__module__))
"""
    assert run_alone(program, tmp_path) == "headrace.bootstrap.results"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'headrace' has no attribute 'nothing'"):
        headrace.nothing  # noqa: B018
