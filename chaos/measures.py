"""What the processes of a cluster hold: connections, descriptors, memory."""

from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from chaos.cluster.cluster import Cluster

_CONNECTIONS = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename <> 'postgres'),
       (SELECT coalesce(sum(connections), 0) FROM headrace.workers WHERE expires > now())
"""


@dataclass(frozen=True, slots=True)
class Measures:
    """What processes hold.

    Connections to the database in all, and as many as the living processes announce as their most. By role ("api",
    "supervisor", "worker process"), the descriptors and the resident memory of the process that has the most.
    """

    connections: int
    announced: int
    descriptors: dict[str, int]
    memory_bytes: dict[str, int]


async def measure(cluster: Cluster) -> Measures:
    """As of now. Raises psycopg.OperationalError."""
    [(connections, announced)] = await cluster.rows(_CONNECTIONS)
    descriptors: dict[str, int] = {}
    memory: dict[str, int] = {}
    for role, process in _roles(cluster):
        try:
            with process.oneshot():
                count, resident = process.num_fds(), process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
        descriptors[role] = max(count, descriptors.get(role, 0))
        memory[role] = max(resident, memory.get(role, 0))
    return Measures(connections, announced, descriptors, memory)


def _roles(cluster: Cluster) -> Iterable[tuple[str, psutil.Process]]:
    for api in cluster.apis:
        yield from (("api", process) for process in api.processes())
    for worker in cluster.workers:
        for place, process in enumerate(worker.processes()):
            yield ("worker process" if place else "supervisor"), process
