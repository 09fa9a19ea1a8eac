import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, cast, get_type_hints

import pytest

import headrace
from headrace.engine.checks.injection import InjectionMistake, injection_mistakes
from headrace.engine.codec import codec_of
from headrace.engine.injection.markers import Resource, Secret, annotations_of, marker_of, markers_of, secret_names


def connect(key: Annotated[str, Secret("DATABASE_KEY")], region: str = "here") -> Iterator[str]:
    yield key


@dataclass
class Client:
    database: Annotated[str, Resource(connect)]
    token: Annotated[str, Secret("CLIENT_TOKEN")]


class Connector:
    def __call__(self, key: Annotated[str, Secret("CONNECTOR_KEY")]) -> str:
        return key


@dataclass
class Unhashable(Connector):
    pass


def node(
    event: object,
    key: Annotated[str, Secret("KEY")],
    client: Annotated[Client, Resource(Client)],
    again: Annotated[Client, "a note", Resource(Client)],
) -> None: ...


def test_the_marks_are_public() -> None:
    assert (headrace.Resource, headrace.Secret) == (Resource, Secret)


def test_a_mark_is_found_among_what_a_type_is_annotated_with() -> None:
    assert marker_of(Annotated[str, "a note", Secret("X")]) == Secret("X")
    assert marker_of(Annotated[Client, Resource(Client, scope="run")]) == Resource(Client, "run")
    assert marker_of(Annotated[str, "a note"]) is None
    assert marker_of(str) is None
    assert markers_of(node) == {"key": Secret("KEY"), "client": Resource(Client), "again": Resource(Client)}


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (node, {"KEY", "CLIENT_TOKEN", "DATABASE_KEY"}),
        (functools.partial(connect, region="there"), {"DATABASE_KEY"}),
        (functools.cache(connect), {"DATABASE_KEY"}),
        (Connector(), {"CONNECTOR_KEY"}),
        (Connector().__call__, {"CONNECTOR_KEY"}),
        (len, set()),
        (dict, set()),
    ],
)
def test_the_secrets_of_a_function_are_also_those_of_its_resources(
    function: Callable[..., Any], names: set[str]
) -> None:
    assert secret_names(function) == names


def test_a_node_without_mistakes_has_none() -> None:
    assert injection_mistakes(get_type_hints(node, include_extras=True)) == []


def asks(question: str, *rest: str, **more: str) -> None: ...


def asks_by_place(key: Annotated[str, Secret("KEY")], /) -> None: ...


def of_a_run(key: Annotated[int, Secret("A KEY")]) -> None: ...


def of_the_process(inner: Annotated[Any, Resource(of_a_run, scope="run")]) -> None: ...


class Chicken:
    def __init__(self, egg: "Annotated[Egg, Resource(Egg)]") -> None: ...


class Egg:
    def __init__(self, chicken: Annotated[Chicken, Resource(Chicken)]) -> None: ...


class Opened:
    def __enter__(self) -> str:
        return ""

    def __exit__(self, *error: object) -> None: ...


NAME = (
    "the secret name 'A KEY'",
    "the name of an environment variable",
    'use letters, digits and _, as in Secret("OPENAI_API_KEY")',
)


@pytest.mark.parametrize(
    ("annotation", "mistakes"),
    [
        (Annotated[str, Secret("A KEY")], [NAME]),
        (
            Annotated[bytes, Secret("KEY")],
            [("a secret as bytes", "str, which is what a secret is", 'write Annotated[str, Secret("KEY")]')],
        ),
        (
            Annotated[Any, Resource(Plain := type("Plain", (), {}), scope=cast("Any", "thread"))],
            [("scope='thread'", "'process' or 'run'", "leave it out for once a process")],
        ),
        (
            Annotated[Any, Resource(cast("Any", "connect"))],
            [
                (
                    "the factory connect, which cannot be called",
                    "a function or a class",
                    "give the function itself, without calling it",
                )
            ],
        ),
        (
            Annotated[str, Resource(Unhashable())],
            [
                (
                    "the factory Unhashable(), which has no hash",
                    "a function or a class",
                    "freeze its class, or write a function",
                )
            ],
        ),
        (
            Annotated[Client, Resource(Plain)],
            [
                (
                    "the type Client",
                    "Plain, which is what its factory gives",
                    "write Annotated[Plain, Resource(Plain)]",
                )
            ],
        ),
        (
            Annotated[Any, Resource(asks)],
            [
                (
                    "the factory asks with the parameter 'question', which nobody fills",
                    "parameters by name, each with a default, a Secret or a Resource",
                    "give question a default, or mark it as in Annotated[str, Secret(…)]",
                )
            ],
        ),
        (
            Annotated[Any, Resource(asks_by_place)],
            [
                (
                    "the factory asks_by_place with the parameter 'key', which nobody fills",
                    "parameters by name, each with a default, a Secret or a Resource",
                    "give key a default, or mark it as in Annotated[str, Secret(…)]",
                )
            ],
        ),
        (
            Annotated[Any, Resource(of_the_process)],
            [
                (
                    "of_the_process, once a process, which needs of_a_run, once a run",
                    "a resource that lasts as long as what needs it",
                    "write Resource(of_the_process, scope='run')",
                ),
                NAME,
                ("a secret as int", "str, which is what a secret is", 'write Annotated[str, Secret("A KEY")]'),
            ],
        ),
        (
            Annotated[Any, Resource(Egg)],
            [
                (
                    "a cycle of factories: Egg → Chicken → Egg",
                    "factories that do not need each other",
                    "drop one of these",
                )
            ],
        ),
        (Annotated[str, Resource(Opened)], []),
        (Annotated[object, Resource(Plain)], []),
        (Annotated[list[str], Resource(Plain)], []),
        (str, []),
    ],
)
def test_each_mistake_is_told_with_what_was_found_what_is_wanted_and_a_hint(
    annotation: Any, mistakes: list[tuple[str, str, str]]
) -> None:
    assert injection_mistakes({"given": annotation}) == [InjectionMistake("given", *mistake) for mistake in mistakes]


def test_secrets_are_found_once_in_factories_that_need_each_other() -> None:
    assert secret_names(Egg) == set()


def half_resolvable(
    event: "object",
    key: "Annotated[str, Secret('KEY')]",
    other: "Elsewhere",  # type: ignore[name-defined]  # noqa: F821 - as where it is imported for type checkers alone
) -> "list[Elsewhere]":  # type: ignore[name-defined]  # noqa: F821 - likewise
    return [other]


def test_an_annotation_that_cannot_be_resolved_hides_no_other() -> None:
    assert markers_of(half_resolvable) == {"key": Secret("KEY")}
    assert annotations_of(half_resolvable)["event"] is object


def test_an_output_whose_type_cannot_be_resolved_is_not_taken_for_plain_json() -> None:
    assert not codec_of(annotations_of(half_resolvable)["return"]).is_readable
