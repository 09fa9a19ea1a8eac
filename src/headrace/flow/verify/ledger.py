"""What a census says of the ledger: arithmetic alone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from headrace.domain.faults import Fault
from headrace.store.verifying import Census


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the tables hold, counted row by row. Without a fault, accepted = unfinished + the four others.

    Of erased events no row is left: `erased` is what the ledger says, and `accepted` counts them with it.
    """

    accepted: int
    unfinished: int
    succeeded: int
    failed: int
    cancelled: int
    erased: int


def count(census: Census, sums: Mapping[str, int]) -> Ledger:
    """The ledger that the rows themselves make, with the erased events of the ledger's sums."""
    finished = {state: census.finished.get(state, 0) for state in ("succeeded", "failed", "cancelled")}
    erased = sums.get("erased", 0)
    return Ledger(census.events + erased, census.unfinished, **finished, erased=erased)


def lacking(ledger: Ledger, sums: Mapping[str, int]) -> dict[str, int]:
    """By state, what has to be added to the ledger's sums for them to be what the tables hold."""
    held = asdict(ledger)
    del held["unfinished"]
    missing = {state: held.get(state, 0) - sums.get(state, 0) for state in {**held, **sums}}
    return {state: number for state, number in missing.items() if number}


def shown_faults(census: Census) -> list[Fault]:
    """The faults of which the census counted at least one."""
    counted = {
        Fault.EVENT_LOST: census.lost,
        Fault.EVENT_TWICE: census.twice,
        Fault.RUN_WITHOUT_EVENT: census.runs_without_event,
        Fault.RESULT_WITHOUT_EVENT: census.results_without_event,
    }
    return [fault for fault, number in counted.items() if number]
