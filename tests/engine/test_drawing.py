import json

import pytest

from headrace.engine import EventSchema, Pipeline, schema_hash
from headrace.errors import PipelineInvalid
from tests.engine.support import TicketOpened


@pytest.fixture
def drawn(tickets: Pipeline) -> Pipeline:
    @tickets.node
    async def classify(event: TicketOpened) -> str:
        return ""

    @tickets.node(retries=2, backoff=[1], timeout_seconds=10)
    def reply(event: TicketOpened, classify: str) -> dict[str, str]:
        return {}

    @tickets.node(after=[classify])
    def end(event: TicketOpened) -> None: ...

    return tickets


def test_the_drawing_shows_what_follows_what(drawn: Pipeline) -> None:
    assert drawn.mermaid().splitlines() == [
        "flowchart TD",
        '    event(["ticket.opened"])',
        "    event --> classify",
        "    classify --> reply",
        '    end_["end"]',
        "    classify -.-> end_",
    ]


def test_a_quote_in_the_type_does_not_break_the_drawing() -> None:
    class Quoted(EventSchema, type='a "b"'):
        pass

    assert 'event(["a #quot;b#quot;"])' in Pipeline("quoted", Quoted).mermaid()


def test_the_description_is_json_of_every_node(drawn: Pipeline) -> None:
    described = json.loads(json.dumps(drawn.describe()))
    assert (described["name"], described["type"]) == ("tickets", "ticket.opened")
    assert described["schema_hash"] == schema_hash(TicketOpened)
    assert described["nodes"][1] == {
        "name": "reply",
        "shape": "plain",
        "inputs": ["event", "classify"],
        "after": [],
        "upstream": ["classify"],
        "mode": "sync",
        "retries": 2,
        "backoff_seconds": [1, 1],
        "timeout_seconds": 10,
    }
    assert described["fields"] == [
        {"name": "subject", "type": "str", "required": False},
        {"name": "body", "type": "str", "required": False},
    ]
    assert [(node["name"], node["mode"], node["after"]) for node in described["nodes"]] == [
        ("classify", "async", []),
        ("reply", "sync", []),
        ("end", "sync", ["classify"]),
    ]


def test_a_pipeline_with_mistakes_is_not_drawn(tickets: Pipeline) -> None:
    @tickets.node
    def reply(nobody: int) -> None: ...

    with pytest.raises(PipelineInvalid):
        tickets.mermaid()
