"""A stand-in for the threads of nodes where a person looks on."""

from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

from headrace.engine.places.threads import NodeThreads, Restart

_Result = TypeVar("_Result")


class InlineThreads(NodeThreads):
    """Calls sync nodes where the loop runs, one at a time and without a timeout, so that a debugger can stop them."""

    async def run(self, function: Callable[..., _Result], *arguments: Any, timeout_seconds: float) -> _Result:  # noqa: ARG002 - its base's
        """Call a function here, in a copy of this context; raises what it raises."""
        return copy_context().run(function, *arguments)

    async def hop(self, function: Callable[[Restart], None], *, timeout_seconds: float) -> None:  # noqa: ARG002 - likewise
        """As `run`, for several calls in one."""
        copy_context().run(function, _no_time_counts)


def _no_time_counts(timeout_seconds: float) -> None:
    """Stands where a call's time begins anew."""
