"""What the demo prints at the end."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.json import JSON
from rich.table import Table
from rich.text import Text

from headrace.demo.checks import Check
from headrace.demo.evidence import Ending, Evidence
from headrace.demo.kill import Kill
from headrace.demo.memory import Memory

#: Faults of one check that are printed; the rest are counted.
SHOWN_FAULTS = 10


def report_of(evidence: Evidence) -> Iterator[RenderableType]:
    """Everything but the judgement, part by part."""
    example = evidence.example
    yield heading("Events by type, and seconds from acceptance to result")
    yield types_table(evidence.endings)
    yield Text("retried: nodes called again within an attempt; lost: attempts that ended with their worker process")
    yield heading(f"Runs that the kill hit{_victim(evidence.kill)}")
    yield hit_table(evidence.hit)
    yield heading(f"The task_context of one event: {example.webhook.type} {example.event_id}")
    yield JSON.from_data(example.event["task_context"])
    yield heading(f"Its pipeline, {evidence.pipeline['name']}: {drawing(evidence.pipeline['nodes'])}")
    yield Text(evidence.pipeline["mermaid"])
    yield heading("The ledger: accepted = unfinished + succeeded + failed + cancelled + erased")
    yield Text(ledger(evidence.stats))
    yield heading("Rates")
    yield Text(rates(evidence))
    yield heading("Resident memory, shared pages counted in each process")
    yield memory_table(evidence.memory)


def heading(text: str) -> RenderableType:
    """A line above a part."""
    return Text(f"\n{text}", style="bold")


def types_table(endings: Sequence[Ending]) -> Table:
    """A row for each type: how many events, how many succeeded, how long they took, what was done again."""
    table = _table("type", "events", "succeeded", "median", "longest", "retried", "lost")
    by_type: dict[str, list[Ending]] = defaultdict(list)
    for ending in endings:
        by_type[ending.webhook.type].append(ending)
    for type_, group in [*sorted(by_type.items()), ("all", list(endings))]:
        seconds = [ending.seconds for ending in group if ending.seconds is not None]
        table.add_row(
            type_,
            str(len(group)),
            str(sum(ending.event["state"] == "succeeded" for ending in group)),
            f"{statistics.median(seconds):.2f}" if seconds else "",
            f"{max(seconds):.2f}" if seconds else "",
            _count(sum(ending.calls_again for ending in group)),
            _count(sum(ending.lost_workers for ending in group)),
        )
    return table


def hit_table(hit: Sequence[Ending]) -> Table:
    """A row for each run that the kill hit: how its attempts ended."""
    table = _table("type", "event", "attempts", words=3)
    for ending in hit:
        event = ending.event
        outcomes = [f"{attempt['attempt']} {attempt['outcome']}" for attempt in event["attempts"]]
        table.add_row(
            ending.webhook.type, str(ending.event_id), ", ".join([*outcomes, f"{event['attempt']} {event['state']}"])
        )
    return table


def drawing(nodes: Sequence[Mapping[str, Any]]) -> str:
    """A pipeline in one line: what can run side by side is joined by `|`."""
    levels: dict[str, int] = {}
    for node in nodes:
        upstream = [levels[name] for name in (*node["inputs"], *node["after"]) if name in levels]
        levels[node["name"]] = 1 + max(upstream, default=0)
    by_level: dict[int, list[str]] = defaultdict(list)
    for name, level in levels.items():
        by_level[level].append(name)
    return " → ".join(["event", *(" | ".join(names) for _, names in sorted(by_level.items()))])


def ledger(stats: Mapping[str, Any]) -> str:
    """The figures of `GET /stats` as a sum."""
    parts = ("unfinished", "succeeded", "failed", "cancelled", "erased")
    return f"{stats['accepted']} = {' + '.join(f'{stats[part]} {part}' for part in parts)}"


def rates(evidence: Evidence) -> str:
    """Accepted and finished events a second."""
    accepted = len(evidence.endings)
    finished = Counter(ending.finished for ending in evidence.endings)[True]
    finish_seconds = max(evidence.finish_seconds, 0.001)
    return (
        f"{accepted / evidence.accept_seconds:.0f} accepted/s ({accepted} in {evidence.accept_seconds:.2f} s)\n"
        f"{finished / finish_seconds:.0f} finished/s ({finished} in {finish_seconds:.2f} s: "
        "slow calls, the kill and what was run again included)"
    )


def memory_table(memory: Sequence[Memory]) -> Table:
    """A row for each process, or group of them."""
    table = _table("process", "processes", "MiB")
    for row in memory:
        table.add_row(row.name, str(row.processes), f"{row.resident_bytes / (1 << 20):.0f}")
    return table


def judgement_of(checks: Sequence[Check]) -> Iterator[RenderableType]:
    """A line for each check, and below it what speaks against it."""
    yield heading("Checks")
    for check in checks:
        yield Text(f"{'✓' if check.holds else '✗'} {check.claim}", style="green" if check.holds else "bold red")
        for fault in check.faults[:SHOWN_FAULTS]:
            yield Text(f"    {fault}")
        if len(check.faults) > SHOWN_FAULTS:
            yield Text(f"    and {len(check.faults) - SHOWN_FAULTS} more")


def _victim(kill: Kill | None) -> str:
    return f": worker process {kill.process_id} held {len(kill.held)} right before" if kill else ""


def _table(*columns: str, words: int = 1) -> Table:
    """A plain table; the first `words` columns hold words, the others numbers. A narrow terminal cuts the first."""
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0))
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index < words else "right", no_wrap=index > 0, overflow="ellipsis")
    return table


def _count(number: int) -> str:
    return str(number) if number else ""
