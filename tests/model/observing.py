"""What the database holds, in the words of the model."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from headrace.domain.event import Losses
from headrace.domain.states import EventState
from headrace.store.pausing import Scope, Target
from tests.model.life import Due, Event, Lease
from tests.support.storage import Storage

#: Events with their runs or their results, and what is kept of earlier attempts and runs.
_EVENTS = """
SELECT e.id, r.event_id IS NOT NULL, s.event_id IS NOT NULL, nullif(r.rank, 'infinity'),
       e.type, coalesce(r.state, s.state), coalesce(r.reason, s.reason),
       CASE WHEN r.rank <= now() THEN 'now' WHEN r.rank < 'infinity' THEN 'later' ELSE 'never' END,
       coalesce(r.run_number, s.run_number), coalesce(r.epoch, s.epoch), r.owner, coalesce(r.attempt, s.attempt),
       coalesce(r.losses, 0), coalesce(r.solo_losses, 0), coalesce(r.unseen_losses, 0), r.schema_hash,
       coalesce(r.format, 1), e.task,
       (SELECT json_agg(json_build_array(run_number, attempt, outcome)) FROM headrace.attempts WHERE event_id = e.id),
       (SELECT json_agg(json_build_array(run_number, epoch, state) ORDER BY run_number)
        FROM headrace.past_results WHERE event_id = e.id),
       (SELECT json_agg(json_build_array(epoch, node)) FROM headrace.checkpoints WHERE event_id = e.id)
FROM headrace.events e LEFT JOIN headrace.runs r ON r.event_id = e.id LEFT JOIN headrace.results s ON s.event_id = e.id
"""

_LEASES = """
SELECT id, role, expires > now(), death_seen, swept IS NOT NULL, coalesce(swept <= now() - interval '60 s', false)
FROM headrace.workers
"""

_LEDGER = "SELECT state, sum(delta)::bigint FROM headrace.tallies GROUP BY state"

#: Nobody would ever take these away.
_ORPHANS = """
SELECT event_id FROM headrace.waits w WHERE NOT EXISTS (SELECT FROM headrace.runs r WHERE r.event_id = w.event_id)
UNION ALL
SELECT event_id
FROM (
    SELECT event_id FROM headrace.attempts UNION ALL SELECT event_id FROM headrace.checkpoints
    UNION ALL SELECT event_id FROM headrace.past_results UNION ALL SELECT event_id FROM headrace.results
) AS kept
WHERE NOT EXISTS (SELECT FROM headrace.events e WHERE e.id = kept.event_id)
"""


@dataclass(frozen=True, slots=True)
class Observed:
    """Every event, and the order in which runs are due."""

    events: Mapping[UUID, Event]
    ranks: Mapping[UUID, datetime]


def observed(storage: Storage) -> Observed:
    """What the store holds of events. Each has either a run or a result."""
    events, ranks = {}, {}
    for event_id, has_run, has_result, rank, *columns in storage.rows(_EVENTS):
        assert has_run != has_result, f"{event_id}: run {has_run}, result {has_result}"
        events[event_id] = _event(*columns)
        if has_run and events[event_id].due is not Due.NEVER:
            ranks[event_id] = rank
    return Observed(events, ranks)


def _event(*columns: Any) -> Event:
    """From the columns behind `rank`."""
    type_, state, reason, due, number, epoch, owner, attempt, *rest = columns
    total, solo, unseen, schema_hash, format_, task, attempts, past, outputs = rest
    return Event(
        type_, EventState(state), reason, Due(due), number, epoch, owner, attempt, Losses(total, solo, unseen),
        schema_hash, format_, task,
        attempts=frozenset(tuple(row) for row in attempts or ()),
        past=tuple(tuple(row) for row in past or ()),
        outputs=frozenset(tuple(row) for row in outputs or ()),
    )  # fmt: skip


def observed_leases(storage: Storage) -> dict[UUID, Lease]:
    """Every worker's row."""
    return {row[0]: Lease(*row[1:]) for row in storage.rows(_LEASES)}


def observed_asked(storage: Storage) -> dict[UUID, int]:
    """The runs that are to end."""
    return {row[0]: row[1] for row in storage.rows("SELECT event_id, run_number FROM headrace.cancellations")}


def observed_paused(storage: Storage) -> set[Target]:
    return {Target(Scope(scope), name) for scope, name in storage.rows("SELECT scope, name FROM headrace.paused")}


def observed_ledger(storage: Storage) -> dict[str, int]:
    """The sums of the tallies."""
    return {row[0]: row[1] for row in storage.rows(_LEDGER)}


def orphans(storage: Storage) -> list[UUID]:
    """Events of which pauses are left though their runs are over, or anything though they are gone."""
    return [row[0] for row in storage.rows(_ORPHANS)]
