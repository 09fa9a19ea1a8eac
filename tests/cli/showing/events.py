"""Events as the API answers them."""

from datetime import UTC, datetime, timedelta
from typing import Any

_BEGIN = datetime(2026, 11, 25, 18, tzinfo=UTC)

EVENT_ID = "01a20ab1-0140-7255-9087-0ef8d34e3fa5"


def at(seconds: float) -> str:
    """A time, so many seconds after 18:00."""
    return (_BEGIN + timedelta(seconds=seconds)).isoformat()


def node(state: str, begin: float, end: float | None = None, **others: Any) -> dict[str, Any]:
    """What is stored of a node."""
    times = {"started_at": at(begin)} if end is None else {"started_at": at(begin), "finished_at": at(end)}
    return {"state": state, **times, **others}


def attempt(number: int, begin: float, end: float, **others: Any) -> dict[str, Any]:
    """An attempt that came to nothing."""
    error = {"type": "TimeoutError", "message": "no answer", "code": "node-failed", "frames": []}
    return {
        "run_number": 1,
        "attempt": number,
        "outcome": "failed",
        "node": "reply",
        "error": error,
        "started_at": at(begin),
        "ended_at": at(end),
        "release": None,
        **others,
    }


def log_line(node: str, seconds: float, text: str, level: str = "info") -> dict[str, Any]:
    return {"at": at(seconds), "node": node, "level": level, "text": text}


def note(node: str, seconds: float, **note: Any) -> dict[str, Any]:
    return {"written": at(seconds), "attempt": 1, "node": node, "note": note}


def logs(*lines: dict[str, Any], dropped: int = 0) -> list[dict[str, Any]]:
    """The lines of a first attempt."""
    return [{"run_number": 1, "attempt": 1, "lines": {"lines": list(lines), "dropped": dropped}}]


def context(nodes: dict[str, Any], begin: float = 0.0, **outputs: Any) -> dict[str, Any]:
    """What a run of the pipeline `tickets` stored."""
    metadata = {"pipeline": "tickets", "version": "1", "started_at": at(begin), "nodes": nodes}
    return {"event": {"type": "ticket.opened"}, "nodes": outputs, "metadata": metadata}


def event(**members: Any) -> dict[str, Any]:
    """An event of which nothing came yet, but for these members."""
    return {
        "id": EVENT_ID,
        "type": "ticket.opened",
        "state": "queued",
        "reason": None,
        "since": at(0),
        "source": None,
        "subject": None,
        "parent_id": None,
        "data": {"type": "ticket.opened", "subject": "no light"},
        "task_context": None,
        "attempt": 0,
        "attempts": [],
        "created_at": at(0),
        "deliver_at": None,
        "finished_at": None,
        "error": None,
        "release": None,
        "children": [],
        "waits": [],
        "checkpoints": [],
        "notes": [],
        "logs": [],
        "past_results": [],
        "cancellations": [],
        **members,
    }
