"""What the systems of other people have in common: a client that fills and counts, and worker programs.

Their packages are installed where the benchmark runs and nowhere else. So a module `system` imports none of them: it
names its client, which is loaded when the system is entered.
"""

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from types import TracebackType
from typing import ClassVar, Protocol, Self
from urllib.parse import urlsplit

import psutil

from bench.processes import Program, environment_for, stop_all
from bench.services import Services
from bench.systems.system import StoredResult


class Client(Protocol):
    """What the benchmark asks of a system in its own process, through that system's own package."""

    async def open(self) -> None:
        """Connect, and make the tables."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...

    async def fill(self, bodies: Sequence[bytes]) -> Sequence[str]:
        """Store events, by the quickest way that is documented; their ids, in order."""
        ...

    async def finished(self) -> int:
        """How many of them are finished."""
        ...

    async def read_back(self, ids: Iterable[str]) -> Sequence[StoredResult]:
        """Their results, in their order. Raises LookupError if one has none."""
        ...


class ForeignSystem:
    """A system that processes; a subclass names it, its client, and the programs of its workers."""

    #: `module:class` of its client, which is made from the services.
    client: ClassVar[str]

    def __init__(self, services: Services) -> None:
        self._services = services
        self._client: Client | None = None
        self._programs: list[Program] = []

    async def __aenter__(self) -> Self:
        module, _, name = self.client.partition(":")
        opened: Client = getattr(import_module(module), name)(self._services)
        await opened.open()
        self._client = opened
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        stop_all(self._programs)
        if self._client is not None:
            await self._client.close()

    def processes(self) -> Sequence[psutil.Process]:
        """All of its living processes, without the servers."""
        return [process for program in self._programs for process in program.processes()]

    async def fill(self, bodies: Sequence[bytes]) -> Sequence[str]:
        """Store events before a worker runs; their ids, in order."""
        return await self._opened.fill(bodies)

    async def finished(self) -> int:
        """How many events are finished."""
        return await self._opened.finished()

    async def read_back(self, ids: Iterable[str]) -> Sequence[StoredResult]:
        """Their results, in their order. Raises LookupError if one has none."""
        return await self._opened.read_back(ids)

    @property
    def _opened(self) -> Client:
        assert self._client is not None, "the system is entered before it is used"
        return self._client

    def _start(self, name: str, words: Sequence[str], variables: dict[str, str] | None = None) -> None:
        """Start a program of its own, `python WORDS`."""
        self._programs.append(Program(name, words, self._services.folder, environment_for(variables)))


def libpq_variables(url: str) -> dict[str, str]:
    """A database's URL as the variables that PostgreSQL's own programs and most drivers read."""
    parts = urlsplit(url)
    return {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port or ""),
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": parts.path.removeprefix("/"),
    }


def chunks_of(bodies: Sequence[bytes], count: int) -> Iterator[Sequence[bytes]]:
    """All of them in order, so many at a time."""
    return (bodies[first : first + count] for first in range(0, len(bodies), count))
