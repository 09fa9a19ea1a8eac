"""The rows of a waterfall: nodes, and attempts that came to nothing, in the order of time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headrace.cli.showing.words import at_utc, duration, plain, plural
from headrace.domain.nodes import Nodes, metadata_of, nodes_of


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node: `detail` says how long it took, and what else there is to say."""

    name: str
    state: str
    begin: datetime | None
    end: datetime | None
    took: str
    detail: str


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt that came to nothing."""

    begin: datetime | None
    end: datetime
    text: str


Row = NodeRow | AttemptRow


def rows_of(event: Mapping[str, Any], spoke: Iterable[str] = ()) -> list[Row]:
    """Of an event as `GET /events/{id}` answers it. Those that `spoke` and are not known yet have begun.

    Nodes stand where they began, attempts where they ended, nodes that never began at the end.
    """
    context = event["task_context"]
    nodes: Nodes = nodes_of(context, event["checkpoints"], event["waits"])
    for name in spoke:
        nodes.setdefault(name, {"state": "begun"})
    this_attempt = metadata_of(context).get("started_at")
    rows: list[Row] = [_node_row(name, node, event["attempts"], this_attempt) for name, node in nodes.items()]
    rows += [_attempt_row(attempt) for attempt in event["attempts"]]
    return sorted(rows, key=_moment)


def _moment(row: Row) -> tuple[bool, float]:
    at = row.end if isinstance(row, AttemptRow) else row.begin
    return (at is None, at.timestamp() if at else 0.0)


def _node_row(
    name: str, node: Mapping[str, Any], attempts: Sequence[Mapping[str, Any]], this_attempt: str | None
) -> NodeRow:
    begin, end = (at_utc(node[key]) if node.get(key) else None for key in ("started_at", "finished_at"))
    details = [*_counts(node)]
    if end is not None and this_attempt is not None and end < at_utc(this_attempt):
        details.append(_kept_from(end, attempts))
    if "error" in node:
        details.append(plain(str(node["error"])))
    took = duration((end - begin).total_seconds()) if begin and end else ""
    return NodeRow(plain(name), str(node["state"]), begin, end, took, ", ".join(details))


def _counts(node: Mapping[str, Any]) -> Iterable[str]:
    calls, items = node.get("attempts", 1), node.get("items", {})
    if calls > 1:
        yield plural(calls, "call")
    if "done" in items:
        yield f"{plural(items['done'], 'item')} done"
    if "total" in items:
        yield plural(items["total"], "item")
    if items.get("failed"):
        yield f"{items['failed']} failed"


def _kept_from(end: datetime, attempts: Sequence[Mapping[str, Any]]) -> str:
    """Of an attempt that did not fail, but waited, nothing tells the number."""
    for attempt in attempts:
        began = attempt["started_at"]
        if began is not None and at_utc(began) <= end <= at_utc(attempt["ended_at"]):
            return f"kept from attempt {attempt['attempt']}"
    return "kept"


def _attempt_row(attempt: Mapping[str, Any]) -> AttemptRow:
    run = f"run {attempt['run_number']}, " if attempt["run_number"] > 1 else ""
    place = f" in {attempt['node']}" if attempt["node"] else ""
    error = attempt["error"]
    why = f": {error['type']}: {error['message']}" if error else ""
    begin = at_utc(attempt["started_at"]) if attempt["started_at"] else None
    told = plain(f"{run}attempt {attempt['attempt']} {attempt['outcome']}{place}{why}")
    return AttemptRow(begin, at_utc(attempt["ended_at"]), told)
