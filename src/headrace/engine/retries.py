"""The one retry counter of each node, within an attempt and from one attempt to the next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from headrace.domain.backoff import IN_PROCESS_SECONDS, delay_seconds
from headrace.domain.outcome import Backoff
from headrace.engine.failures import asked_seconds, is_permanent
from headrace.engine.node import NodeSpec

#: The shortest wait between two calls of a node that asks to be called again, so that it cannot spin.
SHORTEST_WAIT_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is known of a run before an attempt: its number, each node's failures so far, a cap on delays."""

    number: int
    failures: Mapping[str, int] = field(default_factory=dict)
    delay_cap_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A node's error and what follows: a wait of `pause_seconds` in this process, else the attempt's end."""

    node: str
    error: BaseException
    backoff: Backoff
    permanent: bool = False
    retry_after_seconds: float | None = None
    pause_seconds: float | None = None


class Retries:
    """Counts failures by node on top of those of earlier attempts; `chance` gives numbers in [0, 1)."""

    def __init__(self, attempt: Attempt, chance: Callable[[], float]) -> None:
        self.failures = dict(attempt.failures)
        self._cap_seconds = attempt.delay_cap_seconds
        self._chance = chance

    def fail(self, spec: NodeSpec, error: BaseException) -> Failure:
        """Count an error, unless it is a `RetryAfter`, and say what follows."""
        asked = asked_seconds(error)
        if asked is not None:
            wait = asked if self._cap_seconds is None else min(asked, self._cap_seconds)
            pause = _in_process(max(wait, SHORTEST_WAIT_SECONDS))
            return Failure(spec.name, error, spec.backoff, retry_after_seconds=wait, pause_seconds=pause)
        count = self.failures[spec.name] = self.failures.get(spec.name, 0) + 1
        if is_permanent(error, spec.retry_on):
            return Failure(spec.name, error, spec.backoff, permanent=True)
        delay = delay_seconds(spec.backoff, count, self._chance(), self._cap_seconds)
        return Failure(spec.name, error, spec.backoff, pause_seconds=_in_process(delay))


def _in_process(delay: float | None) -> float | None:
    return delay if delay is not None and delay <= IN_PROCESS_SECONDS else None
