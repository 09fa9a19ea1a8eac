"""Finished events for tests of what is made of them."""

from datetime import UTC, datetime
from typing import Any

from headrace.domain.contexts import dump
from headrace.domain.ids import new_id
from headrace.domain.making import FinishedEvent

MOMENT = datetime(2026, 11, 12, 10, 0, tzinfo=UTC)


def finished(**further: Any) -> FinishedEvent:
    """A finished event; `outputs`, `marks` and `error` are decoded JSON, all else as a FinishedEvent has it."""
    outputs, marks = further.pop("outputs", {}), further.pop("marks", None)
    error = further.pop("error", None)
    metadata = {} if marks is None else {"search": marks}
    fields: dict[str, Any] = {
        "event_id": new_id(MOMENT),
        "waiting_version": 2,
        "run_number": 1,
        "tenant": "acme",
        "type": "order.paid",
        "source": None,
        "subject": None,
        "key": None,
        "body": b"",
        "state": "succeeded",
        "reason": None,
        "node": None,
        "attempts": 1,
        "task_context": dump({"beyond_body": {}, "nodes": outputs, "metadata": metadata}).decode(),
        "error": None if error is None else dump(error).decode(),
        "started_at": MOMENT,
        "finished_at": MOMENT,
        "release": None,
    }
    return FinishedEvent(**fields | further)
