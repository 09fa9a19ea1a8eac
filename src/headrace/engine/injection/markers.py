"""What a parameter is given that is neither the event nor a node's output: a secret, or a resource."""

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Secret:
    """Marks a parameter that gets a secret: `Annotated[str, Secret("OPENAI_API_KEY")]`.

    Its value is that of the environment variable `name`, or of the file that `<name>_FILE` names.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Resource:
    """Marks a parameter that gets a resource: `Annotated[Client, Resource(connect)]`.

    `factory` is a function, sync or async, that returns the resource, or yields it once and cleans up after; or a
    class. A context manager that is returned is entered, and left at the end. Parameters of the factory may be
    marked likewise. It is called once a process, or once a run with `scope="run"`.
    """

    factory: Callable[..., Any]
    scope: Literal["process", "run"] = "process"


def marker_of(annotation: object) -> Secret | Resource | None:
    """The mark of an `Annotated[…]` type, or None."""
    marks = getattr(annotation, "__metadata__", ())
    return next((mark for mark in marks if isinstance(mark, Secret | Resource)), None)


@lru_cache(maxsize=1024)
def markers_of(function: Callable[..., Any]) -> Mapping[str, Secret | Resource]:
    """The marks of a function's or class's parameters, by parameter."""
    hints = annotations_of(function)
    marked = {name: marker_of(hints[name]) for name in parameters_of(function) if name in hints}
    return {name: marker for name, marker in marked.items() if marker is not None}


def secret_names(function: Callable[..., Any]) -> set[str]:
    """The names of all secrets that a function's parameters need, also by way of their resources."""
    return set(_secret_names(function, set()))


def _secret_names(function: Callable[..., Any], seen: set[Resource]) -> Iterator[str]:
    for marker in markers_of(function).values():
        if isinstance(marker, Secret):
            yield marker.name
        elif marker not in seen:
            seen.add(marker)
            yield from _secret_names(marker.factory, seen)


def parameters_of(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The parameters with which a function or class is called; none where Python cannot tell."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def annotations_of(function: Callable[..., Any]) -> Mapping[str, Any]:
    """The parameters' annotations, resolved, with their marks; a ForwardRef is one that Python cannot resolve."""
    if isinstance(function, partial):
        return annotations_of(function.func)
    if isinstance(function, type):
        return {**_hints_of(function), **_hints_of(function.__init__)}  # type: ignore[misc]  # as it is, to be read
    plain = inspect.unwrap(function)
    return _hints_of(plain if inspect.isroutine(plain) else type(plain).__call__)


def _hints_of(target: Any) -> dict[str, Any]:
    with suppress(NameError, TypeError, AttributeError):
        return typing.get_type_hints(target, include_extras=True)
    with suppress(NameError, TypeError, AttributeError):
        return {name: _hint_of(target, kind) for name, kind in inspect.get_annotations(target).items()}
    return {}


def _hint_of(target: Any, annotation: Any) -> Any:
    """One that cannot be resolved takes nothing from the others; it stays a ForwardRef, of which nothing is known."""
    alone = SimpleNamespace(__annotations__={"kind": annotation})
    with suppress(NameError, TypeError, AttributeError):
        return typing.get_type_hints(alone, target.__globals__, include_extras=True)["kind"]
    return typing.ForwardRef(annotation) if isinstance(annotation, str) else annotation
