"""What must be true of every round, whatever was broken in it: each a pure function of the evidence."""

from collections.abc import Callable, Sequence

from chaos.evidence import Evidence
from chaos.findings import Finding
from chaos.invariants.answers import check_answers
from chaos.invariants.copy import check_copy
from chaos.invariants.emitted import check_emitted
from chaos.invariants.failed import check_failed
from chaos.invariants.finished import check_finished
from chaos.invariants.ledger import check_ledger
from chaos.invariants.once import check_once
from chaos.invariants.quiet import check_quiet
from chaos.invariants.resources import check_resources
from chaos.invariants.unknown import check_unknown

#: I1 to I9.
INVARIANTS: Sequence[Callable[[Evidence], list[Finding]]] = (
    check_finished,
    check_unknown,
    check_once,
    check_emitted,
    check_failed,
    check_copy,
    check_answers,
    check_quiet,
    check_ledger,
    check_resources,
)


def breaches(evidence: Evidence) -> list[Finding]:
    """Every breach of every invariant."""
    return [finding for check in INVARIANTS for finding in check(evidence)]
