"""What a process says of itself with each heartbeat, for `headrace status` and `GET /metrics`."""

from collections.abc import Mapping
from uuid import UUID

import psutil

from headrace.engine import NodeThreads
from headrace.flow.execute import Executor
from headrace.store.workers import Measure


def measure_process() -> Mapping[str, Measure]:
    """Of any process."""
    return {"resident_bytes": psutil.Process().memory_info().rss}  # looked up each time: it may be after a fork


def measure_worker(executor: Executor, threads: NodeThreads) -> Mapping[str, Measure]:
    """Of one that executes: runs in its hands and settled since its start, and its threads for sync nodes."""
    return {
        **measure_process(),
        "in_flight": executor.in_flight,
        "settled": executor.settled,
        "threads_busy": threads.busy,
        "threads_waiting": threads.waiting,
        "threads_lost": threads.lost,
    }


def measure_relay(holder: UUID) -> Mapping[str, Measure]:
    """Of one with a relay: the id under which it leads."""
    return {**measure_process(), "holder": str(holder)}
