from functools import partial
from typing import Any

import pytest

from headrace.domain.backoff import DEFAULT_DELAYS_SECONDS
from headrace.engine import Node, NodeOptions
from headrace.engine.node import NodeTarget
from headrace.engine.spec import spec_of
from headrace.errors import PipelineInvalid


class ElasticsearchIndexNode(Node):
    async def process(self, event: object) -> str:
        return "indexed"


class HTTPFetchNode(Node):
    def process(self, event: object, elasticsearch_index: str) -> str:
        return elasticsearch_index


class SplitMail(Node):
    def process(self) -> None: ...


class Renamed(Node):
    name = "other"

    def process(self) -> None: ...


class Greeting(Node):
    def __init__(self, word: str) -> None:
        self.word = word

    def process(self) -> str:
        return self.word


class Unfinished(Node):
    pass


async def fetch(event: object, limit: int = 5) -> list[str]:
    return []


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (ElasticsearchIndexNode, "elasticsearch_index"),
        (HTTPFetchNode, "http_fetch"),
        (SplitMail, "split_mail"),
        (Renamed, "other"),
        (Greeting("hello"), "greeting"),
        (fetch, "fetch"),
    ],
)
def test_a_node_has_the_name_of_its_function_or_class(target: NodeTarget, name: str) -> None:
    assert spec_of(target, NodeOptions()).name == name


def test_an_instance_can_have_a_name_of_its_own() -> None:
    greeting = Greeting("hello")
    greeting.name = "welcome"
    assert spec_of(greeting, NodeOptions()).name == "welcome"


def test_the_parameters_are_the_inputs() -> None:
    spec = spec_of(HTTPFetchNode, NodeOptions())
    assert [parameter.name for parameter in spec.inputs] == ["event", "elasticsearch_index"]
    assert not spec.is_async
    assert spec.output_type is str


def test_an_async_function_is_known_as_one() -> None:
    assert spec_of(fetch, NodeOptions()).is_async
    assert spec_of(ElasticsearchIndexNode, NodeOptions()).is_async


def test_the_defaults_are_the_published_schedule_and_300_seconds() -> None:
    spec = spec_of(fetch, NodeOptions())
    assert spec.backoff.delays_seconds == DEFAULT_DELAYS_SECONDS
    assert (spec.timeout_seconds, spec.retry_on, spec.after) == (300, (), ())


def test_retries_and_backoff_replace_the_schedule() -> None:
    options = NodeOptions(retries=3, backoff=[1, 2], timeout_seconds=9, retry_on=[KeyError])
    spec = spec_of(fetch, options)
    assert list(spec.backoff.delays_seconds) == [1, 2, 2]
    assert (spec.timeout_seconds, spec.retry_on) == (9, (KeyError,))


@pytest.mark.parametrize("after", ["split_mail", ["split_mail"], [SplitMail], [SplitMail()]])
def test_after_takes_names_functions_and_nodes(after: Any) -> None:
    assert spec_of(fetch, NodeOptions(after=after)).after == ("split_mail",)


@pytest.mark.parametrize("target", [42, "fetch", dict, partial(fetch, 1)])
def test_something_else_is_no_node(target: Any) -> None:
    with pytest.raises(PipelineInvalid, match="is no node"):
        spec_of(target, NodeOptions())


def test_a_class_without_process_is_told() -> None:
    with pytest.raises(PipelineInvalid, match="has no `process`"):
        spec_of(Unfinished, NodeOptions())


def test_a_class_that_needs_arguments_is_told_how_to_add_it() -> None:
    with pytest.raises(PipelineInvalid, match=r"add_node\(Greeting\(…\)\)"):
        spec_of(Greeting, NodeOptions())
