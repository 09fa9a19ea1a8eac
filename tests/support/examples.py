"""The programs in `examples/`, as a worker would load them."""

import importlib
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from headrace import celery_app
from headrace.domain.outcome import Completed, NodeFailed
from headrace.engine import Attempt, Means, NodeThreads, Pipeline, PipelineRegistry, Resources, perform

FOLDER = Path(__file__).parents[2] / "examples"


@contextmanager
def loaded(name: str) -> Iterator[ModuleType]:
    """The example of this name, with a registry of its own; a process for CPU nodes finds it by its name."""
    sys.path.insert(0, str(FOLDER))
    with PipelineRegistry.isolated():
        try:
            module = importlib.import_module(name)
            PipelineRegistry.check()
            yield module
        finally:
            sys.modules.pop(name, None)
            for task in [task for task in celery_app.tasks if task.startswith(f"{name}.")]:
                del celery_app.tasks[task]
            sys.path.remove(str(FOLDER))


@asynccontextmanager
async def _means(resources: Resources) -> AsyncIterator[Means]:
    means = Means(NodeThreads(), resources=resources)
    try:
        yield means
    finally:
        means.threads.close()
        await resources.close()


async def performed(
    pipeline: Pipeline, event: Mapping[str, Any], replaced: Mapping[Callable[..., Any], Any] | None = None
) -> Completed | NodeFailed:
    """What one attempt comes to, with values in the place of what these factories would give."""
    async with _means(Resources(replaced or {})) as means:
        outcome = await perform(pipeline, pipeline.accept(event), Attempt(1), means)
    assert isinstance(outcome, Completed | NodeFailed), outcome
    return outcome
