"""I9: connections, descriptors and memory come back.

The baseline is taken at rest, after a warm-up under the campaign's own load with a burst in it. At rest again, of the
processes of each role the one that has the most descriptors, or the most memory, may have a tenth more than the one
that had the most at the baseline. Processes that were started anew count like those that live on. The connections of
all processes together may be a tenth more, or as many as the living processes announce as the most that they ever
open: for ten minutes a pool keeps what a busy moment opened. Below the allowances, growth is no more than noise.
"""

from chaos.evidence import Evidence
from chaos.findings import Finding
from chaos.measures import Measures

#: By how much a figure may grow.
SHARE = 0.10

#: What it may grow by in any case: connections, descriptors, bytes.
CONNECTIONS, DESCRIPTORS, MEMORY_BYTES = 3, 5, 16 * 2**20


def check_resources(evidence: Evidence) -> list[Finding]:
    """What grew beyond its share."""
    return grown(evidence.baseline, evidence.measures)


def grown(before: Measures, after: Measures) -> list[Finding]:
    """The same of two measurements."""
    findings = []
    if _grew(before.connections, after.connections, CONNECTIONS) and after.connections > after.announced:
        told = f"{before.connections} before, {after.connections} after, and {after.announced} are announced"
        findings.append(Finding("I9", f"connections: {told}"))
    for role, count in after.descriptors.items():
        if role in before.descriptors and _grew(before.descriptors[role], count, DESCRIPTORS):
            findings.append(
                Finding("I9", f"descriptors of one {role}: {before.descriptors[role]} before, {count} after")
            )
    for role, size in after.memory_bytes.items():
        if role in before.memory_bytes and _grew(before.memory_bytes[role], size, MEMORY_BYTES):
            findings.append(Finding("I9", f"bytes of one {role}: {before.memory_bytes[role]} before, {size} after"))
    return findings


def _grew(before: int, after: int, allowance: int) -> bool:
    return after > before + max(allowance, SHARE * before)
