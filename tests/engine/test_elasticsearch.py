from typing import Any

import pytest

from headrace.engine import ElasticsearchIndexNode, Pipeline
from headrace.errors import PipelineInvalid
from tests.engine.support import Plain


def test_it_marks_the_context_with_its_options(tickets: Pipeline) -> None:
    tickets.add_node(ElasticsearchIndexNode(index="tickets", fields=("subject",), extra={"team": "north"}))
    metadata = tickets.run({}).model_dump(mode="json")["metadata"]
    assert metadata["search"] == [{"index": "tickets", "fields": ["subject"], "extra": {"team": "north"}}]


def test_without_options_it_marks_the_default_index(tickets: Pipeline) -> None:
    tickets.add_node(ElasticsearchIndexNode())
    context = tickets.run({})
    assert context.metadata["search"] == [{"index": None, "fields": None, "extra": {}}]
    assert context.nodes == {"elasticsearch_index": None}


def test_two_of_them_leave_two_marks(tickets: Pipeline) -> None:
    class ArchiveNode(ElasticsearchIndexNode):
        pass

    tickets.add_node(ElasticsearchIndexNode("now"))
    tickets.add_node(ArchiveNode("for-good"))
    assert [mark["index"] for mark in tickets.run({}).metadata["search"]] == ["now", "for-good"]


def test_a_run_cannot_change_the_marks_of_the_next(tickets: Pipeline) -> None:
    extra = {"team": {"name": "north"}}
    tickets.add_node(ElasticsearchIndexNode("tickets", extra=extra))
    [mark] = tickets.run({}).metadata["search"]
    mark["index"] = "elsewhere"
    mark["extra"]["team"]["name"] = extra["team"]["name"] = "south"
    [mark] = tickets.run({}).metadata["search"]
    assert (mark["index"], mark["extra"]) == ("tickets", {"team": {"name": "north"}})


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"index": "Two words"}, "found index='Two words'; wanted the name of an index"),
        ({"index": ""}, "found index=''; wanted the name of an index"),
        ({"index": 7}, "found index=7; wanted the name of an index"),
        ({"fields": "subject"}, "found fields='subject'; wanted a list of paths"),
        ({"fields": 7}, "found fields=7; wanted a list of paths"),
        ({"fields": ["subject", 7]}, "found 7 in fields; wanted a path"),
        ({"fields": ["user..login"]}, "found 'user..login' in fields; wanted a path"),
        ({"fields": ["user.*"]}, "found 'user.*' in fields; wanted a path"),
        ({"fields": [" "]}, "found ' ' in fields; wanted a path"),
        ({"extra": ["team"]}, "found extra=['team']; wanted a dict"),
        ({"extra": {"team": Plain()}}, "found an extra without a JSON form"),
        ({"extra": {"n": float("nan")}}, "found an extra without a JSON form"),
    ],
)
def test_what_cannot_be_used_is_told_when_it_is_made(options: dict[str, Any], told: str) -> None:
    with pytest.raises(PipelineInvalid) as caught:
        ElasticsearchIndexNode(**options)
    [problem] = caught.value.problems
    assert problem.startswith(f"node 'elasticsearch_index': {told}")
    assert "; hint: " in problem


def test_all_that_cannot_be_used_is_told_at_once() -> None:
    with pytest.raises(PipelineInvalid) as caught:
        ElasticsearchIndexNode("Two words", ["", "a."], {"team": Plain()})
    assert len(caught.value.problems) == 4
