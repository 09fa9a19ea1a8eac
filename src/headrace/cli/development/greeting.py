"""What `headrace dev` says when it is ready, and of a program that was loaded."""

from collections.abc import Sequence

from headrace.cli.trial import PipelineSketch
from headrace.settings import Settings


def greet(settings: Settings, program: str, pipelines: Sequence[PipelineSketch], delay_cap_seconds: float) -> str:
    """Where everything is, and what to type next. `program` says what became of the user's module."""
    return f"""
Headrace is ready: {settings.api_url}

  your program   {program}
  data           {settings.data_dir}, found again at the next start
  retries        after {delay_cap_seconds:g} s at most here

In a second terminal, in this folder:

  headrace send {_sample(pipelines)}
  headrace events list

Save a file, and your program is loaded anew. Ctrl-C ends everything.
"""


def name_pipelines(pipelines: Sequence[PipelineSketch]) -> str:
    """The pipelines with the types that they serve, for one line."""
    named = (
        pipeline.name if pipeline.name == pipeline.type else f"{pipeline.name} ({pipeline.type})"
        for pipeline in pipelines
    )
    return ", ".join(named) or "no pipeline"


def _sample(pipelines: Sequence[PipelineSketch]) -> str:
    for pipeline in pipelines:
        return " ".join((pipeline.type, *(f"{name}=…" for name in pipeline.required)))
    return "some.type key=value"
