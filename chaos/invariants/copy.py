"""I5: the search copy has each finished event once, under its id, at its version, in time; and nothing else."""

from collections import Counter

from chaos.evidence import Evidence
from chaos.findings import Finding
from chaos.invariants.finding import found

#: In so many seconds the copy must be whole, once everything is healed and nothing more is finished.
COPIED_SECONDS = 60.0


def check_copy(evidence: Evidence) -> list[Finding]:
    """What is missing in the copy, what is there twice, at another version, or is no finished event's."""
    copy = evidence.copy
    versions, held = dict(copy.finished), dict(copy.held)
    times = Counter(event_id for event_id, _ in copy.held)
    differing = (event_id for event_id in versions.keys() & held.keys() if versions[event_id] != held[event_id])
    findings = [
        *found("I5", "finished, and not in the search copy", versions.keys() - held.keys()),
        *found("I5", "in the search copy, and not finished", held.keys() - versions.keys()),
        *found("I5", "more than once in the search copy", (event_id for event_id, count in times.items() if count > 1)),
        *found("I5", "at another version in the search copy", differing),
    ]
    if not findings and evidence.quiet_seconds is not None and copy.seconds > evidence.quiet_seconds + COPIED_SECONDS:
        return [Finding("I5", f"the search copy was whole {copy.seconds:.0f} s after the healing")]
    return findings
