"""I7: once everything is healed, no work remains in time."""

from chaos.evidence import Evidence
from chaos.findings import Finding


def check_quiet(evidence: Evidence) -> list[Finding]:
    """The runs that remained."""
    if evidence.quiet_seconds is not None:
        return []
    ids = [f"{run.event_id} ({run.state}{f', {run.reason}' if run.reason else ''})" for run in evidence.runs]
    return [Finding("I7", "work remains long after the healing", ids)]
