"""I4: every failed event is listed, no good one failed, and none is cancelled that nobody cancelled."""

from chaos.evidence import Evidence
from chaos.findings import Finding
from chaos.invariants.finding import found


def check_failed(evidence: Evidence) -> list[Finding]:
    """Good events that failed, poison that did not, failed events that the API hides, others that it lists."""
    intents = evidence.history.intents
    poison = {event.id for event in evidence.events if event.parent is None and intents[event.intent].poison}
    current = [result for result in evidence.results if not result.past]
    failed = {result.event_id for result in current if result.state == "failed"}
    succeeded = {result.event_id for result in current if result.state == "succeeded"}
    cancelled = [result.event_id for result in evidence.results if result.state == "cancelled"]
    return [
        *found("I4", "a good event failed", failed - poison),
        *found("I4", "cancelled, though nobody asked for it", cancelled),
        *found("I4", "an event succeeded whose node always fails", succeeded & poison),
        *found("I4", "a failed event is not listed", failed - evidence.listed_failed),
        *found("I4", "listed as failed, and is not", evidence.listed_failed - failed),
    ]
