"""Endings of webhooks as a run without fault leaves them, and changes of them."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from headrace.demo.evidence import Ending
from headrace.demo.expected import expected_nodes
from headrace.demo.kill import Kill
from headrace.demo.webhooks import Webhook, recorded_webhooks

#: What the API says of an attempt whose worker process was killed.
LOST = {"run_number": 1, "attempt": 1, "outcome": "lost"}


def good_endings(count: int) -> list[Ending]:
    """The first webhooks, each with its result; all lost their first attempt."""
    return [_good_ending(number, webhook) for number, webhook in enumerate(recorded_webhooks()[:count])]


def kill_of(endings: list[Ending]) -> Kill:
    """The end of a process that held all of these."""
    return Kill(process_id=1, held=frozenset(ending.event_id for ending in endings))


def changed(ending: Ending, **members: Any) -> Ending:
    """The ending with other members of the API's answer."""
    return replace(ending, event={**ending.event, **members})


def _good_ending(number: int, webhook: Webhook) -> Ending:
    nodes = expected_nodes(webhook)
    event = {
        "state": "succeeded",
        "reason": None,
        "error": None,
        "data": webhook.event,
        "task_context": {"nodes": nodes, "metadata": {"nodes": {name: {"attempts": 1} for name in nodes}}},
        "attempt": 2,
        "attempts": [LOST],
        "created_at": "2026-01-01T00:00:00Z",
        "finished_at": f"2026-01-01T00:00:{number + 1:02}Z",
    }
    return Ending(webhook, UUID(int=number), event, webhook.body)
