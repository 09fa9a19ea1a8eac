"""I8: the ledger adds up, and everybody tells the same of it."""

from collections.abc import Mapping

from chaos.evidence import Evidence, Ledger
from chaos.findings import Finding
from chaos.invariants.finding import found

#: What there is a count of.
FINISHED = ("succeeded", "failed", "cancelled")


def check_ledger(evidence: Evidence) -> list[Finding]:
    """Counts that differ, events in no place or in two."""
    ledger = evidence.ledger
    counted = {name: ledger.counted.get(name, 0) for name in ("accepted", "unfinished", *FINISHED)}
    finished = sum(counted[name] for name in FINISHED)
    findings = [
        *found("I8", "an event with a run and a result", ledger.both),
        *found("I8", "an event with neither a run nor a result", ledger.neither),
        *found("I8", "a run or a result of no event", ledger.strangers),
    ]
    if counted["accepted"] != counted["unfinished"] + finished:
        findings.append(Finding("I8", f"the rows do not add up: {counted}"))
    # Of what was erased no row is left: only the ledger can say how much that is.
    erased = ledger.tallied.get("erased", 0)
    return [*findings, *_differing({**counted, "accepted": counted["accepted"] + erased, "erased": erased}, ledger)]


def _differing(counted: Mapping[str, int], ledger: Ledger) -> list[Finding]:
    tallied = {name: ledger.tallied.get(name, 0) for name in ("accepted", *FINISHED, "erased")}
    told = {"the tallies say": tallied, **{f"{where} says": figures for where, figures in ledger.told.items()}}
    return [
        Finding("I8", f"the rows say {counted[name]} {name}, {who} {figures.get(name)}")
        for who, figures in told.items()
        for name in counted
        if name in figures and figures[name] != counted[name]
    ]
