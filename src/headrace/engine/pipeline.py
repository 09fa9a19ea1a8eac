"""A pipeline: the nodes for one type of event, put in order by what they take."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from headrace.engine.checks import mistakes_of
from headrace.engine.context import TaskContext
from headrace.engine.declaring import Declaring
from headrace.engine.direct import run_blocking, run_once
from headrace.engine.drawing import describe_fields, describe_nodes, mermaid
from headrace.engine.fit import check_fit
from headrace.engine.node import NodeTarget
from headrace.engine.options import NodeOptions
from headrace.engine.plan import Plan, leaves_of, plan_of
from headrace.engine.scheduling import Schedulable
from headrace.engine.schema import EventSchema, schema_hash
from headrace.engine.spec import NodeSpec, spec_of
from headrace.errors import FieldProblem, InvalidInput, PipelineInvalid

#: A rule by which a pipeline takes some events of its type.
Rule = Callable[[Any], bool]

#: The pipelines made with `register=True`, by type of event. `PipelineRegistry` is the way to them.
declared: dict[str, list["Pipeline"]] = {}


class Pipeline(Declaring, Schedulable):
    """The nodes that run for each event of `schema`'s type.

    A node runs as soon as the nodes whose outputs it takes have finished: its parameters are `event`, `context`, or the
    name of another node. Mistakes are told, all at once, by `check` and at the first use.

    `when=lambda event: …` takes only events for which it is true; the pipeline without it takes the rest. Of two of one
    name, the one of the higher `version` takes new events, the other one those that began with it. A run that is not
    through `deadline_seconds` after it began fails.
    """

    def __init__(
        self,
        name: str,
        schema: type[EventSchema],
        *,
        when: Rule | None = None,
        version: int = 1,
        deadline_seconds: float | None = None,
        register: bool = True,
    ) -> None:
        if not _is_event_schema(schema):
            raise PipelineInvalid([f"pipeline {name!r}: found {schema!r}; wanted a subclass of EventSchema"])
        self.name = name
        self.schema = schema
        self.when = when
        self.version = version
        self.deadline_seconds = deadline_seconds
        self._specs: list[NodeSpec] = []
        self._plan: Plan | None = None
        if register:
            declared.setdefault(self.event_type, []).append(self)

    @property
    def event_type(self) -> str:
        """The type of the events that this pipeline serves."""
        return self.schema.event_type

    @property
    def label(self) -> str:
        """The name and the version, as runs note them."""
        return f"{self.name}@{self.version}"

    @cached_property
    def schema_hash(self) -> str:
        """See `headrace.engine.schema.schema_hash`."""
        return schema_hash(self.schema)

    def add_node(self, target: NodeTarget) -> None:
        """Append a node behind the last nodes of this pipeline: those that no other waits for."""
        self._add(spec_of(target, NodeOptions(), leaves_of(self._specs)))

    def copy(self) -> "Pipeline":
        """The same pipeline, apart: what is added to the copy is in the copy alone."""
        return self._apart(self._specs, self._plan)

    def replacing(self, nodes: Mapping[str, Callable[..., Any]]) -> "Pipeline":
        """A copy in which other functions stand for these nodes, with the same options. Raises PipelineInvalid."""
        unknown = [name for name in nodes if all(spec.name != name for spec in self._specs)]
        if unknown:
            raise PipelineInvalid([f"pipeline {self.name!r} has no node {name!r} to replace" for name in unknown])
        specs = [spec.replaced(nodes[spec.name]) if spec.name in nodes else spec for spec in self._specs]
        return self._apart(specs, None)

    @property
    def specs(self) -> tuple[NodeSpec, ...]:
        """The nodes as they were declared."""
        return tuple(self._specs)

    @property
    def plan(self) -> Plan:
        """The nodes in order. Raises PipelineInvalid."""
        if self._plan is None:
            self.check()
            self._plan = plan_of(self.name, self._specs, str(self.version), self.deadline_seconds)
        return self._plan

    def check(self) -> None:
        """Raise PipelineInvalid, listing every mistake, if there is any."""
        if mistakes := self.mistakes():
            raise PipelineInvalid(mistakes)

    def mistakes(self) -> list[str]:
        """Every mistake of this pipeline, one line each."""
        return [mistake.told(self.name) for mistake in mistakes_of(self.schema, self._specs, self.deadline_seconds)]

    def mermaid(self, run: Mapping[str, Any] | None = None) -> str:
        """A Mermaid flowchart of the nodes. `run`, a stored `metadata`, marks what became of each.

        Raises PipelineInvalid.
        """
        return mermaid(self.plan, self.event_type, run)

    def describe(self) -> dict[str, Any]:
        """`name`, `type`, `version`, `fields`, `nodes` and what else is declared, as JSON. Raises PipelineInvalid."""
        return {
            "name": self.name,
            "type": self.event_type,
            "version": self.version,
            "schema_hash": self.schema_hash,
            "deadline_seconds": self.deadline_seconds,
            "fields": describe_fields(self.schema),
            "nodes": describe_nodes(self.plan),
        }

    def run(self, event: EventSchema | Mapping[str, Any]) -> TaskContext:
        """Run the nodes here and now, without any service, also inside a running event loop.

        Takes an instance of the schema, a plain EventSchema or a dict. A node that fails raises its own error, after
        those of its retries that are due within a second each. Raises PipelineInvalid, pydantic's ValidationError where
        the event does not fit, and RunSuspended where a node would wait longer.
        """
        return run_blocking(lambda: self.run_async(event))

    async def run_async(self, event: EventSchema | Mapping[str, Any]) -> TaskContext:
        """As `run`, on the running loop."""
        return await run_once(self.plan, self.accept(event))

    def accept(self, event: EventSchema | Mapping[str, Any]) -> EventSchema:
        """The event as an instance of the schema. Raises pydantic's ValidationError."""
        if isinstance(event, self.schema):
            return event
        if isinstance(event, EventSchema):
            event = event.model_dump(exclude_unset=True)
        return self.schema.model_validate(event)

    def scheduled_data(self, given: Any) -> Mapping[str, Any]:
        """An event of this pipeline's class, whose members may be given as a mapping. Raises InvalidInput."""
        if not isinstance(given, EventSchema | Mapping | None):
            detail = f"its function has to return a {self.schema.__name__}, a dict or None"
            raise InvalidInput("This is no event.", [FieldProblem("", "not-an-object", detail)])
        members = given.model_dump(mode="json", by_alias=True) if isinstance(given, EventSchema) else given or {}
        data = {"type": self.event_type, **members}
        check_fit(data, self.schema)
        return data

    def _apart(self, specs: Sequence[NodeSpec], plan: Plan | None) -> "Pipeline":
        copied = Pipeline(
            self.name,
            self.schema,
            when=self.when,
            version=self.version,
            deadline_seconds=self.deadline_seconds,
            register=False,
        )
        copied._specs = list(specs)
        copied._plan = plan
        return copied

    def _declared(self) -> list[NodeSpec]:
        return self._specs

    def _add(self, spec: NodeSpec) -> None:
        self._specs.append(spec)
        self._plan = None


def _is_event_schema(schema: object) -> bool:
    return isinstance(schema, type) and issubclass(schema, EventSchema)
