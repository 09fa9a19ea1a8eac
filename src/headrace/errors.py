"""The one tree of errors. Each class has a stable `code`; HTTP statuses live in `headrace.api.errors` alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class HeadraceError(Exception):
    """The root: everything that Headrace raises on purpose."""

    code: ClassVar[str] = "headrace-error"

    @property
    def detail(self) -> str:
        """What happened, in one sentence that never quotes a payload or a secret."""
        return str(self)


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One fault of one field: `pointer` is a JSON pointer (RFC 6901) into the body, or a header or parameter name."""

    pointer: str
    code: str
    detail: str


class InvalidInput(HeadraceError):
    """Something that came from outside cannot be accepted; `problems` names the fields where that is known."""

    code = "invalid-input"

    def __init__(self, detail: str, problems: Sequence[FieldProblem] = ()) -> None:
        super().__init__(detail)
        self.problems = tuple(problems)


class InvalidJson(InvalidInput):
    code = "invalid-json"


class InvalidEncoding(InvalidInput):
    code = "invalid-encoding"


class DuplicateKey(InvalidInput):
    code = "duplicate-key"


class UnsupportedMediaType(InvalidInput):
    code = "unsupported-media-type"


class UnknownOption(InvalidInput):
    code = "unknown-option"


class TooLarge(InvalidInput):
    code = "too-large"


class TooDeep(InvalidInput):
    code = "too-deep"


class ForbiddenCharacter(InvalidInput):
    code = "forbidden-character"


class NumberOutOfRange(InvalidInput):
    code = "number-out-of-range"


class InvalidEvent(InvalidInput):
    """The body is JSON but no event: not an object, no usable `type`."""

    code = "invalid-event"


class SchemaMismatch(InvalidInput):
    """The body is an event whose payload does not fit the schema of its type."""

    code = "schema-mismatch"


class InvalidBatch(InvalidInput):
    """A batch of which no item can be accepted, or that is empty."""

    code = "invalid-batch"


class InvalidParameter(InvalidInput):
    code = "invalid-parameter"


class InvalidQuery(InvalidParameter):
    """What is searched for cannot be understood. `position` counts the characters before the fault."""

    code = "invalid-query"

    def __init__(self, fault: str, position: int = 0) -> None:
        told = f"At character {position + 1}: {fault}."
        super().__init__(told, [FieldProblem("q", self.code, told)])
        self.position = position


class InvalidIdempotencyKey(InvalidInput):
    code = "invalid-idempotency-key"


class IdempotencyKeyReused(InvalidInput):
    """The idempotency key came with another body, or to another path, before."""

    code = "idempotency-key-reused"


class InvalidSelection(InvalidInput):
    """It does not say which events are meant, or means such as the act is not for."""

    code = "invalid-selection"


class NotFound(HeadraceError):
    code = "not-found"


class Conflict(HeadraceError):
    """Somebody else's open transaction holds what this request needs; nothing was stored."""

    code = "conflict"


class IdempotencyKeyInFlight(Conflict):
    """Another request with the same idempotency key is being stored, and not known to be stored or refused yet."""

    code = "idempotency-key-in-flight"


class Unavailable(HeadraceError):
    """The database cannot be written now; nothing was promised. Try again after `retry_after_seconds`."""

    code = "unavailable"

    def __init__(self, detail: str, retry_after_seconds: int = 2) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class Overloaded(Unavailable):
    """So much waits to be stored already that this would wait for long; nothing was stored."""

    code = "overloaded"

    def __init__(self) -> None:
        super().__init__("More is sent than can be stored.", retry_after_seconds=1)


class CopyAway(Unavailable):
    """The search copy does not answer, or not now, or takes nothing: all of it is to be tried again later."""

    code = "search-unavailable"


class SearchOff(HeadraceError):
    code = "search-off"

    def __init__(self) -> None:
        super().__init__("Nothing is searched here: HEADRACE_SEARCH is false.")


class EventHeldElsewhere(HeadraceError):
    """The event's run belongs to a worker now, so its result cannot be written from here."""

    code = "event-held-elsewhere"


class EventAlreadyFinished(HeadraceError):
    """The event has a result already; a second one would need a replay."""

    code = "event-already-finished"


class EventUnfinished(HeadraceError):
    """The event is not finished yet, so there is nothing to replay."""

    code = "event-unfinished"


class NotWaiting(HeadraceError):
    """The event does not wait for a retry, a pipeline or a schema, so it cannot be tried at once."""

    code = "not-waiting"


class NotSelected(HeadraceError):
    code = "not-selected"


class OwnTask(HeadraceError):
    """The event is processed by a task of the user's own, which alone can run it again."""

    code = "own-task"


class EventFailed(HeadraceError):
    """The result of an event that failed was asked for: the type and the message of its error."""

    code = "event-failed"


class ConfigurationError(HeadraceError):
    """The settings or the user's module cannot be used; `problems` lists every fault with its remedy."""

    code = "configuration"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


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
