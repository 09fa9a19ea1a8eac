"""Which pipeline serves which event, in this process."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from headrace.engine.injection.markers import secret_names
from headrace.engine.pipeline import Pipeline, declared
from headrace.engine.plan import names_after
from headrace.engine.scheduling import DeclaredSchedule, declarations, read_schedules
from headrace.engine.schema import EventSchema, classes
from headrace.errors import NotFound, PipelineInvalid, UnknownNode, UnknownPipeline


class Typed(Protocol):
    """Anything that says of which type it is."""

    @property
    def type(self) -> str: ...


class PipelineRegistry:
    """The pipelines that were declared. A `Pipeline` registers itself when it is made."""

    @classmethod
    def register(cls, pipeline: Pipeline) -> None:
        """Let a pipeline made with `register=False` serve its type."""
        declared.setdefault(pipeline.event_type, []).append(pipeline)

    @classmethod
    def get_pipeline(cls, event: Typed) -> Pipeline:
        """A copy of one's own of the pipeline for this event. Raises UnknownPipeline."""
        first = cls.serving(event.type)[0]
        given = event if isinstance(event, EventSchema) else getattr(event, "data", None)
        return cls.choose(event.type, event if given is None else first.accept(given)).copy()

    @classmethod
    def choose(cls, type: str, event: Any, label: str | None = None) -> Pipeline:  # noqa: A002 - the word of the domain
        """The pipeline for an event of the type's class, shared.

        A run that follows `label` ("name@version") goes on with it while it is declared. Else the first whose `when` is
        true is taken, and then the one that has none. Raises UnknownPipeline, and what a user's `when` raises.
        """
        serving = cls.serving(type)
        if len(serving) == 1 and serving[0].when is None:
            return serving[0]
        for pipeline in serving:
            if pipeline.label == label:
                return pipeline
        newest = [pipeline for pipeline in serving if _is_newest(pipeline, serving)]
        for pipeline in newest:
            if pipeline.when is not None and pipeline.when(event):
                return pipeline
        for pipeline in newest:
            if pipeline.when is None:
                return pipeline
        raise UnknownPipeline(f"no pipeline takes this event of the type {type!r}: every one has a `when=`")

    @classmethod
    def serving(cls, type: str) -> list[Pipeline]:  # noqa: A002 - the word of the domain
        """The pipelines for a type, at least one; they share its class. Raises UnknownPipeline."""
        if type in declared:
            return declared[type]
        if type in classes and classes[type].needs_no_pipeline:
            return [Pipeline(type, classes[type], register=False)]
        known = ", ".join(repr(name) for name in sorted(declared)) or "none"
        raise UnknownPipeline(f"no pipeline is declared for the type {type!r}; declared: {known}")

    @classmethod
    def schema(cls, type: str) -> "type[EventSchema]":  # noqa: A002 - the word of the domain
        """The class of a type's events. Raises UnknownPipeline."""
        return cls.serving(type)[0].schema

    @classmethod
    def after(cls, type: str, node: str) -> frozenset[str]:  # noqa: A002 - the word of the domain
        """What a replay from a node calls again: it, the nodes after it, and those at the end, of all of the type's
        pipelines. Raises UnknownPipeline, and UnknownNode where none of them has it.
        """
        serving = cls.serving(type)
        names = frozenset().union(*(names_after(pipeline.plan, node) for pipeline in serving))
        if not names:
            known = ", ".join(sorted({repr(spec.name) for pipeline in serving for spec in pipeline.specs})) or "none"
            raise UnknownNode(f"No pipeline of the type {type!r} has a node {node!r}; there are: {known}.")
        return names

    @classmethod
    def pipelines(cls) -> tuple[Pipeline, ...]:
        """All of them."""
        return tuple(pipeline for same_type in declared.values() for pipeline in same_type)

    @classmethod
    def named(cls, name: str, version: int | None = None) -> Pipeline:
        """The pipeline of a name, in this version or else the newest. Raises NotFound, which says what there is."""
        versions = {pipeline.version: pipeline for pipeline in cls.pipelines() if pipeline.name == name}
        wanted = max(versions, default=None) if version is None else version
        if wanted in versions:
            return versions[wanted]
        if versions:
            known = ", ".join(map(str, sorted(versions)))
            raise NotFound(f"The pipeline {name!r} has no version {version}; there are: {known}.")
        names = ", ".join(sorted({pipeline.name for pipeline in cls.pipelines()})) or "none"
        raise NotFound(f"No pipeline is named {name!r}; there are: {names}.")

    @classmethod
    def types(cls) -> dict[str, str]:
        """The types that are served, each with a hash of its schema and of the rules by which it is taken."""
        without = [name for name, kind in classes.items() if kind.needs_no_pipeline and name not in declared]
        return {name: cls.hash_of(name) for name in (*declared, *without)}

    @classmethod
    def hash_of(cls, type: str) -> str:  # noqa: A002 - the word of the domain
        """Changes when an event of the type that no pipeline took may be taken now. Raises UnknownPipeline."""
        serving = cls.serving(type)
        rules = [pipeline.label for pipeline in serving if pipeline.when is not None]
        if not rules:
            return serving[0].schema_hash
        described = "/".join([serving[0].schema_hash, *rules, str(len(serving))])
        return hashlib.sha256(described.encode()).hexdigest()[:16]

    @classmethod
    def secrets(cls) -> Mapping[str, str]:
        """The secrets that nodes need, each with a node that does."""
        needed: dict[str, str] = {}
        for pipeline in cls.pipelines():
            for spec in pipeline.specs:
                for part in (spec, spec.fallback):
                    for name in secret_names(part.function) if part is not None else ():
                        needed.setdefault(name, f"pipeline {pipeline.name!r}, node {spec.name!r}")
        return needed

    @classmethod
    def schedules(cls) -> list[DeclaredSchedule]:
        """What recurs by declaration; calls the functions that say what their events hold."""
        return read_schedules(declarations)[0]

    @classmethod
    def check(cls) -> None:
        """Raise PipelineInvalid, listing every mistake of every pipeline and schedule, if there is any."""
        mistakes = [mistake for pipeline in cls.pipelines() for mistake in pipeline.mistakes()]
        mistakes += [*_repeated_names(), *_undecided_types(), *read_schedules(declarations)[1]]
        if mistakes:
            raise PipelineInvalid(mistakes)

    @classmethod
    def clear(cls) -> None:
        """Forget every pipeline, every schedule, and every class of a type."""
        declared.clear()
        classes.clear()
        declarations.clear()

    @classmethod
    @contextmanager
    def isolated(cls) -> Iterator[None]:
        """A registry of one's own for a while, without pipelines; then the one from before is back."""
        pipelines, kinds, schedules = dict(declared), dict(classes), list(declarations)
        declared.clear()
        declarations.clear()
        try:
            yield
        finally:
            declarations[:] = schedules
            for registry, before in ((declared, pipelines), (classes, kinds)):
                registry.clear()
                registry.update(before)  # type: ignore[arg-type]  # each with its own


def _is_newest(pipeline: Pipeline, serving: list[Pipeline]) -> bool:
    return all(other.name != pipeline.name or other.version <= pipeline.version for other in serving)


def _repeated_names() -> Iterator[str]:
    for label, count in Counter(pipeline.label for pipeline in PipelineRegistry.pipelines()).items():
        if count > 1:
            name, _, version = label.rpartition("@")
            hint = "rename the others, or give them another version"
            yield f"pipeline {name!r}: found {count} of this name, version {version}; wanted one; hint: {hint}"


def _undecided_types() -> Iterator[str]:
    """Types of which it is open which pipeline takes an event."""
    for event_type, serving in declared.items():
        newest = [pipeline for pipeline in serving if _is_newest(pipeline, serving)]
        unruled = [repr(pipeline.name) for pipeline in newest if pipeline.when is None]
        if len(unruled) > 1:
            yield (
                f"type {event_type!r}: found {len(unruled)} pipelines, {', '.join(unruled)}; wanted one that has no "
                "`when=`; hint: join them, or give the others a rule"
            )
        schemas = {pipeline.schema for pipeline in serving}
        if len(schemas) > 1:
            names = ", ".join(sorted(schema.__name__ for schema in schemas))
            yield f"type {event_type!r}: found pipelines with the classes {names}; wanted one class; hint: share it"
