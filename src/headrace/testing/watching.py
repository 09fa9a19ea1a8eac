"""A pipeline whose nodes are replaced, counted, made to fail, or made to die."""

import asyncio
import inspect
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any

from headrace.engine import Node, NodeSpec, Pipeline
from headrace.engine.shapes import Sleep, Wait
from headrace.errors import PipelineInvalid

#: By node: how often it fails first, or the errors that its first calls raise.
Failures = Mapping[str, int | Sequence[BaseException]]


class InjectedFailure(Exception):
    """What a node raises that was told how often to fail."""


class _Died(BaseException):
    """Ends a function whose process is dead."""


class Watch:
    """Counts the calls of nodes, from any thread, and says which of them fail and which are the process's last.

    `died` is told once for each death; what called the node then waits for `bury`.
    """

    def __init__(self, names: Sequence[str], failures: Failures, crashes: Sequence[str]) -> None:
        self.calls = dict.fromkeys(names, 0)
        self.died = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._buried = threading.Event()
        self._errors = {name: _errors_of(given) for name, given in failures.items()}
        self._crashes = Counter(crashes)
        self._lock = threading.Lock()

    def begin(self, name: str) -> None:
        """Count a call. Raises the error that is due."""
        with self._lock:
            self.calls[name] += 1
            error = None if self._crashes[name] else next(self._errors.get(name, iter(())), None)
        if error is not None:
            raise error

    def is_last(self, name: str) -> bool:
        """Whether the process dies with this call."""
        with self._lock:
            dies = self._crashes[name] > 0
            self._crashes[name] -= dies
        return dies

    def die(self) -> None:
        """In a thread: never comes back to the engine while the attempt lives."""
        self._loop.call_soon_threadsafe(self.died.set)
        self._buried.wait()
        raise _Died

    async def die_on_loop(self) -> None:
        """The same on the loop."""
        self.died.set()
        await self._loop.create_future()

    def bury(self) -> None:
        """Let the threads of the attempt that died go; the next one lives."""
        self._buried.set()
        self._buried = threading.Event()
        self.died.clear()


def watched(
    pipeline: Pipeline, nodes: Mapping[str, Any], failures: Failures, crashes: Sequence[str]
) -> tuple[Pipeline, Watch]:
    """A copy of the pipeline under watch, in which `nodes` stand for others. Raises PipelineInvalid.

    What ran in a process of its own runs in a thread: what stands in for it need not be a module's function.
    """
    _check_names(pipeline, [*nodes, *failures, *crashes])
    replaced = pipeline.replacing({name: _stand_in(given) for name, given in nodes.items()})
    called = [spec for spec in replaced.specs if not _is_pausing(spec)]
    watch = Watch([spec.name for spec in called], failures, crashes)
    return replaced.replacing({spec.name: _watching(spec, watch) for spec in called}), watch


def _check_names(pipeline: Pipeline, names: Sequence[str]) -> None:
    specs = {spec.name: spec for spec in pipeline.specs}
    mistakes = [f"pipeline {pipeline.name!r} has no node {name!r}" for name in names if name not in specs]
    mistakes += [
        f"pipeline {pipeline.name!r}, node {name!r}: it calls no function; hint: `arrivals=` has the events waited for"
        for name in names
        if name in specs and _is_pausing(specs[name])
    ]
    if mistakes:
        raise PipelineInvalid(mistakes)


def _is_pausing(spec: NodeSpec) -> bool:
    return isinstance(spec.shape, (Sleep, Wait))


def _stand_in(given: Any) -> Any:
    if callable(given) or isinstance(given, Node):
        return given

    def stand_in() -> Any:
        return given

    return stand_in


def _watching(spec: NodeSpec, watch: Watch) -> Callable[..., Any]:
    name, function = spec.name, spec.function

    @wraps(function)
    async def call_on_loop(**arguments: Any) -> Any:
        watch.begin(name)
        if not watch.is_last(name):
            return await function(**arguments)
        try:
            await function(**arguments)
        finally:
            await watch.die_on_loop()

    @wraps(function)
    def call(**arguments: Any) -> Any:
        watch.begin(name)
        if not watch.is_last(name):
            return function(**arguments)
        try:
            function(**arguments)
        finally:
            watch.die()

    return call_on_loop if inspect.iscoroutinefunction(function) else call


def _errors_of(given: int | Sequence[BaseException]) -> Iterator[BaseException]:
    if isinstance(given, int):
        return iter([InjectedFailure(f"failure {number} of {given}") for number in range(1, given + 1)])
    return iter(given)
