"""Resident memory of the processes of one run."""

from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from headrace.demo.programs import Programs
from headrace.embedded import EmbeddedServices


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of some processes together; pages that they share count in each."""

    name: str
    processes: int
    resident_bytes: int


def measure_memory(programs: Programs, services: EmbeddedServices, roles: Mapping[int, str]) -> list[Memory]:
    """This process, the API, the supervisor, each worker process by its role, and the two servers."""
    supervisor = psutil.Process(programs.worker.pid)
    workers = [_of(_worker_name(roles.get(child.pid)), [child]) for child in supervisor.children()]
    postgres = psutil.Process(services.postgres_pid)
    return [
        _of("this program", [psutil.Process()]),
        _of("API", [psutil.Process(programs.api.pid)]),
        _of("supervisor with the relay", [supervisor]),
        *workers,
        _of("PostgreSQL", [postgres, *postgres.children(recursive=True)]),
        _of("Valkey", [psutil.Process(services.valkey_pid)]),
    ]


def _worker_name(role: str | None) -> str:
    match role:
        case "isolated":
            return "worker process for runs that lost one"
        case "alone":
            return "worker process for a run that lost several"
        case _:
            return "worker process"


def _of(name: str, processes: list[psutil.Process]) -> Memory:
    resident = [_resident_bytes(process) for process in processes]
    return Memory(name, len(processes), sum(resident))


def _resident_bytes(process: psutil.Process) -> int:
    """0 for a process that has just ended."""
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
