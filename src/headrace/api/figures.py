"""The installation's figures as metrics: bounded, however many types, processes and events there are."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily, Metric

from headrace.flow.read import Overview
from headrace.flow.read.lag import CopyLag
from headrace.store.overview import MOST_TYPES, ProcessView, RunGroup
from headrace.store.projections import MOST_COUNTED


def gauge(name: str, help_: str, value: float) -> GaugeMetricFamily:
    """A metric of one series."""
    return GaugeMetricFamily(name, help_, value=value)


def figures_of(overview: Overview) -> Iterator[Metric]:
    """Of all that is stored at a moment: the same from every API process."""
    yield from _of_events(overview)
    yield from _of_runs(overview)
    yield gauge("headrace_pauses", "Pauses of types, queues or everything that are in force", len(overview.paused))
    yield from _of_processes(overview.processes)
    yield gauge("headrace_relay_leads", "Whether a relay leads", 1 if overview.leader else 0)
    yield from _of_server(overview)
    yield from _of_search(overview.search)


def _of_events(overview: Overview) -> Iterator[Metric]:
    counts: dict[tuple[str, ...], float] = {(state,): count for state, count in overview.ledger.items()}
    yield _labelled("headrace_events", "Events by what became of them", ["state"], counts)


def _of_runs(overview: Overview) -> Iterator[Metric]:
    groups: dict[tuple[str, ...], RunGroup] = {
        (group.state, group.reason or ""): group for group in overview.runs.groups
    }
    counts = {key: float(group.count) for key, group in groups.items()}
    yield _labelled("headrace_runs", "Unfinished runs by state and reason", ["state", "reason"], counts)
    help_ = "Since when the oldest run is in this state for this reason"
    ages = {key: group.oldest_seconds for key, group in groups.items()}
    yield _labelled("headrace_runs_oldest_seconds", help_, ["state", "reason"], ages)
    yield gauge("headrace_due_runs", "Runs that could be claimed now", overview.due)
    help_ = f"Since when the oldest run of a type could be claimed, for the {MOST_TYPES} types with the oldest"
    oldest: dict[tuple[str, ...], float] = {(group.type,): group.oldest_seconds for group in overview.runs.due}
    yield _labelled("headrace_oldest_due_seconds", help_, ["type"], oldest)
    yield gauge("headrace_retries_within_hour", "Runs that are tried again within an hour", overview.retries_soon)


def _of_processes(processes: Sequence[ProcessView]) -> Iterator[Metric]:
    alive = [process for process in processes if process.alive]
    counts: Counter[tuple[str, ...]] = Counter((process.role,) for process in alive)
    yield _labelled("headrace_processes", "Processes whose lease holds", ["role"], counts)
    dead = len(processes) - len(alive)
    yield gauge("headrace_dead_processes", "Processes without a lease that still hold runs", dead)
    for name, measure, help_ in (
        ("headrace_resident_bytes", "resident_bytes", "Resident memory of all processes"),
        ("headrace_threads_waiting", "threads_waiting", "Calls of sync nodes that wait for a thread"),
        ("headrace_threads_lost", "threads_lost", "Threads that a sync node holds beyond its timeout"),
    ):
        yield gauge(name, help_, sum(process.measures.get(measure, 0) for process in alive))
    offsets = [abs(process.measures.get("clock_offset_seconds", 0.0)) for process in alive]
    help_ = "How far the clock of a process is off the database's, of the one that is off most"
    yield gauge("headrace_clock_offset_seconds", help_, max(offsets, default=0.0))


def _of_server(overview: Overview) -> Iterator[Metric]:
    use = overview.use
    yield gauge("headrace_database_connections", "Connections of all clients to the database server", use.connections)
    allowed = overview.server.connections
    yield gauge("headrace_database_connections_allowed", "Connections that the server allows", allowed)
    yield gauge("headrace_partition_days", "Days ahead for which partitions exist", use.partition_days)
    yield gauge("headrace_default_partition_rows", "Rows outside of every week's partition", use.default_rows)


def _of_search(lag: CopyLag) -> Iterator[Metric]:
    help_ = f"Entries that wait to be written to the search copy, counted up to {MOST_COUNTED:,}"
    yield gauge("headrace_search_waiting", help_, lag.waiting)
    yield gauge("headrace_search_lag_seconds", "For how long one of the oldest of these waits", lag.seconds)
    yield gauge("headrace_search_refused", "Entries that the search copy does not take", lag.refused)


def _labelled(
    name: str, help_: str, labels: Sequence[str], values: Mapping[tuple[str, ...], float]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
