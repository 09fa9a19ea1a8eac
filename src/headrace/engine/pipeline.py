"""A pipeline: the nodes for one type of event, put in order by what they take."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, TypeVar, overload

from headrace.engine.checks import mistakes_of
from headrace.engine.context import TaskContext
from headrace.engine.direct import run_blocking, run_once
from headrace.engine.drawing import describe_nodes, mermaid
from headrace.engine.node import DEFAULT_TIMEOUT_SECONDS, NodeOptions, NodeSpec, NodeTarget, spec_of
from headrace.engine.plan import Plan, leaves_of, plan_of
from headrace.engine.schema import EventSchema, schema_hash
from headrace.errors import PipelineInvalid

_Target = TypeVar("_Target", bound=NodeTarget)

#: The pipelines made with `register=True`, by type of event. `PipelineRegistry` is the way to them.
declared: dict[str, list["Pipeline"]] = {}


class Pipeline:
    """The nodes that run for each event of `schema`'s type.

    A node runs as soon as the nodes whose outputs it takes have finished: its parameters are `event`,
    `context`, or the name of another node. Mistakes are told, all at once, by `check` and at the first use.
    """

    def __init__(self, name: str, schema: type[EventSchema], *, register: bool = True) -> None:
        if not _is_event_schema(schema):
            raise PipelineInvalid([f"pipeline {name!r}: found {schema!r}; wanted a subclass of EventSchema"])
        self.name = name
        self.schema = schema
        self._specs: list[NodeSpec] = []
        self._plan: Plan | None = None
        if register:
            declared.setdefault(self.event_type, []).append(self)

    @property
    def event_type(self) -> str:
        """The type of the events that this pipeline serves."""
        return self.schema.event_type

    @cached_property
    def schema_hash(self) -> str:
        """See `headrace.engine.schema.schema_hash`."""
        return schema_hash(self.schema)

    @overload
    def node(self, target: _Target, /) -> _Target: ...

    @overload
    def node(
        self,
        *,
        retries: int | None = None,
        backoff: Sequence[float] | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        after: Sequence[str | NodeTarget] = (),
        retry_on: Sequence[type[BaseException]] = (),
    ) -> Callable[[_Target], _Target]: ...

    def node(
        self,
        target: Any = None,
        *,
        retries: int | None = None,
        backoff: Sequence[float] | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        after: Sequence[str | NodeTarget] = (),
        retry_on: Sequence[type[BaseException]] = (),
    ) -> Any:
        """Make a function, a Node or a Node class a node of this pipeline; returns it unchanged.

        `retries` keeps the first n delays of the schedule (the last repeats), `backoff` replaces the delays
        (seconds), `after` names nodes to wait for beside the inputs, `retry_on` lists errors to retry that
        would else fail at once.
        """
        options = NodeOptions(retries, backoff, timeout_seconds, after, retry_on)
        return partial(self._add, options=options) if target is None else self._add(target, options)

    def add_node(self, target: NodeTarget) -> None:
        """Append a node behind the last nodes of this pipeline: those that no other waits for."""
        self._add(target, NodeOptions(), behind=leaves_of(self._specs))

    def copy(self) -> "Pipeline":
        """The same pipeline, apart: what is added to the copy is in the copy alone."""
        copied = Pipeline(self.name, self.schema, register=False)
        copied._specs = list(self._specs)
        copied._plan = self._plan
        return copied

    @property
    def plan(self) -> Plan:
        """The nodes in order. Raises PipelineInvalid."""
        if self._plan is None:
            self.check()
            self._plan = plan_of(self.name, self._specs)
        return self._plan

    def check(self) -> None:
        """Raise PipelineInvalid, listing every mistake, if there is any."""
        if mistakes := self.mistakes():
            raise PipelineInvalid(mistakes)

    def mistakes(self) -> list[str]:
        """Every mistake of this pipeline, one line each."""
        return [mistake.told(self.name) for mistake in mistakes_of(self.schema, self._specs)]

    def mermaid(self) -> str:
        """A Mermaid flowchart of the nodes. Raises PipelineInvalid."""
        return mermaid(self.plan, self.event_type)

    def describe(self) -> dict[str, Any]:
        """`name`, `type`, `schema_hash` and `nodes`, as JSON. Raises PipelineInvalid."""
        return {
            "name": self.name,
            "type": self.event_type,
            "schema_hash": self.schema_hash,
            "nodes": describe_nodes(self.plan),
        }

    def run(self, event: EventSchema | Mapping[str, Any]) -> TaskContext:
        """Run the nodes here and now, without any service, also inside a running event loop.

        Takes an instance of the schema, a plain EventSchema or a dict. A node that fails raises its own
        error, after those of its retries that are due within a second each. Raises PipelineInvalid, and
        pydantic's ValidationError where the event does not fit.
        """
        return run_blocking(lambda: self.run_async(event))

    async def run_async(self, event: EventSchema | Mapping[str, Any]) -> TaskContext:
        """As `run`, on the running loop."""
        return await run_once(self.plan, self._accept(event))

    def _accept(self, event: EventSchema | Mapping[str, Any]) -> EventSchema:
        if isinstance(event, self.schema):
            return event
        if isinstance(event, EventSchema):
            event = event.model_dump(exclude_unset=True)
        return self.schema.model_validate(event)

    def _add(self, target: Any, options: NodeOptions, behind: Sequence[str] = ()) -> Any:
        self._specs.append(spec_of(target, options, behind))
        self._plan = None
        return target


def _is_event_schema(schema: object) -> bool:
    return isinstance(schema, type) and issubclass(schema, EventSchema)
