"""I1: every accepted event is finished, and what succeeded has the right output."""

from chaos.app import LAST_NODES
from chaos.evidence import Evidence
from chaos.findings import Finding
from chaos.invariants.finding import found


def check_finished(evidence: Evidence) -> list[Finding]:
    """Accepted ids without an event, events without a result, results that are not what the nodes compute."""
    accepted = {event_id for ids in evidence.history.accepted().values() for event_id in ids}
    stored = {event.id: event for event in evidence.events}
    current = {result.event_id: result for result in evidence.results if not result.past}
    wrong = [
        event_id
        for event_id, result in current.items()
        if result.state == "succeeded"
        and (last := LAST_NODES.get(stored[event_id].type)) is not None
        and result.nodes.get(last) != stored[event_id].intent
    ]
    return [
        *found("I1", "accepted, and not stored", accepted - stored.keys()),
        *found("I1", "stored, and not finished", stored.keys() - current.keys()),
        *found("I1", "succeeded with another output than its nodes compute", wrong),
    ]
