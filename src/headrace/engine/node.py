"""A node: a function, or an instance of a class with `process`, and how it is called."""

import inspect
import re
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from headrace.domain.backoff import backoff_of
from headrace.domain.outcome import Backoff
from headrace.errors import PipelineInvalid

#: A node that names no timeout may run this long.
DEFAULT_TIMEOUT_SECONDS = 300.0

#: Parameters that are no node's output.
EVENT, CONTEXT = "event", "context"

_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Node:
    """A node as a class: write `def process(self, event, …)` or `async def process(self, event, …)`.

    Its parameters are its inputs, as for a function. `name` is the class's name in snake case, without a
    trailing `Node`, unless the class or an instance says otherwise.
    """

    name: str
    process: Callable[..., Any]

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "name" not in cls.__dict__:
            cls.name = _WORD_BREAK.sub("_", cls.__name__.removesuffix("Node") or cls.__name__).lower()


#: What can be made a node.
NodeTarget = Callable[..., Any] | Node | type[Node]


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """What `@pipeline.node(…)` was given; `retries` and `backoff` replace the default schedule."""

    retries: int | None = None
    backoff: Sequence[float] | None = None
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    after: Sequence[str | NodeTarget] = ()
    retry_on: Sequence[type[BaseException]] = ()


@dataclass(frozen=True)
class NodeSpec:
    """A node of a pipeline: `inputs` are its function's parameters, `after` is what it waits for beside."""

    name: str
    function: Callable[..., Any]
    inputs: tuple[inspect.Parameter, ...]
    is_async: bool
    backoff: Backoff
    options: NodeOptions
    after: tuple[str, ...] = ()

    @property
    def timeout_seconds(self) -> float:
        return self.options.timeout_seconds

    @property
    def retry_on(self) -> tuple[type[BaseException], ...]:
        return tuple(self.options.retry_on)

    @cached_property
    def types(self) -> dict[str, Any]:
        """The annotations, resolved, by parameter and `return`; empty where Python cannot resolve them."""
        try:
            return typing.get_type_hints(self.function)
        except (NameError, TypeError, AttributeError):
            return {}

    @property
    def output_type(self) -> Any:
        return self.types.get("return", Any)


def spec_of(target: NodeTarget, options: NodeOptions, behind: Sequence[str] = ()) -> NodeSpec:
    """Read a function, a Node or a Node class. Raises PipelineInvalid where it is none of them."""
    node = _instance_of(target)
    function = node.process if isinstance(node, Node) else node
    return NodeSpec(
        name=name_of(node),
        function=function,
        inputs=tuple(inspect.signature(function).parameters.values()),
        is_async=inspect.iscoroutinefunction(function),
        backoff=backoff_of(options.retries, options.backoff),
        options=options,
        after=tuple(dict.fromkeys([*_names(options.after), *behind])),
    )


def name_of(target: NodeTarget) -> str:
    """The name that a target has, or would have, as a node."""
    if isinstance(target, Node) or (isinstance(target, type) and issubclass(target, Node)):
        return target.name
    return str(getattr(target, "__name__", target))


def _names(after: Sequence[str | NodeTarget]) -> list[str]:
    targets = [after] if isinstance(after, str) else after
    return [target if isinstance(target, str) else name_of(target) for target in targets]


def _instance_of(target: object) -> Callable[..., Any] | Node:
    if isinstance(target, type) and issubclass(target, Node):
        target = _made(target)
    if isinstance(target, Node):
        if not hasattr(target, "process"):
            raise PipelineInvalid([f"node {target.name!r} has no `process`; hint: def process(self, event)"])
        return target
    if callable(target) and hasattr(target, "__name__") and not isinstance(target, type):
        return target
    raise PipelineInvalid([f"{target!r} is no node; wanted a function, a Node or a subclass of Node"])


def _made(kind: type[Node]) -> Node:
    try:
        return kind()
    except TypeError as error:
        hint = f"add an instance, as in add_node({kind.__name__}(…))"
        raise PipelineInvalid([f"node {kind.name!r} cannot be made: {error}; hint: {hint}"]) from error
