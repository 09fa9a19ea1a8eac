"""What is wrong with a pipeline, and what ends a node or a run."""

from headrace.errors.base import ConfigurationError, HeadraceError


class PipelineInvalid(ConfigurationError):
    """A pipeline's graph has mistakes; all of them are listed."""

    code = "pipeline-invalid"


class UnknownPipeline(HeadraceError):
    """No pipeline is declared for this type of event."""

    code = "no-pipeline"


class UnknownNode(HeadraceError):
    """No pipeline of this type of event has a node of that name."""

    code = "unknown-node"


class Permanent(HeadraceError):
    """Raise it in a node when another try cannot help: the event fails at once."""

    code = "permanent"


class RetryAfter(HeadraceError):
    """Raise it in a node to be called again after `seconds`; it spends none of the node's retries."""

    code = "retry-after"

    def __init__(self, seconds: float, detail: str = "asked to be called again later") -> None:
        super().__init__(detail)
        self.seconds = seconds


class NodeTimeout(HeadraceError):
    """A node ran longer than its `timeout_seconds`."""

    code = "node-timeout"


class OutputNotJson(Permanent):
    """A node returned something that has no JSON form."""

    code = "output-not-json"


class OutputTooLarge(Permanent):
    """A node returned more than is stored."""

    code = "output-too-large"


class UnknownBranch(Permanent):
    """A router chose a node that is not behind it."""

    code = "unknown-branch"


class DeadlineExceeded(HeadraceError):
    """A run took longer than its pipeline's `deadline_seconds`."""

    code = "deadline-exceeded"


class RunCancelled(HeadraceError):
    """An operator cancelled the run while it was under way."""

    code = "run-cancelled"


class RunTakenOver(HeadraceError):
    """Another process has claimed the run meanwhile: whatever this attempt comes to is discarded."""

    code = "run-taken-over"


class RunSuspended(HeadraceError):
    """`pipeline.run` met a node that waits for hours, or for another event; a worker would set the run aside."""

    code = "run-suspended"
