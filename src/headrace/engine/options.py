"""What a decorator of a node may be given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from headrace.engine.node import Targets

#: A node that names no timeout may run this long.
DEFAULT_TIMEOUT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Fallback:
    """The output of a node that failed for good: `on_error=Fallback("unknown")`."""

    value: Any


#: What follows when no retry is left: the event fails, the node is skipped, a value or a function stands in for it.
OnError = Literal["fail", "skip"] | Fallback | Callable[..., Any]


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """`retries` keeps the first n delays of the schedule (the last repeats); `backoff` replaces the delays (seconds).

    `after` names nodes to wait for beside the inputs; `retry_on` lists errors to retry that would else fail at once.
    `version` changes when kept outputs must not be used any more; `checkpoint=True` stores the output before anything
    goes on, however quick the node was; `process=True` runs it in a process of its own, for work of the CPU.
    `on_error` is "fail", "skip", a `Fallback`, or a function that takes what the node takes, and `error`.
    """

    retries: int | None = None
    backoff: Sequence[float] | None = None
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    after: Targets = ()
    retry_on: Sequence[type[BaseException]] = ()
    version: str | int = 1
    checkpoint: bool = False
    process: bool = False
    on_error: OnError = "fail"
