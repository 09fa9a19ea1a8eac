"""The ledger and the lives of runs, examined in one snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass

from headrace.domain.faults import Fault
from headrace.flow.verify.ledger import Ledger, count, lacking, shown_faults
from headrace.flow.verify.words import WORDS
from headrace.store.database import Connection, Database
from headrace.store.tallies import sum_tallies
from headrace.store.verifying import find, see_one_moment, take_census

#: What should pass at once (a due run, a lease that is over) is a fault after so many seconds.
OVERDUE_SECONDS = 60.0

#: Places that are named of each fault.
NAMED = 20

#: The faults that no census shows.
_OTHERS = (
    Fault.RUN_NUMBERS_WRONG,
    Fault.OWNER_UNKNOWN,
    Fault.LEASE_OVER,
    Fault.OVERDUE,
    Fault.NEVER_WOKEN,
    Fault.SCHEDULE_OVERDUE,
    Fault.IN_DEFAULT_PARTITION,
    Fault.KEY_WITHOUT_EVENT,
    Fault.LEFT_OVER,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault that is there: how often, and the first places: ids of events, or a table or state with its figures."""

    fault: Fault
    count: int
    first: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What is wrong."""
        return WORDS[self.fault].problem

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return WORDS[self.fault].remedy


@dataclass(frozen=True, slots=True)
class Verdict:
    """The ledger as it is, and every fault that was found."""

    ledger: Ledger
    findings: tuple[Finding, ...]


async def verify(connection: Connection, database: Database, overdue_seconds: float = OVERDUE_SECONDS) -> Verdict:
    """Examine all that is stored, at one moment. Reads whole tables, changes nothing and blocks nobody."""
    async with connection.transaction():
        await see_one_moment(connection)
        census, sums = await take_census(connection, database), await sum_tallies(connection, database)
        ledger = count(census, sums)
        findings = _wrong_sums(ledger, sums)
        for fault in (*shown_faults(census), *_OTHERS):
            found = await find(connection, database, fault, overdue_seconds, NAMED)
            if found.count:
                findings.append(Finding(fault, found.count, found.first))
    return Verdict(ledger, tuple(findings))


def _wrong_sums(ledger: Ledger, sums: Mapping[str, int]) -> list[Finding]:
    wrong = [
        f"{state}: {sums.get(state, 0)} in the ledger, {sums.get(state, 0) + number} in the tables"
        for state, number in lacking(ledger, sums).items()
    ]
    return [Finding(Fault.TALLY_WRONG, len(wrong), tuple(wrong))] if wrong else []
