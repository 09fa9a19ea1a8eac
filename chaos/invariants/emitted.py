"""I1 and I3 of events that nodes emit: each is stored once, with the result of the run that emitted it."""

from collections import Counter

import orjson

from chaos.evidence import Evidence
from chaos.findings import Finding
from chaos.invariants.finding import found


def check_emitted(evidence: Evidence) -> list[Finding]:
    """Parents that succeeded and have no child, that have two, children of those that should have none."""
    children = Counter(event.parent for event in evidence.events if event.parent is not None)
    succeeded = {result.event_id for result in evidence.results if result.state == "succeeded"}
    parents = {event.id for event in evidence.events if event.parent is None and _emits(evidence, event.intent)}
    return [
        *found("I1", "succeeded, and what it emitted is not stored", (parents & succeeded) - children.keys()),
        *found("I3", "what was emitted is stored twice", (of for of, count in children.items() if count > 1)),
        *found("I3", "stored as emitted, and was not", children.keys() - (parents & succeeded)),
    ]


def _emits(evidence: Evidence, intent: str) -> bool:
    body = orjson.loads(evidence.history.intents[intent].body)
    return body.get("type") == "order" and bool(body.get("parent"))
