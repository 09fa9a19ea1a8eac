"""The one retry counter of each node, within an attempt and from one attempt to the next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from headrace.domain.backoff import IN_PROCESS_SECONDS, delay_seconds
from headrace.domain.event import DEFAULT_QUEUE, DEFAULT_TENANT
from headrace.domain.ids import new_id
from headrace.domain.progress import Kept
from headrace.domain.values import value
from headrace.engine.attempt.failures import asked_seconds, is_permanent
from headrace.engine.spec import NodeSpec

#: The shortest wait between two calls of a node that asks to be called again, so that it cannot spin.
SHORTEST_WAIT_SECONDS = 0.05


@value()
class Attempt:
    """What is known of a run before an attempt: its number, each node's failures so far, what earlier ones kept.

    `delay_cap_seconds` shortens delays. `begun_at` is when the first attempt began, by which a deadline is counted.
    `body` and `data`, the same decoded, are there where the context is stored beside the body, and need not repeat it.
    """

    number: int
    failures: Mapping[str, int] = field(default_factory=dict)
    delay_cap_seconds: float | None = None
    event_id: UUID = field(default_factory=new_id)
    epoch: int = 1
    tenant: str = DEFAULT_TENANT
    queue: str = DEFAULT_QUEUE
    begun_at: datetime | None = None
    kept: Kept = field(default_factory=Kept)
    body: bytes = b""
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A node's error and what follows: another call after `delay_seconds`, or None: it has failed for good.

    `node` is None where the run as a whole failed. A map's item is named `node[3]`. `calls` were made since
    `started_at`.
    """

    node: str | None
    error: BaseException
    delay_seconds: float | None = None
    started_at: datetime | None = None
    calls: int = 1

    @property
    def is_final(self) -> bool:
        return self.delay_seconds is None

    @property
    def is_brief(self) -> bool:
        """Whether the delay is waited in this process, whatever else goes on."""
        return self.delay_seconds is not None and self.delay_seconds <= IN_PROCESS_SECONDS


class Retries:
    """Counts failures by node on top of those of earlier attempts; `chance` gives numbers in [0, 1)."""

    def __init__(self, attempt: Attempt, chance: Callable[[], float]) -> None:
        self.failures = dict(attempt.failures)
        self._cap_seconds = attempt.delay_cap_seconds
        self._chance = chance

    def fail(self, name: str, spec: NodeSpec, error: BaseException) -> Failure:
        """Count an error, unless it is a `RetryAfter`, and say what follows."""
        asked = asked_seconds(error)
        if asked is not None:
            wait = asked if self._cap_seconds is None else min(asked, self._cap_seconds)
            return Failure(name, error, max(wait, SHORTEST_WAIT_SECONDS))
        count = self.failures[name] = self.failures.get(name, 0) + 1
        if is_permanent(error, spec.retry_on):
            return Failure(name, error)
        return Failure(name, error, delay_seconds(spec.backoff, count, self._chance(), self._cap_seconds))
