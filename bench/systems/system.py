"""What a system must be able to do to be measured.

A system is an async context manager made from the services of one trial: `async with Documented(services) as system`.
To enter it makes its tables and starts nothing else; to leave it ends every process that it started. The work is the
same for all: `bench.load.bodies` makes the events, and each is processed by two async steps that do nothing,

    first = event["number"]
    second = first + 1

whose outputs are stored as the event's result, where the system stores results. An event's `type` says which other
work there is (see `bench.load.bodies.Work`); a system that cannot do that need not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self

import psutil

from bench.services import Services

#: Seconds within which programs that were started must be ready.
READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events are posted on 127.0.0.1. A body of `bench.load.bodies` is sent as it is."""

    port: int
    path: str
    #: Where a JSON array of bodies is posted, if there is such a place.
    batch_path: str | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@dataclass(frozen=True, slots=True)
class StoredResult:
    """What is stored of one event that was processed."""

    #: The outputs of both steps.
    first: int
    second: int
    #: The event as it was sent, parsed; None if the system does not keep it.
    data: Any = None


class System(Protocol):
    """One of the systems in a table."""

    #: The word for it in tables and in `--systems`.
    name: ClassVar[str]
    #: Its distributions: where one is not installed, it is left out with a word; their versions are reported.
    packages: ClassVar[Sequence[str]]

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def processes(self) -> Sequence[psutil.Process]:
        """All of its living processes, without the servers."""
        ...


class Accepts(System, Protocol):
    """It answers an HTTP POST of an event with 202 once that is stored."""

    async def start_api(self) -> Endpoint:
        """Start what answers; returns when it answers. Raises TimeoutError."""
        ...

    async def stored(self) -> int:
        """How many events are stored; asked once, after the load, because a 202 is only a word."""
        ...


class Processes(System, Protocol):
    """It processes what is stored."""

    #: About what it processes in a second on two cores: a backlog is made so long that it lasts a while.
    events_a_second: ClassVar[int]
    #: Whether results can be read back.
    stores_results: ClassVar[bool]

    async def fill(self, bodies: Sequence[bytes]) -> Sequence[str]:
        """Store events by its quickest documented way, before a worker runs; their ids, in order."""
        ...

    async def start_workers(self, processes: int) -> None:
        """Start so many worker processes; need not wait until they work."""
        ...

    async def finished(self) -> int:
        """How many events are finished, with their results stored; cheap, because it is asked ten times a second.

        Raises RuntimeError if one of its programs has ended.
        """
        ...

    async def read_back(self, ids: Iterable[str]) -> Sequence[StoredResult]:
        """The results of these events, in their order, through its API where it has one.

        Raises LookupError if one has none. Not called where `stores_results` is false.
        """
        ...


class Named(Protocol):
    """The class of any system."""

    name: str
    packages: Sequence[str]


class MakesProcesses(Named, Protocol):
    """The class of a system that processes."""

    def __call__(self, services: Services) -> Processes: ...


class EndToEnd(Accepts, Processes, Protocol):
    """It does both, so that an event can be followed from its POST to its result."""

    def id_of(self, answer: bytes) -> str:
        """The event's id in the body of the answer to a POST."""
        ...

    async def finished_at(self, ids: Sequence[str]) -> Mapping[str, float]:
        """By id, when the commit of its result was written, as seconds since the epoch; without those unfinished."""
        ...
