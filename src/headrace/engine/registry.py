"""Which pipeline serves which type of event, in this process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from headrace.engine.pipeline import Pipeline, declared
from headrace.errors import PipelineInvalid, UnknownPipeline


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
        return cls.get(event.type).copy()

    @classmethod
    def get(cls, type: str) -> Pipeline:  # noqa: A002 - the word of the domain
        """The pipeline for a type, shared. Raises UnknownPipeline."""
        if type not in declared:
            known = ", ".join(repr(name) for name in sorted(declared)) or "none"
            raise UnknownPipeline(f"no pipeline is declared for the type {type!r}; declared: {known}")
        return declared[type][-1]

    @classmethod
    def pipelines(cls) -> tuple[Pipeline, ...]:
        """All of them."""
        return tuple(pipeline for same_type in declared.values() for pipeline in same_type)

    @classmethod
    def types(cls) -> dict[str, str]:
        """The types that are served, each with the hash of its schema."""
        return {name: cls.get(name).schema_hash for name in declared}

    @classmethod
    def check(cls) -> None:
        """Raise PipelineInvalid, listing every mistake of every pipeline, if there is any."""
        mistakes = [mistake for pipeline in cls.pipelines() for mistake in pipeline.mistakes()]
        mistakes += _repeated()
        if mistakes:
            raise PipelineInvalid(mistakes)

    @classmethod
    def clear(cls) -> None:
        """Forget every pipeline."""
        declared.clear()

    @classmethod
    @contextmanager
    def isolated(cls) -> Iterator[None]:
        """An empty registry for a while; then the one from before is back."""
        before = dict(declared)
        declared.clear()
        try:
            yield
        finally:
            declared.clear()
            declared.update(before)


def _repeated() -> list[str]:
    found = []
    for event_type, pipelines in declared.items():
        if len(pipelines) > 1:
            names = ", ".join(repr(pipeline.name) for pipeline in pipelines)
            found.append(f"type {event_type!r}: found {len(pipelines)} pipelines, {names}; wanted one; hint: join them")
    for name, count in Counter(pipeline.name for pipeline in PipelineRegistry.pipelines()).items():
        if count > 1:
            found.append(f"pipeline {name!r}: found {count} of this name; wanted one; hint: rename the others")
    return found
