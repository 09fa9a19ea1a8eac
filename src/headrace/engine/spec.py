"""A node as the engine reads it: its function, what that takes, and how it is called."""

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from headrace.domain.backoff import backoff_of
from headrace.domain.outcome import Backoff
from headrace.engine.injection.markers import Resource, Secret, annotations_of, markers_of
from headrace.engine.kinds import optional
from headrace.engine.node import Node, NodeTarget, name_of, names_of
from headrace.engine.options import Fallback, NodeOptions
from headrace.engine.schema import EventSchema, classes
from headrace.engine.shapes import PLAIN, Map, Shape, Sleep, Wait
from headrace.errors import PipelineInvalid

#: Parameters that are no node's output; the last two only of a map, and of what runs after a failure.
EVENT, CONTEXT, ITEM, ERROR = "event", "context", "item", "error"


@dataclass(frozen=True)
class NodeSpec:
    """A node of a pipeline: `inputs` are its function's parameters, `after` is what it waits for beside.

    `fallback` is the function that stands in when it fails for good.
    """

    name: str
    function: Callable[..., Any]
    inputs: tuple[inspect.Parameter, ...]
    is_async: bool
    backoff: Backoff
    options: NodeOptions
    after: tuple[str, ...] = ()
    shape: Shape = PLAIN
    fallback: "NodeSpec | None" = None

    @property
    def timeout_seconds(self) -> float:
        return self.options.timeout_seconds

    @property
    def retry_on(self) -> tuple[type[BaseException], ...]:
        return tuple(self.options.retry_on)

    @cached_property
    def annotations(self) -> Mapping[str, Any]:
        """The annotations, resolved, by parameter and `return`; a ForwardRef is one that Python cannot resolve."""
        return annotations_of(self.function)

    @cached_property
    def injected(self) -> Mapping[str, Resource | Secret]:
        """The parameters that are filled with a resource or a secret."""
        return markers_of(self.function)

    @cached_property
    def types(self) -> Mapping[str, Any]:
        """The annotations without what `Annotated` adds."""
        return {name: _bare(kind) for name, kind in self.annotations.items()}

    @property
    def output_type(self) -> Any:
        """What the function returns; of a map, for one item."""
        match self.shape:
            case Sleep():
                return None
            case Wait(type=awaited, timeout_seconds=timeout):
                kind = classes.get(awaited, EventSchema)
                return kind if timeout is None else optional(kind)
            case _:
                return self.annotations.get("return", Any)

    def replaced(self, function: Callable[..., Any]) -> "NodeSpec":
        """The same node with another function, behind the nodes that it needed."""
        with_default = {parameter.name for parameter in self.inputs if parameter.default is not inspect.Parameter.empty}
        names = [parameter.name for parameter in self.inputs if parameter.name not in (*with_default, *self.injected)]
        options = replace(self.options, after=(), process=False)
        behind = [name for name in (*names, *self.after) if name not in (EVENT, CONTEXT, ITEM, ERROR)]
        return spec_of(function, options, behind, self.shape, self.name)


def spec_of(
    target: NodeTarget,
    options: NodeOptions,
    behind: Sequence[str] = (),
    shape: Shape = PLAIN,
    name: str | None = None,
) -> NodeSpec:
    """Read a function, a Node or a Node class. Raises PipelineInvalid where it is none of them."""
    node = _instance_of(target)
    function = node.process if isinstance(node, Node) else node
    return NodeSpec(
        name=name or name_of(node),
        function=function,
        inputs=tuple(inspect.signature(function).parameters.values()),
        is_async=inspect.iscoroutinefunction(function),
        backoff=backoff_of(options.retries, options.backoff),
        options=options,
        after=tuple(dict.fromkeys([*names_of(options.after), *behind])),
        shape=shape,
        fallback=_fallback_of(options),
    )


def pausing_spec(name: str, shape: Sleep | Wait, after: Sequence[str]) -> NodeSpec:
    """A node that has no function to call."""
    return NodeSpec(name, _never_called, (), False, backoff_of(0), NodeOptions(), tuple(after), shape)


def _never_called() -> None:
    """Stands where other nodes have their function."""


def over_of(shape: Map) -> str | None:
    """The node over whose output a map goes; None for a field of the event."""
    head = shape.over.partition(".")[0]
    return None if head == EVENT else head


def _fallback_of(options: NodeOptions) -> NodeSpec | None:
    given = options.on_error
    if isinstance(given, (str, Fallback)) or not callable(given):
        return None
    return spec_of(given, NodeOptions(retries=0, timeout_seconds=options.timeout_seconds))


def _bare(kind: Any) -> Any:
    return typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind


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
