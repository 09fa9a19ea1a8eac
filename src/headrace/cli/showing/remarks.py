"""What nodes said while they ran: notes and log lines, by node, in the order of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headrace.cli.showing.words import at_utc, compact, plain
from headrace.domain.nodes import node_name

#: Of each node, so many of the newest remarks are shown unless all are asked for.
MOST_REMARKS = 5


@dataclass(frozen=True, slots=True)
class Remark:
    """`level` is that of a log line, or `note`."""

    at: datetime
    node: str
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Remarks:
    """Of one event: `dropped` counts the log lines that were not kept."""

    by_node: Mapping[str, Sequence[Remark]]
    dropped: int


def remarks_of(event: Mapping[str, Any]) -> Remarks:
    """All that is stored of an event, as `GET /events/{id}` answers it."""
    logs = [attempt["lines"] for attempt in event["logs"]]
    lines = [
        Remark(at_utc(line["at"]), node_name(line["node"]), line["level"], plain(line["text"]))
        for kept in logs
        for line in kept["lines"]
    ]
    notes = [
        Remark(at_utc(note["written"]), node_name(note["node"]), "note", _told(note["note"])) for note in event["notes"]
    ]
    by_node: dict[str, list[Remark]] = {}
    for remark in sorted([*lines, *notes], key=lambda remark: remark.at):
        by_node.setdefault(remark.node, []).append(remark)
    return Remarks(by_node, sum(kept["dropped"] for kept in logs))


def _told(note: Mapping[str, Any]) -> str:
    """The message, then the other fields."""
    fields = (f"{name}={compact(value)}" for name, value in note.items() if name != "message")
    return "  ".join((plain(str(note["message"])), *fields))
