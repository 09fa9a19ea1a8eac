"""What a run in memory came to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from headrace.domain.outcome import ErrorReport
from headrace.engine.traces.lines import Line


@dataclass(frozen=True, slots=True)
class AttemptMade:
    """One attempt: when it began by the run's own clock, what it came to, and the node and the error of a failure.

    It is "waiting" where the run was set aside for a retry, a sleep or an event, "crashed" where the process died.
    """

    number: int
    started_at: datetime
    outcome: Literal["succeeded", "failed", "waiting", "crashed"]
    node: str | None = None
    error: ErrorReport | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What a node told by `context.note(message, **fields)`, as JSON."""

    node: str
    message: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """A run as its readers would find it stored: outputs, context and emitted events are plain JSON values.

    `state` is "waiting" where nothing can ever wake the run, or where it did not end within a thousand attempts.
    `states` has the state of each node that was reached or skipped. `calls` says how often each node that is a function
    was called, also where a failure or a crash was injected. `error` is that of a run that failed.
    `elapsed_seconds` have passed by the run's own clock.
    """

    state: Literal["succeeded", "failed", "waiting"]
    context: Mapping[str, Any]
    error: ErrorReport | None
    attempts: Sequence[AttemptMade]
    calls: Mapping[str, int]
    notes: Sequence[Note]
    emitted: Sequence[Mapping[str, Any]]
    lines: Sequence[Line]
    elapsed_seconds: float

    @property
    def outputs(self) -> Mapping[str, Any]:
        """By node, what the finished ones returned."""
        outputs: Mapping[str, Any] = self.context["nodes"]
        return outputs

    @property
    def states(self) -> Mapping[str, str]:
        """By node: "succeeded", "skipped", "failed" or "waiting"."""
        return {name: times["state"] for name, times in self.context["metadata"]["nodes"].items()}


#: What the fixture `pipeline_run` is: `headrace.testing.run_pipeline`.
RunPipeline = Callable[..., PipelineRun]
