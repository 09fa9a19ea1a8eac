"""Testing pipelines without services: a run from its first attempt to its end, in memory, in no time.

The names are imported when they are first used: pytest loads the plugin of this package in every project.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headrace.testing.life import run_pipeline as run_pipeline
    from headrace.testing.life import run_pipeline_async as run_pipeline_async
    from headrace.testing.run import AttemptMade as AttemptMade
    from headrace.testing.run import Note as Note
    from headrace.testing.run import PipelineRun as PipelineRun
    from headrace.testing.run import RunPipeline as RunPipeline
    from headrace.testing.services import HeadraceServices as HeadraceServices
    from headrace.testing.watching import InjectedFailure as InjectedFailure

_HOMES = {
    "run_pipeline": "life",
    "run_pipeline_async": "life",
    "AttemptMade": "run",
    "Note": "run",
    "PipelineRun": "run",
    "RunPipeline": "run",
    "HeadraceServices": "services",
    "InjectedFailure": "watching",
}

__all__ = [  # noqa: PLE0604  # the names are strings, listed once above
    *_HOMES,
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'headrace.testing' has no attribute {name!r}")
    return getattr(importlib.import_module(f"headrace.testing.{_HOMES[name]}"), name)
