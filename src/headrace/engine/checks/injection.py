"""Every mistake of what parameters are to be given: secrets, resources, and what their factories need in turn."""

import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, NamedTuple

from headrace.engine.injection.markers import Resource, Secret, annotations_of, marker_of, markers_of, parameters_of

#: A name that every system takes for an environment variable.
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

#: Parameters that are filled by name.
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)

#: Parameters that take nothing where nothing is given.
_OPEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class InjectionMistake(NamedTuple):
    """One mistake: the parameter where it is, what was found there, what was wanted, and how it is put right."""

    parameter: str
    found: str
    wanted: str
    hint: str


class _Fault(NamedTuple):
    found: str
    wanted: str
    hint: str


def injection_mistakes(annotations: Mapping[str, Any]) -> list[InjectionMistake]:
    """All mistakes in the marks of a node's parameters, and in those of their factories' parameters.

    `annotations` are the node's, resolved, with their marks: `get_type_hints(function, include_extras=True)`.
    """
    return [
        InjectionMistake(parameter, *fault)
        for parameter, annotation in annotations.items()
        for fault in dict.fromkeys(_faults_of(annotation, ()))
    ]


def _faults_of(annotation: Any, above: tuple[Resource, ...]) -> Iterator[_Fault]:
    """The faults of one parameter; `above` are the resources whose factories lead to it."""
    match marker_of(annotation):
        case Secret() as secret:
            yield from _secret_faults(secret, annotation)
        case Resource() as resource:
            yield from _resource_faults(resource, annotation, above)
        case None:
            pass


def _secret_faults(secret: Secret, annotation: Any) -> Iterator[_Fault]:
    if not _VARIABLE.fullmatch(str(secret.name)):
        yield _Fault(
            f"the secret name {secret.name!r}",
            "the name of an environment variable",
            'use letters, digits and _, as in Secret("OPENAI_API_KEY")',
        )
    kind = _plain(annotation)
    if kind is not str:
        yield _Fault(
            f"a secret as {_shown(kind)}",
            "str, which is what a secret is",
            f'write Annotated[str, Secret("{secret.name}")]',
        )


def _resource_faults(resource: Resource, annotation: Any, above: tuple[Resource, ...]) -> Iterator[_Fault]:
    factory = resource.factory
    if resource in above:
        names = " → ".join(_shown(link.factory) for link in (*above[above.index(resource) :], resource))
        yield _Fault(f"a cycle of factories: {names}", "factories that do not need each other", "drop one of these")
        return
    unusable = _factory_fault(factory)
    if unusable is not None:
        yield unusable
        return
    yield from _scope_faults(resource, above)
    yield from _type_faults(factory, _plain(annotation))
    yield from _parameter_faults(factory)
    hints = annotations_of(factory)
    for name in markers_of(factory):
        yield from _faults_of(hints[name], (*above, resource))


def _factory_fault(factory: object) -> _Fault | None:
    found = f"the factory {_shown(factory)}"
    if not callable(factory):
        return _Fault(
            f"{found}, which cannot be called", "a function or a class", "give the function itself, without calling it"
        )
    if getattr(type(factory), "__hash__", None) is None:
        return _Fault(f"{found}, which has no hash", "a function or a class", "freeze its class, or write a function")
    return None


def _scope_faults(resource: Resource, above: tuple[Resource, ...]) -> Iterator[_Fault]:
    if resource.scope not in ("process", "run"):
        yield _Fault(f"scope={resource.scope!r}", "'process' or 'run'", "leave it out for once a process")
    if resource.scope == "run" and above and above[-1].scope == "process":
        yield _Fault(
            f"{_shown(above[-1].factory)}, once a process, which needs {_shown(resource.factory)}, once a run",
            "a resource that lasts as long as what needs it",
            f"write Resource({_shown(above[-1].factory)}, scope='run')",
        )


def _type_faults(factory: Callable[..., Any], wanted: Any) -> Iterator[_Fault]:
    if not isinstance(factory, type) or not isinstance(wanted, type) or wanted is Any:
        return
    if issubclass(factory, AbstractContextManager | AbstractAsyncContextManager):
        return  # what it gives when it is entered may be of any type
    if not _is_subclass(factory, wanted):
        yield _Fault(
            f"the type {_shown(wanted)}",
            f"{_shown(factory)}, which is what its factory gives",
            f"write Annotated[{_shown(factory)}, Resource({_shown(factory)})]",
        )


def _parameter_faults(factory: Callable[..., Any]) -> Iterator[_Fault]:
    marked = markers_of(factory)
    for name, parameter in parameters_of(factory).items():
        can_be_left = parameter.kind in _OPEN or parameter.default is not inspect.Parameter.empty
        if can_be_left or (name in marked and parameter.kind in _NAMED):
            continue
        yield _Fault(
            f"the factory {_shown(factory)} with the parameter {name!r}, which nobody fills",
            "parameters by name, each with a default, a Secret or a Resource",
            f"give {name} a default, or mark it as in Annotated[str, Secret(…)]",
        )


def _is_subclass(kind: type, wanted: type) -> bool:
    try:
        return issubclass(kind, wanted)
    except TypeError:
        return True  # only a type checker could tell


def _plain(annotation: Any) -> Any:
    """The type of an `Annotated[…]`, without its marks."""
    return typing.get_args(annotation)[0]


def _shown(kind: Any) -> str:
    return str(getattr(kind, "__name__", None) or kind)
