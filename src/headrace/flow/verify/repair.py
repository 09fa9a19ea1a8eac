"""Putting right what `verify` found, where that is safe: whatever is repaired is audited, the rest is refused."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from headrace.domain.faults import Fault
from headrace.flow.verify.ledger import count, lacking
from headrace.flow.verify.verify import NAMED, OVERDUE_SECONDS, Finding, verify
from headrace.store.audit import write_audit
from headrace.store.database import Connection, Database
from headrace.store.repairing import (
    clear_left_overs,
    correct_tallies,
    drop_runs,
    give_runs,
    keep_other_repairs_away,
)
from headrace.store.tallies import sum_tallies
from headrace.store.verifying import find, see_one_moment, take_census

#: Events of one fault that one repair sees to; another repair goes on.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Repair:
    """What became of a fault: `done` tells what was put right, or would be; `refused` counts what was left, and
    `reason` says why.
    """

    fault: Fault
    done: tuple[str, ...]
    refused: int
    reason: str | None


async def repair(connection: Connection, database: Database, actor: str, *, dry_run: bool) -> list[Repair]:
    """Examine all that is stored, put right what can be, and look what is left; with `dry_run` it is undone at once.

    A transaction for each fault, with a row in `audit`.
    """
    verdict = await verify(connection, database)
    repairs = [await _repair(connection, database, finding, actor, dry_run=dry_run) for finding in verdict.findings]
    if dry_run or not any(each.done for each in repairs):
        return repairs
    left = {finding.fault: finding for finding in (await verify(connection, database)).findings}
    seen = {each.fault for each in repairs}
    appeared = [Repair(fault, (), 0, None) for fault in left if fault not in seen]
    return [_with_rest(each, left.get(each.fault)) for each in (*repairs, *appeared)]


def _with_rest(repair: Repair, left: Finding | None) -> Repair:
    """What became of a fault, with what is left of it now that the others were repaired as well."""
    if left is None:
        return replace(repair, refused=0, reason=None)
    return replace(repair, refused=left.count, reason=_REASONS.get(left.fault, left.remedy))


async def _repair(connection: Connection, database: Database, finding: Finding, actor: str, *, dry_run: bool) -> Repair:
    if finding.fault not in _WAYS:
        return Repair(finding.fault, (), finding.count, finding.remedy)
    async with connection.transaction(force_rollback=dry_run):
        done = await _WAYS[finding.fault](connection, database)
        if done:
            detail = {"fault": finding.fault, "count": len(done), "first": done[:NAMED]}
            await write_audit(connection, database, actor, "repair", detail)
    refused = max(0, finding.count - len(done))
    return Repair(finding.fault, tuple(done), refused, _REASONS.get(finding.fault) if refused else None)


async def _give_runs(connection: Connection, database: Database) -> Sequence[str]:
    ids = await _places(connection, database, Fault.EVENT_LOST)
    return [str(event_id) for event_id in await give_runs(connection, database, ids)]


async def _drop_runs(connection: Connection, database: Database) -> Sequence[str]:
    ids = await _places(connection, database, Fault.EVENT_TWICE)
    return [str(event_id) for event_id in await drop_runs(connection, database, ids)]


async def _correct_tallies(connection: Connection, database: Database) -> Sequence[str]:
    """What others write meanwhile brings its own rows, so that a difference of one moment stays right."""
    await keep_other_repairs_away(connection, database)
    await see_one_moment(connection)
    sums = await sum_tallies(connection, database)
    missing = lacking(count(await take_census(connection, database), sums), sums)
    await correct_tallies(connection, database, missing)
    return [f"{state} {number:+}" for state, number in missing.items()]


async def _places(connection: Connection, database: Database, fault: Fault) -> list[UUID]:
    found = await find(connection, database, fault, OVERDUE_SECONDS, MOST)
    return [UUID(place) for place in found.first]


#: The faults that can be put right: each returns what it did, one text for each event, state or place.
_WAYS: Mapping[Fault, Callable[[Connection, Database], Awaitable[Sequence[str]]]] = {
    Fault.EVENT_LOST: _give_runs,
    Fault.EVENT_TWICE: _drop_runs,
    Fault.TALLY_WRONG: _correct_tallies,
    Fault.LEFT_OVER: clear_left_overs,
}

#: Why some of a fault may be left.
_REASONS: Mapping[Fault, str] = {
    Fault.EVENT_LOST: f"One repair sees to {MOST:,} events. Type `headrace repair` again.",
    Fault.EVENT_TWICE: "A worker holds these runs, or their numbers are not those of the results. "
    "Type `headrace verify` again when the workers are through with them.",
    Fault.TALLY_WRONG: "Another repair put the sums right meanwhile.",
}
