"""An installation's status as JSON: what `headrace status --json` prints, and what is shown to people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from headrace.cli.showing.advice import advice_on
from headrace.domain.states import Reason

if TYPE_CHECKING:
    from headrace.bootstrap import Status
    from headrace.flow.read.overview import Overview
    from headrace.store.overview import ProcessView, RunGroup
    from headrace.store.pausing import PausedTarget

#: Reasons for which runs wait until something is deployed.
PARKED = (Reason.NO_PIPELINE, Reason.SCHEMA_MISMATCH, Reason.NEWER_RELEASE)

#: An installation's status, as `situation_of` makes it.
Situation = Mapping[str, Any]


def situation_of(status: "Status") -> Situation:
    """Of what was found; without a database, there is only what Redis says."""
    redis = {"ok": status.redis.answers, "detail": status.redis.problem or "answers"}
    found: dict[str, Any] = {
        "database": {"ok": status.problem is None, "detail": status.problem or "writable"},
        "redis": {**redis, "waiting_messages": dict(status.redis.lengths)},
    }
    if status.overview is not None:
        found = {**found, **_inside(status.overview)}
        found["database"] |= _server(status.overview)
    return {**found, "advice": advice_on(found)}


def _inside(overview: "Overview") -> dict[str, Any]:
    runs = overview.runs
    sums = {state: overview.sums.get(state, 0) for state in ("accepted", "succeeded", "failed", "cancelled")}
    return {
        "ledger": {**sums, "unfinished": sum(group.count for group in runs)},
        "unfinished": _by_state(runs),
        "oldest_due": _oldest_due(runs),
        "parked": [
            {"type": group.type, "reason": group.reason, "count": group.count}
            for group in runs
            if group.reason in PARKED
        ],
        "retries_within_an_hour": sum(group.retries_soon for group in runs),
        "paused": [_pause(each) for each in overview.paused],
        "processes": [_process(each) for each in overview.processes],
        "leader": asdict(overview.leader) if overview.leader else None,
    }


def _server(overview: "Overview") -> dict[str, Any]:
    return {
        "version": overview.server.version,
        "revision": overview.server.revision,
        "connections": overview.use.connections,
        "connections_allowed": overview.server.connections,
        "partition_days": round(overview.use.partition_days, 1),
        "default_rows": overview.use.default_rows,
    }


def _by_state(runs: Sequence["RunGroup"]) -> list[dict[str, Any]]:
    counts: Counter[tuple[str, str | None]] = Counter()
    oldest: dict[tuple[str, str | None], float] = {}
    for group in runs:
        key = (group.state, group.reason)
        counts[key] += group.count
        oldest[key] = max(oldest.get(key, 0.0), group.oldest_seconds)
    return [
        {"state": state, "reason": reason, "count": count, "oldest_seconds": round(oldest[state, reason], 1)}
        for (state, reason), count in counts.items()
    ]


def _oldest_due(runs: Sequence["RunGroup"]) -> list[dict[str, Any]]:
    """By type, the oldest first."""
    due: Counter[str] = Counter()
    oldest: dict[str, float] = {}
    for group in runs:
        if group.due:
            due[group.type] += group.due
            oldest[group.type] = max(oldest.get(group.type, 0.0), group.oldest_due_seconds)
    found = [{"type": type_, "count": due[type_], "seconds": round(oldest[type_], 1)} for type_ in due]
    return sorted(found, key=lambda each: -oldest[str(each["type"])])


def _pause(paused: "PausedTarget") -> dict[str, Any]:
    target = paused.target
    return {"scope": target.scope, "name": target.name, "since": paused.since.isoformat(), "actor": paused.actor}


def _process(process: "ProcessView") -> dict[str, Any]:
    shown = asdict(process)
    return {**shown, "id": str(process.id)}
